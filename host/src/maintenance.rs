//! Background maintenance: one thread refreshes the cache; the other records last-seen
//! times, recreates the reserve, tries whether acts can be stored, and reports log lines that were
//! left out. They are separate
//! because `token_ttl` depends on the refresh, which a slow disk must not delay.

use crate::authenticator::Authenticator;
use crate::worker::{Stop, Worker};
use crate::{clock, log_limit};
use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// The longest time from a failed refresh to the next attempt.
const RETRY: Duration = Duration::from_secs(1);

/// The longest wait before the clock is read again.
const PIECE: Duration = Duration::from_millis(250);

/// How often it is tried whether acts can be stored.
const REHEARSE_EVERY: Duration = Duration::from_secs(5);

/// How often last-seen times are recorded.
const RECORD_EVERY: Duration = Duration::from_secs(10);

/// The running threads. Dropping it stops them and records the last last-seen times.
pub(crate) struct Maintenance {
    _workers: [Worker; 2],
}

impl Maintenance {
    /// Starts both threads.
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
    // Well before the last refresh expires, so that requests never see it expired.
    let every = authenticator.cache().ttl() / 2;
    let retry = RETRY.min(every / 2).max(Duration::from_millis(10));
    let (mut wait, mut last) = (every, Instant::now());
    // In short pieces: a wait doesn't count the time that the process was stopped (SIGSTOP).
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
    let (mut stopping, mut recorded, mut rehearsed) = (false, Instant::now(), Instant::now());
    while !stopping {
        stopping = stop.is_set_within(Duration::from_secs(1));
        log_limit::report();
        if !stopping && rehearsed.elapsed() >= REHEARSE_EVERY {
            authenticator.cache().store().rehearse_act();
            rehearsed = Instant::now();
        }
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
