//! The cache: every token in memory, confirmed against the database before each
//! decision.
//!
//! Confirming is comparing the database's stamp with the one of the last refresh.
//! They are equal unless somebody has committed something since; then the request
//! that notices reads what has changed, and those beside it wait for that. So
//! what a command did is in force when the command returns, for every request
//! that starts later.
//!
//! The other way round, nothing is kept of what a request presents: the cache is
//! as large as the database.

mod refresh;
mod sightings;

use crate::model::TokenRecord;
use crate::store::{Stamp, StoreError, WatchedStore};
use papaya::HashMap;
use refresh::Refresher;
use sightings::Sightings;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// Tokens in memory.
pub struct Cache {
    store: WatchedStore,
    /// Lookups take no lock; each entry is replaced as a whole.
    entries: HashMap<Box<str>, Entry>,
    confirmed: Confirmed,
    refresher: Mutex<Refresher>,
    ttl: Duration,
}

/// What is kept of a token.
#[derive(Clone)]
struct Entry {
    found: Found,
    /// Shared by all entries that one token ever had.
    sightings: Arc<Sightings>,
}

/// What there is under an API ID.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Found {
    /// The store's own number of the token, never given to another one.
    pub id: i64,
    /// What the decision is made on.
    pub known: TokenRecord,
}

/// Why nothing may be granted from the cache: callers answer 503.
#[derive(Debug, thiserror::Error)]
pub enum Unconfirmed {
    /// The database can't be read just now.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// It has not been read in full for too long.
    #[error("tokens could not be refreshed from the database for {0:?} (token_ttl): see the errors before this one")]
    Outdated(Duration),
}

impl Cache {
    /// Reads all of `store`. Its contents are trusted for `ttl` after each full
    /// refresh.
    ///
    /// # Errors
    /// When it can't be read.
    pub fn load(store: WatchedStore, ttl: Duration) -> Result<Self, StoreError> {
        let cache =
            Self { confirmed: Confirmed::new(), store, entries: HashMap::new(), refresher: Mutex::default(), ttl };
        cache.refresh_fully()?;
        Ok(cache)
    }

    /// Makes sure that the cache holds everything that was committed before the
    /// call. To be called before each decision.
    ///
    /// # Errors
    /// When it can't: then nothing may be granted.
    pub fn confirm(&self, now: Instant) -> Result<(), Unconfirmed> {
        if self.confirmed.age(now) >= self.ttl {
            return Err(Unconfirmed::Outdated(self.ttl));
        }
        let stamp = self.store.stamp()?;
        if self.confirmed.is(&stamp) {
            return Ok(());
        }
        Ok(self.catch_up(now)?)
    }

    /// What is known of `api_id`.
    pub fn find(&self, api_id: &str) -> Option<Found> {
        self.entries.pin().get(api_id).map(|entry| entry.found)
    }

    /// Notes that the token that was `found` was granted something at `now`, in
    /// seconds since the epoch. Memory only: see [`Self::flush_last_seen`].
    pub fn saw(&self, api_id: &str, found: Found, now: i64) {
        // Looked up again: a reference kept from `find` would be a counter that all
        // threads with this token write to.
        if let Some(entry) = self.entries.pin().get(api_id).filter(|it| it.found.id == found.id) {
            entry.sightings.at(now);
        }
    }

    /// How many tokens there are.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// How long a full refresh is trusted.
    pub fn ttl(&self) -> Duration {
        self.ttl
    }

    /// The database, for what is not a decision.
    pub fn store(&self) -> &WatchedStore {
        &self.store
    }

    /// Writes when tokens were last seen, as far as that is news. In one
    /// transaction, and nothing when there is none. Not for the request path.
    ///
    /// # Errors
    /// When the database can't be written; the next call tries again.
    pub fn flush_last_seen(&self) -> Result<(), StoreError> {
        let unwritten = |it: &Entry| Some((it.clone(), it.sightings.unwritten()?));
        let news: Vec<(Entry, i64)> = self.entries.pin().values().filter_map(unwritten).collect();
        if news.is_empty() {
            return Ok(());
        }
        let rows: Vec<(i64, i64)> = news.iter().map(|(entry, at)| (entry.found.id, *at)).collect();
        self.store.write(|store| store.record_last_seen(&rows))?;
        for (entry, at) in news {
            entry.sightings.written(at);
        }
        Ok(())
    }
}

/// The state of the database that the cache is known to hold, readable without a
/// lock: the stamp in pieces, and when all of it was last read.
///
/// A reader may see some pieces of an old stamp and some of a new one. That equals
/// the database's stamp only if the database is at one of the two, since its
/// counter of transactions is in one of the pieces; and the new one is written
/// only after the entries are.
struct Confirmed {
    stamp: [AtomicU64; 6],
    start: Instant,
    full_refresh: AtomicU64, // nanoseconds after `start`
}

impl Confirmed {
    fn new() -> Self {
        Self { stamp: Default::default(), start: Instant::now(), full_refresh: AtomicU64::new(0) }
    }

    fn is(&self, stamp: &Stamp) -> bool {
        stamp.iter().zip(&self.stamp).all(|(now, then)| *now == then.load(Ordering::Acquire))
    }

    fn set(&self, stamp: &Stamp) {
        for (now, then) in stamp.iter().zip(&self.stamp) {
            then.store(*now, Ordering::Release);
        }
    }

    fn age(&self, now: Instant) -> Duration {
        let refreshed = Duration::from_nanos(self.full_refresh.load(Ordering::Acquire));
        now.saturating_duration_since(self.start).saturating_sub(refreshed)
    }

    fn set_fully(&self, stamp: &Stamp, at: Instant) {
        let nanos = at.saturating_duration_since(self.start).as_nanos();
        self.full_refresh.store(u64::try_from(nanos).unwrap_or(u64::MAX), Ordering::Release);
        self.set(stamp);
    }
}
