//! Limits concurrent lookups and scope requests, in total and per token.

use crate::scope::ScopeLimits;
use prometheus_client::metrics::counter::Counter;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::runtime::Handle;
use tokio::sync::{OwnedSemaphorePermit as Permit, Semaphore};
use tokio::time::timeout;

/// The limits of lookups and scope data.
#[derive(Clone, Copy, Debug)]
pub struct LookupLimits {
    /// How many requests run at once; one token can have half of them.
    pub at_once: usize,
    /// How many more may wait for a turn, for their body, or for their client to read the answer.
    /// One token can have half of all places. A token without a request always gets one.
    pub waiting: usize,
    /// How long a request waits for its turn before it is answered 503.
    pub max_wait: Duration,
    /// The limits of scope data.
    pub scopes: ScopeLimits,
}

impl Default for LookupLimits {
    fn default() -> Self {
        Self { at_once: 8, waiting: 64, max_wait: Duration::from_secs(5), scopes: ScopeLimits::default() }
    }
}

/// Hands out places and turns.
pub(crate) struct Turns {
    limits: LookupLimits,
    running: Arc<Semaphore>,
    present: Mutex<Present>,
    turned_away: Counter,
}

/// How many requests have a turn, wait for one, and were turned away since the start.
pub(crate) struct Usage {
    pub(crate) running: usize,
    pub(crate) waiting: usize,
    pub(crate) turned_away: u64,
}

/// Requests that have a turn, or wait for one.
#[derive(Default)]
struct Present {
    all: usize,
    of: HashMap<String, Share>,
}

/// One token's share.
struct Share {
    present: usize,
    running: Arc<Semaphore>,
}

/// There are too many requests: 503.
pub(super) struct Busy;

impl Turns {
    pub(super) fn new(limits: LookupLimits) -> Arc<Self> {
        let running = Arc::new(Semaphore::new(limits.at_once));
        Arc::new(Self { limits, running, present: Mutex::default(), turned_away: Counter::default() })
    }

    /// A place for a request of the token of `api_id`.
    ///
    /// # Errors
    /// [`Busy`], if all places are taken.
    pub(super) fn place(self: &Arc<Self>, api_id: &str) -> Result<QueuePlace, Busy> {
        QueuePlace::of(self, api_id).inspect_err(|Busy| {
            self.turned_away.inc();
        })
    }

    pub(crate) fn usage(&self) -> Usage {
        let running = self.limits.at_once.saturating_sub(self.running.available_permits());
        let waiting = self.present().all.saturating_sub(running);
        Usage { running, waiting, turned_away: self.turned_away.get() }
    }

    fn present(&self) -> MutexGuard<'_, Present> {
        self.present.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A request that is present, until it is dropped.
pub(super) struct QueuePlace {
    turns: Arc<Turns>,
    api_id: String,
    own: Arc<Semaphore>,
}

impl QueuePlace {
    fn of(turns: &Arc<Turns>, api_id: &str) -> Result<Self, Busy> {
        let LookupLimits { at_once, waiting, .. } = turns.limits;
        let most = at_once + waiting;
        let mut present = turns.present();
        let has = present.of.get(api_id).map_or(0, |it| it.present);
        // A token without a place always gets one, so that others together can't lock it out.
        if has > 0 && (present.all >= most || has >= most.div_ceil(2)) {
            return Err(Busy);
        }
        present.all += 1;
        let own = || Share { present: 0, running: Arc::new(Semaphore::new(at_once.div_ceil(2))) };
        let share = present.of.entry(api_id.into()).or_insert_with(own);
        share.present += 1;
        Ok(Self { turns: turns.clone(), api_id: api_id.into(), own: share.running.clone() })
    }

    /// Waits for the turn.
    ///
    /// # Errors
    /// [`Busy`], when it takes too long.
    pub(super) async fn turn(self) -> Result<Turn, Busy> {
        match timeout(self.turns.limits.max_wait, self.permits()).await {
            Ok(permits) => Ok(Turn { permits, place: self }),
            Err(_) => {
                self.turns.turned_away.inc();
                Err(Busy)
            }
        }
    }

    /// The token's own permit first, so that of one token never more requests wait for a shared
    /// permit than may run.
    async fn permits(&self) -> Option<(Permit, Permit)> {
        let own = self.own.clone().acquire_owned().await.ok()?;
        Some((own, self.turns.running.clone().acquire_owned().await.ok()?))
    }
}

impl Drop for QueuePlace {
    fn drop(&mut self) {
        let mut present = self.turns.present();
        present.all -= 1;
        if let Some(share) = present.of.get_mut(&self.api_id) {
            share.present -= 1;
            if share.present == 0 {
                present.of.remove(&self.api_id);
            }
        }
    }
}

/// A request's turn, until it is dropped. The permits are dropped before the place: the order of
/// the fields.
pub(super) struct Turn {
    permits: Option<(Permit, Permit)>,
    place: QueuePlace,
}

impl Turn {
    /// Gives the turn to others while this request waits for its client. Blocks.
    pub(super) fn pause<T>(&mut self, handle: &Handle, wait: impl Future<Output = T>) -> T {
        drop(self.permits.take());
        let waited = handle.block_on(wait);
        self.permits = handle.block_on(self.place.permits());
        waited
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn turns(at_once: usize, waiting: usize) -> Arc<Turns> {
        Turns::new(LookupLimits { at_once, waiting, max_wait: Duration::from_millis(20), ..LookupLimits::default() })
    }

    impl Turns {
        async fn wait(self: &Arc<Self>, api_id: &str) -> Result<Turn, Busy> {
            self.place(api_id)?.turn().await
        }
    }

    #[tokio::test]
    async fn a_token_that_has_no_place_gets_one_though_others_have_all() {
        let turns = turns(2, 2);
        let others = ["a", "a", "b", "b"].map(|it| turns.place(it).ok().unwrap());
        assert!(turns.place("a").is_err());
        let mine = turns.place("c").ok().unwrap();
        assert!(turns.place("c").is_err(), "one, until there is room");
        let usage = turns.usage();
        assert_eq!((usage.running, usage.waiting, usage.turned_away), (0, 5, 2));
        assert!(mine.turn().await.is_ok(), "nobody has a turn who only waits for a body");
        drop(others);
    }

    #[tokio::test]
    async fn one_token_has_half_of_the_turns_and_of_the_places() {
        let turns = turns(4, 4);
        let (_one, _two) = (turns.wait("greedy").await.ok().unwrap(), turns.wait("greedy").await.ok().unwrap());
        assert!(turns.wait("greedy").await.is_err(), "it waits, and there are two turns left");
        let other = turns.wait("other").await.ok().unwrap();
        let waiting = [turns.wait("greedy"), turns.wait("greedy")].map(Box::pin);
        let [one, two] = waiting;
        let refused = async {
            tokio::task::yield_now().await;
            turns.wait("greedy").await.is_err()
        };
        let (one, two, refused) = tokio::join!(one, two, refused);
        assert!(one.is_err() && two.is_err() && refused);
        drop(other);
        assert!(turns.present().of.keys().eq(["greedy"]), "what nobody has is forgotten");
    }

    #[tokio::test]
    async fn a_turn_that_is_dropped_is_given_to_one_who_waits() {
        let turns = turns(2, 2);
        let first = turns.wait("a").await.ok().unwrap();
        let (second, ()) = tokio::join!(turns.wait("a"), async { drop(first) });
        assert!(second.is_ok());
        let usage = turns.usage();
        assert_eq!((usage.running, usage.waiting, usage.turned_away), (1, 0, 0));
        drop(second);
        assert_eq!(turns.present().all, 0);
    }
}
