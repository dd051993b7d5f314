//! Background maintenance: one thread refreshes the cache; another records last-seen times, has
//! the store maintain itself, tries whether acts can be stored, and reports log lines that were
//! left out. They are separate because `token_ttl` depends on the refresh, which a slow disk must
//! not delay. Some stores have a thread of their own, which notices changes.

use crate::authenticator::Authenticator;
use crate::clock::{self, BootTime};
use crate::log_limit;
use crate::store::StoreError;
use crate::worker::{Stop, Worker};
use std::io;
use std::sync::Arc;
use std::time::Duration;

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
    _of_store: Option<Worker>,
}

/// Why maintenance can't start.
#[derive(Debug, thiserror::Error)]
pub(crate) enum MaintenanceError {
    /// The store can't become current.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A thread can't be started.
    #[error(transparent)]
    Thread(#[from] io::Error),
}

impl Maintenance {
    /// Starts the threads.
    ///
    /// # Errors
    /// See [`MaintenanceError`].
    pub(crate) fn start(authenticator: &Arc<Authenticator>) -> Result<Self, MaintenanceError> {
        let [current, refreshed, recorded] = [authenticator; 3].map(Arc::clone);
        let store = authenticator.cache().store();
        let of_store = store.start(Box::new(move || current.cache().refresh_changes()))?;
        let refresh = Worker::start("refresh", store.liveness(), move |stop| refresh(&refreshed, stop))?;
        let record = Worker::start("last-seen", store.liveness(), move |stop| record(&recorded, stop))?;
        Ok(Self { _workers: [refresh, record], _of_store: of_store })
    }
}

fn refresh(authenticator: &Authenticator, stop: &Stop) {
    // Well before the last refresh expires, so that requests never see it expired.
    let every = authenticator.cache().ttl() / 2;
    let retry = RETRY.min(every / 2).max(Duration::from_millis(10));
    let (mut wait, mut last) = (every, BootTime::now());
    // In short pieces: a wait doesn't count the time that the process was stopped (SIGSTOP).
    while !stop.is_set_within(wait.saturating_sub(BootTime::now().since(last)).min(PIECE)) {
        if BootTime::now().since(last) < wait {
            continue;
        }
        last = BootTime::now();
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
    let (mut stopping, mut recorded, mut rehearsed) = (false, BootTime::now(), BootTime::now());
    while !stopping {
        stopping = stop.is_set_within(Duration::from_secs(1));
        log_limit::report();
        if !stopping && BootTime::now().since(rehearsed) >= REHEARSE_EVERY {
            authenticator.cache().rehearse_act();
            rehearsed = BootTime::now();
        }
        if !stopping && BootTime::now().since(recorded) < RECORD_EVERY {
            continue;
        }
        recorded = BootTime::now();
        if let Err(error) = authenticator.cache().flush_last_seen(clock::now()) {
            tracing::error!(%error, "can't record last-seen times; trying again");
        }
        authenticator.cache().store().maintain();
    }
    log_limit::report_all();
}
