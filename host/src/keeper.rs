//! The keeper: a thread that does what must happen without a request.

use crate::authenticator::Authenticator;
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// How often it looks around.
const ROUND: Duration = Duration::from_secs(1);

/// How often last-seen times are written.
const FLUSH: Duration = Duration::from_secs(10);

/// A running keeper. Dropping it writes what is left to write.
pub(crate) struct Keeper {
    stop: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Keeper {
    /// Starts one.
    ///
    /// # Errors
    /// When the operating system gives no thread.
    pub(crate) fn start(service: Arc<Authenticator>) -> std::io::Result<Self> {
        let (stop, stopped) = mpsc::channel();
        let thread = thread::Builder::new().name("keeper".into()).spawn(move || keep(&service, &stopped))?;
        Ok(Self { stop: Some(stop), thread: Some(thread) })
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        drop(self.stop.take());
        if self.thread.take().is_some_and(|it| it.join().is_err()) {
            tracing::error!("the keeper panicked; last-seen times may be missing");
        }
    }
}

fn keep(service: &Authenticator, stopped: &Receiver<()>) {
    // Refreshed well before the trust in the last time runs out, so that requests
    // never see the end of it; rounds are short when that is soon.
    let refresh = service.cache().ttl() / 2;
    let round = ROUND.min(refresh / 2).max(Duration::from_millis(10));
    let (mut refreshed, mut flushed) = (Instant::now(), Instant::now());
    while stopped.recv_timeout(round) == Err(RecvTimeoutError::Timeout) {
        service.cache().store().check_identity();
        if refreshed.elapsed() >= refresh && refresh_cache(service) {
            refreshed = Instant::now();
        }
        if flushed.elapsed() >= FLUSH {
            flush(service);
            flushed = Instant::now();
        }
    }
    flush(service);
}

fn refresh_cache(service: &Authenticator) -> bool {
    match service.cache().refresh_fully() {
        Ok(()) => {
            tracing::debug!(tokens = service.cache().len(), "refreshed");
            true
        }
        Err(error) => {
            tracing::error!(%error, "can't refresh");
            false
        }
    }
}

fn flush(service: &Authenticator) {
    if let Err(error) = service.cache().flush_last_seen() {
        tracing::error!(%error, "can't write last-seen times; trying again");
    }
}
