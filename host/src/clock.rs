//! The wall clock, and the clock that freshness is judged by.

use rustix::time::{ClockId, clock_gettime};
use std::ops::{Add, Sub};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Seconds since 1970-01-01T00:00:00 UTC; 0 if the clock is set before that.
#[must_use]
pub fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    since.as_secs().cast_signed()
}

/// A time since the machine was booted, in nanoseconds. Nobody can set this clock, and it goes on
/// while the machine is suspended (`CLOCK_BOOTTIME`), unlike [`std::time::Instant`]: what was
/// fresh before is old afterwards. Never compared with the clock of another machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct BootTime(u64);

impl BootTime {
    /// The time now. A read of memory that the kernel keeps up to date, without a system call.
    #[must_use]
    pub fn now() -> Self {
        let time = Duration::try_from(clock_gettime(ClockId::Boottime));
        Self(nanos(time.unwrap_or_default()))
    }

    /// How long it is after `earlier`; zero if it is before.
    #[must_use]
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_nanos(self.0.saturating_sub(earlier.0))
    }
}

impl Add<Duration> for BootTime {
    type Output = Self;

    fn add(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(nanos(duration)))
    }
}

impl Sub<Duration> for BootTime {
    type Output = Self;

    fn sub(self, duration: Duration) -> Self {
        Self(self.0.saturating_sub(nanos(duration)))
    }
}

/// A [`BootTime`] that threads share.
#[derive(Debug)]
pub struct AtomicBootTime(AtomicU64);

impl AtomicBootTime {
    /// One that holds `time`.
    #[must_use]
    pub fn new(time: BootTime) -> Self {
        Self(AtomicU64::new(time.0))
    }

    /// The time that it holds.
    pub fn load(&self, order: Ordering) -> BootTime {
        BootTime(self.0.load(order))
    }

    /// Replaces the time that it holds.
    pub fn store(&self, time: BootTime, order: Ordering) {
        self.0.store(time.0, order);
    }
}

/// Enough for 584 years.
fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_never_goes_back_and_counts_from_before_its_start() {
        let (first, second) = (BootTime::now(), BootTime::now());
        assert!(first > BootTime(0) && first <= second);
        let tick = Duration::from_nanos(1);
        assert_eq!((first + tick).since(first), tick);
        assert_eq!(first.since(first + tick), Duration::ZERO);
        assert_eq!(first + tick - tick, first);
    }
}
