//! The lease of this server: until when it may decide from memory.

use crate::clock::{AtomicBootTime, BootTime};
use std::sync::atomic::Ordering;
use std::time::Duration;

/// `server.lease`, unless it is set.
pub const DEFAULT_LEASE: Duration = Duration::from_secs(5);

/// The shortest: a renewal must find its way there and back several times within it.
pub const MIN_LEASE: Duration = Duration::from_millis(500);

/// The longest: so long does an act wait for a server that is cut off, and a fourth longer.
pub const MAX_LEASE: Duration = Duration::from_secs(300);

/// How long to wait until a lease of this length is over by the clock of another machine, since
/// only the rates of clocks are compared: a fourth longer.
pub(super) fn with_margin(length: Duration) -> Duration {
    length.saturating_add(length / 4)
}

/// Until when this server may decide.
pub(super) struct Lease {
    until: AtomicBootTime,
    length: Duration,
}

impl Lease {
    /// One that does not run yet.
    pub(super) fn new(length: Duration) -> Self {
        Self { until: AtomicBootTime::new(long_ago()), length }
    }

    pub(super) fn length(&self) -> Duration {
        self.length
    }

    /// Whether it runs at `now`. The hot path: one comparison.
    pub(super) fn is_running(&self, now: BootTime) -> bool {
        now < self.until.load(Ordering::Acquire)
    }

    /// Extends it: it runs from `sent`, a time before the renewal was sent. Call it only once the
    /// cache has reached the head of the journal that this renewal returned.
    pub(super) fn extend(&self, sent: BootTime) {
        self.until.store(sent + self.length, Ordering::Release);
    }

    /// Ends it at once.
    pub(super) fn end(&self) {
        self.until.store(long_ago(), Ordering::Release);
    }
}

/// Before every time that a request can have read.
fn long_ago() -> BootTime {
    BootTime::now() - Duration::MAX
}
