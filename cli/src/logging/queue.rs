//! The queue of log lines between the threads that log and the one that writes. It is bounded
//! in bytes and drops lines when full, so that logging neither waits nor fails.

use std::io::{self, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::sync::mpsc::{self, Receiver, Sender};
use std::time::Duration;
use tracing_subscriber::fmt::MakeWriter;

/// How many bytes can wait to be written. Lines beyond them are lost.
const MAX_WAITING: usize = 1 << 20;

/// How long [`Queue::finish`] waits.
const MAX_WAIT: Duration = Duration::from_secs(1);

/// A request to the writer.
pub(super) enum Message {
    /// Write a line, as tracing has formatted it.
    Line(Vec<u8>),
    /// Reopen the file.
    Reopen,
    /// Write all remaining lines, then drop the sender.
    Finish(Sender<()>),
}

/// The end of the logging threads.
#[derive(Clone)]
pub(super) struct Queue {
    messages: Sender<Message>,
    counts: Arc<Counts>,
}

/// Counters that both ends share.
#[derive(Default)]
pub(super) struct Counts {
    /// Bytes that wait to be written.
    waiting: AtomicUsize,
    /// Lines that were not written.
    lost: AtomicU64,
}

impl Queue {
    pub(super) fn new() -> (Self, Receiver<Message>, Arc<Counts>) {
        let (messages, received) = mpsc::channel();
        let counts = Arc::<Counts>::default();
        (Self { messages, counts: counts.clone() }, received, counts)
    }

    fn push(&self, line: &[u8]) {
        let waiting = self.counts.waiting.fetch_add(line.len(), Relaxed) + line.len();
        if waiting > MAX_WAITING || self.messages.send(Message::Line(line.to_vec())).is_err() {
            self.counts.taken(line);
            self.counts.lose();
        }
    }

    pub(super) fn lost(&self) -> u64 {
        self.counts.lost()
    }

    // If the writer's thread has ended there is no log left to report an error to.
    pub(super) fn reopen(&self) {
        drop(self.messages.send(Message::Reopen));
    }

    pub(super) fn finish(&self) {
        let (left, finished) = mpsc::channel();
        drop(self.messages.send(Message::Finish(left)));
        finished.recv_timeout(MAX_WAIT).unwrap_or_default();
    }
}

impl Counts {
    pub(super) fn taken(&self, line: &[u8]) {
        self.waiting.fetch_sub(line.len(), Relaxed);
    }

    pub(super) fn lose(&self) {
        self.lost.fetch_add(1, Relaxed);
    }

    pub(super) fn lost(&self) -> u64 {
        self.lost.load(Relaxed)
    }
}

/// Tracing writes each event with one call.
impl Write for &Queue {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.push(line);
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Queue {
    type Writer = &'a Self;

    fn make_writer(&'a self) -> &'a Self {
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_beyond_the_bound_are_lost_and_counted() {
        let (queue, received, counts) = Queue::new();
        let line = vec![b'x'; MAX_WAITING / 4];
        (0..7).for_each(|_| queue.push(&line));
        assert_eq!((received.try_iter().count(), counts.lost()), (4, 3));
        (0..4).for_each(|_| counts.taken(&line));
        queue.push(&line);
        assert_eq!((received.try_iter().count(), counts.lost()), (1, 3));
    }

    #[test]
    fn without_a_writer_lines_are_lost_and_nothing_fails() {
        let (queue, received, counts) = Queue::new();
        drop(received);
        queue.push(b"x\n");
        queue.reopen();
        queue.finish();
        assert_eq!(counts.lost(), 1);
    }
}
