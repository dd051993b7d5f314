//! Limits of log lines that clients cause: their length, and their number per second.
//! Lines over the limit are counted, and the count is logged.

use std::borrow::Cow;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::time::Instant;

/// How much of a path is logged, in characters.
const MAX_PATH_CHARS: usize = 256;

/// The most lines of a kind that are logged in one second.
const PER_SECOND: u64 = 50;

/// Refused credentials.
pub(crate) static REFUSALS: Limit = Limit::new("refusals");

/// Requests answered 429.
pub(crate) static FLOODS: Limit = Limit::new("requests beyond the limit of failures");

/// Requests answered 503.
pub(crate) static OUTAGES: Limit = Limit::new("failures");

/// Lookups that failed.
pub(crate) static LOOKUPS: Limit = Limit::new("lookups without an answer");

/// X-Forwarded-For from a peer that is not a trusted proxy.
pub(crate) static UNTRUSTED_ADDRESSES: Once = Once::new();

/// Headers that describe a request, from a peer that is not a trusted proxy.
pub(crate) static UNTRUSTED_DESCRIPTIONS: Once = Once::new();

/// Global, since the process has one log.
static LIMITS: [&Limit; 4] = [&REFUSALS, &FLOODS, &OUTAGES, &LOOKUPS];

/// The limit of one kind of line. It counts per second, so that its state fits one atomic
/// and requests share no lock.
pub(crate) struct Limit {
    kind: &'static str,
    /// Upper half: a second. Lower half: the number of its lines.
    lines: AtomicU64,
    /// How many lines were left out, as far as the log says so.
    left_out: AtomicU64,
}

impl Limit {
    const fn new(kind: &'static str) -> Self {
        Self { kind, lines: AtomicU64::new(0), left_out: AtomicU64::new(0) }
    }

    /// Whether one more line may be logged in this second. If not, counts it as left out.
    pub(crate) fn allows(&self) -> bool {
        let (allowed, left_out) = self.count(now());
        self.log(left_out);
        allowed
    }

    /// Whether a line in `second` is allowed, and how many were left out in the last second
    /// that had lines.
    fn count(&self, second: u64) -> (bool, u64) {
        let count = |lines| if lines >> 32 < second { second << 32 | 1 } else { lines + 1 };
        let before = self.lines.update(Relaxed, Relaxed, count);
        if before >> 32 < second { (true, left_out(before)) } else { (before & MASK < PER_SECOND, 0) }
    }

    /// How many lines were left out before `second`. Each is reported once.
    fn take(&self, second: u64) -> u64 {
        let take = |lines| (lines >> 32 < second).then_some(second << 32);
        self.lines.try_update(Relaxed, Relaxed, take).map_or(0, left_out)
    }

    fn log(&self, left_out: u64) {
        if left_out > 0 {
            self.left_out.fetch_add(left_out, Relaxed);
            tracing::warn!(left_out, kind = self.kind, "not logged: more than {PER_SECOND} in one second");
        }
    }
}

/// A line that is logged once.
pub(crate) struct Once(AtomicBool);

impl Once {
    const fn new() -> Self {
        Self(AtomicBool::new(false))
    }

    /// Whether to log the line now. Reads before writing, so that requests don't contend.
    pub(crate) fn is_first(&self) -> bool {
        !self.0.load(Relaxed) && !self.0.swap(true, Relaxed)
    }
}

/// Logs how many lines were left out in past seconds. Called about once a second, so that
/// the count is logged after the flood has ended.
pub(crate) fn report() {
    LIMITS.iter().for_each(|it| it.log(it.take(now())));
}

/// Like [`report`], including the current second. Called at shutdown.
pub(crate) fn report_all() {
    LIMITS.iter().for_each(|it| it.log(it.take(now() + 1)));
}

/// How many lines of each kind were left out since the start.
pub(crate) fn totals() -> impl Iterator<Item = (&'static str, u64)> {
    LIMITS.iter().map(|it| (it.kind, it.left_out.load(Relaxed)))
}

/// The first 256 characters of a path, with `…` if it is longer.
pub(crate) fn shortened(path: &str) -> Cow<'_, str> {
    match path.char_indices().nth(MAX_PATH_CHARS) {
        Some((end, _)) => Cow::Owned(format!("{}…", &path[..end])),
        None => Cow::Borrowed(path),
    }
}

const MASK: u64 = u32::MAX as u64;

fn left_out(lines: u64) -> u64 {
    (lines & MASK).saturating_sub(PER_SECOND)
}

/// Seconds since the first call, by the monotonic clock.
fn now() -> u64 {
    static START: LazyLock<Instant> = LazyLock::new(Instant::now);
    START.elapsed().as_secs()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_over_the_limit_are_counted_and_reported_in_the_next_second() {
        let limit = Limit::new("tests");
        let flood = |second, lines| (0..lines).filter(|_| limit.count(second).0).count();
        assert_eq!(flood(0, 49), 49);
        assert_eq!(flood(0, 11), 1);
        assert_eq!(limit.count(1), (true, 10));
        assert_eq!(limit.count(1), (true, 0));
        assert_eq!(flood(1, 100), 48);
        assert_eq!(limit.take(1), 0, "that second is not over");
        assert_eq!(limit.take(2), 52);
        assert_eq!(limit.take(3), 0, "counted once");
        assert_eq!(flood(3, 51), 50);
    }

    #[test]
    fn a_late_thread_counts_towards_the_current_second() {
        let limit = Limit::new("tests");
        assert_eq!(limit.count(7), (true, 0));
        assert_eq!(limit.count(6), (true, 0));
        assert_eq!(limit.take(8), 0);
        assert_eq!((0..60).filter(|_| limit.count(7).0).count(), 50);
        assert_eq!(limit.count(9), (true, 10));
    }

    #[test]
    fn a_path_of_more_than_256_characters_is_cut() {
        let longest = "/".repeat(MAX_PATH_CHARS);
        assert_eq!(shortened(&longest), longest);
        assert_eq!(shortened(&format!("{longest}x")), format!("{longest}…"));
        let two_bytes_each = "é".repeat(MAX_PATH_CHARS + 1);
        assert_eq!(shortened(&two_bytes_each).chars().count(), MAX_PATH_CHARS + 1);
    }
}
