//! Background threads, restarted after a panic, and the priority of blocking ones.

use rustix::event::{EventfdFlags, PollFd, PollFlags, Timespec, eventfd, poll};
use rustix::io::Errno;
use rustix::process::setpriority_process;
use std::io;
use std::os::fd::{AsFd as _, BorrowedFd, OwnedFd};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// The time between a panic and the restart.
const RESTART_AFTER: Duration = Duration::from_secs(1);

/// A running thread. Dropping it stops the thread and waits for its end.
pub struct Worker {
    stop: Arc<OwnedFd>,
    thread: Option<JoinHandle<()>>,
}

/// Counts the threads of a group that are down.
#[derive(Clone, Default)]
pub struct Liveness(Arc<AtomicUsize>);

impl Liveness {
    /// Whether every thread runs.
    pub(crate) fn all_run(&self) -> bool {
        self.0.load(Relaxed) == 0
    }
}

/// Signals a thread that it must end.
pub struct Stop(Arc<OwnedFd>);

impl Worker {
    /// Runs `work` in a thread, and again whenever it panics, until it returns. It must
    /// return once [`Stop`] is set.
    ///
    /// # Errors
    /// When the operating system refuses a thread or a descriptor.
    pub(crate) fn start(
        name: &'static str,
        liveness: &Liveness,
        work: impl Fn(&Stop) + Send + 'static,
    ) -> io::Result<Self> {
        let stop = Arc::new(eventfd(0, EventfdFlags::CLOEXEC)?);
        let (stopped, Liveness(down)) = (Stop(stop.clone()), liveness.clone());
        let thread = thread::Builder::new().name(name.into()).spawn(move || {
            while catch_unwind(AssertUnwindSafe(|| work(&stopped))).is_err() {
                down.fetch_add(1, Relaxed);
                tracing::error!("the {name} thread panicked and is restarted in {RESTART_AFTER:?}");
                if stopped.is_set_within(RESTART_AFTER) {
                    return;
                }
                down.fetch_sub(1, Relaxed);
            }
        })?;
        Ok(Self { stop, thread: Some(thread) })
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        // A nonzero counter wakes every poll.
        let told = rustix::io::write(&*self.stop, &1_u64.to_ne_bytes());
        if let (Ok(_), Some(thread)) = (told, self.thread.take()) {
            drop(thread.join());
        }
    }
}

impl Stop {
    /// Waits for `timeout`, or until the thread must end: then returns true.
    pub(crate) fn is_set_within(&self, timeout: Duration) -> bool {
        self.or_readable_within(None, timeout)
    }

    /// Like [`Self::is_set_within`], but also returns once `events` can be read.
    pub(crate) fn or_readable_within(&self, events: Option<BorrowedFd<'_>>, timeout: Duration) -> bool {
        let timeout = Timespec::try_from(timeout).ok();
        let mut sources = vec![PollFd::from_borrowed_fd(self.0.as_fd(), PollFlags::IN)];
        sources.extend(events.map(|it| PollFd::from_borrowed_fd(it, PollFlags::IN)));
        match poll(&mut sources, timeout.as_ref()) {
            Ok(_) => !sources[0].revents().is_empty(),
            // A signal ends the wait early, which is harmless.
            Err(Errno::INTR) => false,
            Err(error) => {
                tracing::error!(%error, "can't wait for events");
                thread::sleep(RESTART_AFTER);
                false
            }
        }
    }
}

/// Lowers the priority of this thread: decisions go first where processors are short. On Linux
/// the priority is the thread's (setpriority(2)), and blocking threads do nothing else.
pub(crate) fn give_way() {
    const LOWER: i32 = 10;
    if let Err(error) = setpriority_process(None, LOWER) {
        tracing::debug!(%error, "blocking work runs with the priority of decisions");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc;

    #[test]
    fn a_thread_that_panics_is_down_until_it_is_restarted() {
        let (report, reports) = mpsc::channel();
        let liveness = Liveness::default();
        let worker = Worker::start("test", &liveness, move |stop| {
            report.send(()).unwrap();
            if stop.is_set_within(Duration::from_millis(1)) {
                return;
            }
            panic!("on purpose");
        });
        let _worker = worker.unwrap();
        reports.recv().unwrap();
        while liveness.all_run() {
            thread::yield_now();
        }
        reports.recv_timeout(Duration::from_secs(20)).expect("a second start");
    }
}
