//! Background maintenance: refreshes the cache, records last-seen times, keeps room in
//! reserve, and reports log lines that were left out. Two threads: a disk that holds up the second one must not hold up
//! the first, on which `token_ttl` depends.

use crate::authenticator::Authenticator;
use crate::worker::{Stop, Worker};
use crate::{clock, log_limit};
use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// The longest time between two attempts to refresh, after one that failed.
const RETRY: Duration = Duration::from_secs(1);

/// The longest time to wait without a look at the clock.
const PIECE: Duration = Duration::from_millis(250);

/// How often last-seen times are recorded.
const RECORD_EVERY: Duration = Duration::from_secs(10);

/// The running threads. Dropping it records what is left to record.
pub(crate) struct Maintenance {
    _workers: [Worker; 2],
}

impl Maintenance {
    /// Starts them.
    ///
    /// # Errors
    /// When the operating system gives no thread.
    pub(crate) fn start(authenticator: &Arc<Authenticator>) -> io::Result<Self> {
        let (refreshed, recorded) = (authenticator.clone(), authenticator.clone());
        let liveness = authenticator.cache().store().liveness();
        let refresh = Worker::start("refresh", liveness, move |stop| refresh(&refreshed, stop))?;
        let record = Worker::start("last-seen", liveness, move |stop| record(&recorded, stop))?;
        Ok(Self { _workers: [refresh, record] })
    }
}

fn refresh(authenticator: &Authenticator, stop: &Stop) {
    // Well before the trust in the last refresh ends, so that requests never see its end.
    let every = authenticator.cache().ttl() / 2;
    let retry = RETRY.min(every / 2).max(Duration::from_millis(10));
    let (mut wait, mut last) = (every, Instant::now());
    // In short pieces: a process that stood still has waited, but its timers don't count that.
    while !stop.is_set_within(wait.saturating_sub(last.elapsed()).min(PIECE)) {
        if last.elapsed() < wait {
            continue;
        }
        last = Instant::now();
        wait = match authenticator.cache().refresh_fully() {
            Ok(()) => {
                tracing::debug!(tokens = authenticator.cache().len(), "refreshed");
                every
            }
            Err(error) => {
                tracing::error!(%error, "can't refresh");
                retry
            }
        };
    }
}

fn record(authenticator: &Authenticator, stop: &Stop) {
    let (mut stopping, mut recorded) = (false, Instant::now());
    while !stopping {
        stopping = stop.is_set_within(Duration::from_secs(1));
        log_limit::report();
        if !stopping && recorded.elapsed() < RECORD_EVERY {
            continue;
        }
        recorded = Instant::now();
        if let Err(error) = authenticator.cache().flush_last_seen(clock::now()) {
            tracing::error!(%error, "can't record last-seen times; trying again");
        }
        authenticator.cache().store().state().make_reserve();
    }
    log_limit::report_all();
}
