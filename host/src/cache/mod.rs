//! The cache: every token in memory, confirmed against the database before each
//! decision.
//!
//! The store tells whether anything was committed since the last refresh. If so, the
//! request that notices reads what has changed, and those beside it wait for that. So
//! what a command did is in force when the command returns, for every request that
//! starts later.
//!
//! Nothing that a request presents is kept: the cache is as large as the database.

mod last_seen;
mod refresh;

use crate::model::TokenRecord;
use crate::store::{LastSeen, StoreError, WatchedStore};
use last_seen::SeenAt;
use papaya::HashMap;
use refresh::Refresher;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// Tokens in memory.
pub struct Cache {
    store: WatchedStore,
    /// Lookups take no lock; each entry is replaced as a whole.
    entries: HashMap<Box<str>, Entry>,
    full_refresh: FullRefresh,
    refresher: Mutex<Refresher>,
    ttl: Duration,
}

/// What is kept of a token: 64 bytes, so that a token takes at most 200 with its API ID
/// and its place in the map.
struct Entry {
    record: TokenRecord,
    seen_at: SeenAt,
}

const _: () = assert!(size_of::<Entry>() <= 64);

/// Why nothing may be granted from the cache: callers answer 503.
#[derive(Debug, thiserror::Error)]
pub enum Unconfirmed {
    /// The database can't be read just now.
    #[error("{0}")]
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
        let full_refresh = FullRefresh { start: Instant::now(), at: AtomicU64::new(0) };
        let cache = Self { full_refresh, store, entries: HashMap::new(), refresher: Mutex::default(), ttl };
        cache.refresh_fully()?;
        Ok(cache)
    }

    /// Makes sure that the cache holds everything that was committed before the
    /// call. To be called before each decision.
    ///
    /// # Errors
    /// When it can't: then nothing may be granted.
    pub fn confirm(&self, now: Instant) -> Result<(), Unconfirmed> {
        if self.full_refresh.age(now) >= self.ttl {
            return Err(Unconfirmed::Outdated(self.ttl));
        }
        if self.store.is_current(now)? {
            return Ok(());
        }
        Ok(self.catch_up(now)?)
    }

    /// What is known of `api_id`.
    pub fn find(&self, api_id: &str) -> Option<TokenRecord> {
        self.entries.pin().get(api_id).map(|entry| entry.record)
    }

    /// Notes that the token with this number was granted something at `now`, in seconds
    /// since the epoch. Memory only: see [`Self::flush_last_seen`].
    pub fn set_last_seen(&self, api_id: &str, id: i64, now: i64) {
        // Looked up again: a reference kept from `find` would be a counter that all
        // threads with this token write to.
        self.with_entry(api_id, id, |entry| entry.seen_at.set(now));
    }

    fn with_entry(&self, api_id: &str, id: i64, work: impl FnOnce(&Entry)) {
        self.entries.pin().get(api_id).filter(|entry| entry.record.id == id).map(work).unwrap_or_default();
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

    /// The database, for everything but decisions.
    pub fn store(&self) -> &WatchedStore {
        &self.store
    }

    /// Stores when tokens were last seen, where that has changed: one transaction, or
    /// none when there is no news. Not for the request path. `now` is in seconds since
    /// the epoch.
    ///
    /// # Errors
    /// When the database can't be written; the next call tries again.
    pub fn flush_last_seen(&self, now: i64) -> Result<(), StoreError> {
        if !self.store.can_record() {
            return Ok(()); // never into files that are not ours any more; it was reported
        }
        let times = self.unrecorded();
        if times.is_empty() {
            return Ok(());
        }
        self.store.state().record_last_seen(&times, now)?;
        for LastSeen { api_id, token, at } in &times {
            self.with_entry(api_id, *token, |entry| entry.seen_at.set_recorded(*at));
        }
        Ok(())
    }

    /// Copied, as a pinned map frees nothing while the disk is waited for.
    fn unrecorded(&self) -> Vec<LastSeen> {
        let time = |api_id: &str, entry: &Entry| {
            let at = entry.seen_at.unrecorded()?;
            Some(LastSeen { api_id: api_id.into(), token: entry.record.id, at })
        };
        self.entries.pin().iter().filter_map(|(api_id, entry)| time(api_id, entry)).collect()
    }
}

/// When all tokens were last read, readable without a lock.
struct FullRefresh {
    start: Instant,
    at: AtomicU64, // nanoseconds after `start`
}

impl FullRefresh {
    fn age(&self, now: Instant) -> Duration {
        let at = Duration::from_nanos(self.at.load(Ordering::Acquire));
        now.saturating_duration_since(self.start).saturating_sub(at)
    }

    fn set(&self, at: Instant) {
        let nanos = at.saturating_duration_since(self.start).as_nanos();
        self.at.store(u64::try_from(nanos).unwrap_or(u64::MAX), Ordering::Release);
    }
}
