//! What the cache has read and stored since the start, for metrics and `/readyz`.

use crate::store::{Condition, StoreError};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

#[derive(Default)]
pub(crate) struct Counts {
    reads_by_requests: AtomicU64,
    refreshes: Attempts,
    flushes: Attempts,
    acts: Condition,
}

/// Repeated attempts at the same thing.
#[derive(Default)]
pub(crate) struct Attempts {
    done: AtomicU64,
    failed: AtomicU64,
    /// How the last one ended.
    pub(crate) last: Condition,
}

impl Counts {
    /// A request has noticed a commit, and reads what has changed.
    pub(super) fn read_by_request(&self) {
        self.reads_by_requests.fetch_add(1, Relaxed);
    }

    /// All tokens were read, or could not be.
    pub(super) fn refresh(&self, refreshed: &Result<(), StoreError>) {
        self.refreshes.count(refreshed);
    }

    /// Last-seen times were stored (true), there was none to store (false), or they could not be
    /// stored.
    pub(super) fn flush(&self, flushed: Result<bool, StoreError>) -> Result<(), StoreError> {
        let nothing = matches!(flushed, Ok(false));
        let flushed = flushed.map(drop);
        if !nothing {
            self.flushes.count(&flushed);
        }
        flushed
    }

    /// Whether acts can be stored, by the last rehearsal.
    pub(crate) fn acts(&self) -> &Condition {
        &self.acts
    }

    pub(crate) fn reads_by_requests(&self) -> u64 {
        self.reads_by_requests.load(Relaxed)
    }

    /// Reads of all tokens.
    pub(crate) fn refreshes(&self) -> &Attempts {
        &self.refreshes
    }

    /// Times that last-seen times were stored.
    pub(crate) fn flushes(&self) -> &Attempts {
        &self.flushes
    }
}

impl Attempts {
    fn count(&self, attempt: &Result<(), StoreError>) {
        let count = if attempt.is_ok() { &self.done } else { &self.failed };
        count.fetch_add(1, Relaxed);
        self.last.set(attempt.as_ref().err());
    }

    /// The counts, by result.
    pub(crate) fn by_result(&self) -> [(&'static str, u64); 2] {
        [("done", self.done.load(Relaxed)), ("failed", self.failed.load(Relaxed))]
    }
}
