//! Counts decisions by outcome, and how long they take. Threads count on memory of their own, so
//! that they don't contend; readers add it up.

use crate::authenticator::{Denied, Granted, Unavailable};
use crate::cache::Unconfirmed;
use crate::sandbox::Refusal;
use std::array;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::time::Duration;

/// More threads share, which is correct but slower.
const SHARDS: usize = 16;

/// The upper bounds of the histogram of decision times, in nanoseconds. A decision takes about
/// 5 microseconds; one that reads a change, some hundred.
pub(crate) const BOUNDS: [u64; 13] = [
    5_000,
    10_000,
    20_000,
    50_000,
    100_000,
    250_000,
    500_000,
    1_000_000,
    5_000_000,
    10_000_000,
    50_000_000,
    100_000_000,
    1_000_000_000,
];

/// What became of a request for a decision.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(usize)]
pub enum Outcome {
    /// Access was granted.
    Granted,
    /// The credential is malformed.
    Malformed,
    /// No token has its API ID.
    Unknown,
    /// Its secret is wrong.
    Wrong,
    /// Its token is disabled.
    Disabled,
    /// Its token has ended.
    Expired,
    /// It is the old token of a rotation, and has ended.
    Retired,
    /// Its token's grants don't include the request.
    Forbidden,
    /// Too many failures came from the client's address.
    Flood,
    /// The tokens could not be refreshed for `token_ttl`.
    Outdated,
    /// The database can't be used.
    Database,
    /// The sandbox gave no answer.
    Sandbox,
    /// There are too many first uses of imported tokens.
    Busy,
    /// A thread panicked.
    Bug,
}

impl Outcome {
    /// All of them, in the order of their numbers.
    pub(crate) const ALL: [Self; 14] = [
        Self::Granted,
        Self::Malformed,
        Self::Unknown,
        Self::Wrong,
        Self::Disabled,
        Self::Expired,
        Self::Retired,
        Self::Forbidden,
        Self::Flood,
        Self::Outdated,
        Self::Database,
        Self::Sandbox,
        Self::Busy,
        Self::Bug,
    ];

    fn of(decided: &Result<Granted, Denied>) -> Self {
        match decided {
            Ok(_) => Self::Granted,
            Err(Denied::Refused { reason, .. }) => match reason {
                Refusal::Malformed => Self::Malformed,
                Refusal::Unknown => Self::Unknown,
                Refusal::Wrong => Self::Wrong,
                Refusal::Disabled => Self::Disabled,
                Refusal::Expired => Self::Expired,
                Refusal::Retired => Self::Retired,
                Refusal::Forbidden => Self::Forbidden,
            },
            Err(Denied::Unavailable(error)) => match error {
                Unavailable::Cache(Unconfirmed::Outdated(_)) => Self::Outdated,
                Unavailable::Cache(Unconfirmed::Store(_) | Unconfirmed::Paused) | Unavailable::Store(_) => {
                    Self::Database
                }
                Unavailable::Sandbox(_) | Unavailable::ApiId(_) => Self::Sandbox,
                Unavailable::Busy => Self::Busy,
                Unavailable::Panicked | Unavailable::Maintenance => Self::Bug,
            },
        }
    }

    /// The result that the client saw, and the reason, which only the log and metrics have.
    pub(crate) fn names(self) -> (&'static str, &'static str) {
        match self {
            Self::Granted => ("granted", ""),
            Self::Malformed => ("refused", "malformed"),
            Self::Unknown => ("refused", "unknown"),
            Self::Wrong => ("refused", "wrong"),
            Self::Disabled => ("refused", "disabled"),
            Self::Expired => ("refused", "expired"),
            Self::Retired => ("refused", "retired"),
            Self::Forbidden => ("forbidden", "forbidden"),
            Self::Flood => ("limited", "flood"),
            Self::Outdated => ("unavailable", "outdated"),
            Self::Database => ("unavailable", "database"),
            Self::Sandbox => ("unavailable", "sandbox"),
            Self::Busy => ("unavailable", "busy"),
            Self::Bug => ("unavailable", "bug"),
        }
    }
}

/// Counts since the start.
pub struct Tally {
    shards: Box<[Shard; SHARDS]>,
}

/// The counts of some threads, on cache lines of their own. Processors fetch lines in pairs.
#[derive(Default)]
#[repr(align(128))]
struct Shard {
    outcomes: [AtomicU64; Outcome::ALL.len()],
    times: [AtomicU64; BOUNDS.len() + 1],
    /// The sum of all times, in nanoseconds: enough for 584 years.
    nanos: AtomicU64,
}

/// The sums of a [`Tally`].
pub(crate) struct Totals {
    /// By outcome, in the order of [`Outcome::ALL`].
    pub(crate) outcomes: [u64; Outcome::ALL.len()],
    /// How many decisions took at most each of [`BOUNDS`] but more than the one before; last those
    /// that took longer.
    pub(crate) times: [u64; BOUNDS.len() + 1],
    pub(crate) nanos: u64,
}

impl Default for Tally {
    fn default() -> Self {
        Self { shards: Box::new(array::from_fn(|_| Shard::default())) }
    }
}

impl Tally {
    /// Counts a request that got no decision.
    pub(crate) fn count_flood(&self) {
        self.shards[shard()].outcomes[Outcome::Flood as usize].fetch_add(1, Relaxed);
    }

    /// Counts a decision that took `time`.
    pub(crate) fn count(&self, decided: &Result<Granted, Denied>, time: Duration) {
        let nanos = u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
        let shard = &self.shards[shard()];
        shard.outcomes[Outcome::of(decided) as usize].fetch_add(1, Relaxed);
        shard.times[BOUNDS.partition_point(|bound| *bound < nanos)].fetch_add(1, Relaxed);
        shard.nanos.fetch_add(nanos, Relaxed);
    }

    /// The sums of all threads. Decisions that are made meanwhile may be missing in some of them.
    pub(crate) fn totals(&self) -> Totals {
        let sum = |count: &dyn Fn(&Shard) -> u64| self.shards.iter().map(count).sum();
        Totals {
            outcomes: array::from_fn(|at| sum(&|it| it.outcomes[at].load(Relaxed))),
            times: array::from_fn(|at| sum(&|it| it.times[at].load(Relaxed))),
            nanos: sum(&|it| it.nanos.load(Relaxed)),
        }
    }
}

/// This thread's shard.
fn shard() -> usize {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    thread_local!(static OWN: usize = NEXT.fetch_add(1, Relaxed) % SHARDS);
    OWN.with(|it| *it)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::thread;

    fn refused(reason: Refusal) -> Result<Granted, Denied> {
        Err(Denied::Refused { reason, api_id: None })
    }

    #[test]
    fn each_decision_of_each_thread_is_counted_once() {
        let tally = Tally::default();
        thread::scope(|threads| {
            for _ in 0..SHARDS + 3 {
                threads.spawn(|| {
                    for micros in [4, 5, 6, 2_000_000] {
                        tally.count(&refused(Refusal::Wrong), Duration::from_micros(micros));
                    }
                });
            }
        });
        let (totals, threads) = (tally.totals(), SHARDS as u64 + 3);
        assert_eq!(totals.outcomes[Outcome::Wrong as usize], 4 * threads);
        assert_eq!(totals.outcomes.iter().sum::<u64>(), 4 * threads);
        assert_eq!((totals.times[0], totals.times[1]), (2 * threads, threads), "a bound is part of its bucket");
        assert_eq!(totals.times[BOUNDS.len()], threads);
        assert_eq!(totals.nanos, 2_000_015_000 * threads);
    }

    #[test]
    fn outcomes_are_listed_in_the_order_of_their_numbers_and_named_apart() {
        for (number, outcome) in Outcome::ALL.into_iter().enumerate() {
            assert_eq!(outcome as usize, number);
            assert_eq!(Outcome::ALL.iter().filter(|it| it.names() == outcome.names()).count(), 1);
        }
        assert_eq!(Outcome::of(&refused(Refusal::Forbidden)), Outcome::Forbidden);
        assert_eq!(Outcome::of(&Err(Denied::Unavailable(Unavailable::Busy))), Outcome::Busy);
    }
}
