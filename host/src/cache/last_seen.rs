//! When a token was last seen, in memory.

use std::sync::atomic::{AtomicI64, Ordering::Relaxed};

/// When a token was last seen, and which such time the store has. Seconds since the epoch;
/// 0 is never.
#[derive(Default)]
pub(super) struct SeenAt {
    seen: AtomicI64,
    recorded: AtomicI64,
}

impl SeenAt {
    /// Follows the clock also when it was set back.
    pub(super) fn set(&self, now: i64) {
        // Most calls find it set: many threads that use one token then only read.
        if self.seen.load(Relaxed) != now {
            self.seen.store(now, Relaxed);
        }
    }

    /// The time, if it has not been recorded.
    pub(super) fn unrecorded(&self) -> Option<i64> {
        let seen = self.seen.load(Relaxed);
        (seen != self.recorded.load(Relaxed)).then_some(seen)
    }

    /// Takes over the times of an entry that this one replaces.
    pub(super) fn follow(&self, replaced: &Self) {
        self.set(replaced.seen.load(Relaxed));
        self.set_recorded(replaced.recorded.load(Relaxed));
    }

    pub(super) fn set_recorded(&self, at: i64) {
        self.recorded.store(at, Relaxed);
    }
}
