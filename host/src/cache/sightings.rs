//! When a token was last seen.

use std::sync::atomic::{AtomicI64, Ordering::Relaxed};

/// Two times, in seconds since the epoch; 0 is never.
#[derive(Default)]
pub(super) struct Sightings {
    last: AtomicI64,
    written: AtomicI64,
}

impl Sightings {
    pub(super) fn at(&self, now: i64) {
        // Most calls find it set: many threads that use one token then only read.
        if self.last.load(Relaxed) < now {
            self.last.fetch_max(now, Relaxed);
        }
    }

    /// The last sighting, if it has not been written.
    pub(super) fn unwritten(&self) -> Option<i64> {
        let last = self.last.load(Relaxed);
        (last > self.written.load(Relaxed)).then_some(last)
    }

    pub(super) fn written(&self, at: i64) {
        self.written.fetch_max(at, Relaxed);
    }
}
