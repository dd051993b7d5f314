//! The thread that writes the log: the only one that ever waits for it. It counts lines that
//! it can't write, and logs their number once it can.

use super::destination::Destination;
use super::line;
use super::queue::{Counts, Message, Queue};
use crate::args::LogFormat;
use anyhow::Context as _;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

/// The least time between two reports of lost lines.
const ROUND: Duration = Duration::from_secs(1);

pub(super) struct Writer {
    messages: Receiver<Message>,
    counts: Arc<Counts>,
    destination: Destination,
    format: LogFormat,
    /// Whether the last line was written. If not, a report of lost lines would be lost too.
    works: bool,
    /// How many lost lines were last reported, and when.
    reported: (u64, Instant),
}

impl Writer {
    /// Starts the thread; returns the queue that it reads.
    ///
    /// # Errors
    /// When the thread can't be started.
    pub(super) fn start(destination: Destination, format: LogFormat) -> anyhow::Result<Queue> {
        let (queue, messages, counts) = Queue::new();
        let writer = Self { messages, counts, destination, format, works: true, reported: (0, Instant::now()) };
        let thread = thread::Builder::new().name("log".into()).spawn(|| writer.run());
        thread.context("can't start the thread that writes the log")?;
        Ok(queue)
    }

    fn run(mut self) {
        loop {
            match self.messages.recv_timeout(ROUND) {
                Ok(Message::Line(line)) => self.write(&line),
                Ok(Message::Reopen) => self.reopen(),
                Ok(Message::Finish(left)) => {
                    self.report();
                    while let Ok(Message::Line(line)) = self.messages.try_recv() {
                        self.write(&line);
                    }
                    drop(left);
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return,
            }
            if self.reported.1.elapsed() >= ROUND {
                self.report();
            }
        }
    }

    fn write(&mut self, line: &[u8]) {
        self.counts.taken(line);
        let shown = line::escaped(&String::from_utf8_lossy(line), self.format);
        self.works = self.destination.write(shown.as_bytes()).is_ok();
        if !self.works {
            self.counts.lose();
        }
    }

    /// Logs how many lines were lost since the start. If the report itself is lost it is
    /// counted, and the next one has the total.
    fn report(&mut self) {
        let lost = self.counts.lost();
        if self.works && lost > self.reported.0 {
            self.reported = (lost, Instant::now());
            tracing::warn!(lost, "log lines were lost since the start: the log can't be written, or not fast enough");
        }
    }

    fn reopen(&mut self) {
        let Some(path) = self.destination.path() else {
            tracing::info!("SIGHUP: the log is on standard error: there is no log file to reopen");
            return;
        };
        let path = path.display().to_string();
        match self.destination.reopen() {
            Ok(()) => tracing::info!(path, "SIGHUP: reopened the log file"),
            Err(error) => {
                tracing::error!("SIGHUP: can't reopen the log file {path} ({error}); still writing to the old one");
            }
        }
    }
}
