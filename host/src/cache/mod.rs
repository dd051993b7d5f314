//! The cache: every token in memory, confirmed against the database before each
//! decision.
//!
//! The store says whether anything was committed since the last refresh. If so, the request
//! that notices it reads the changes, and concurrent requests wait for it. So when a command
//! returns, its change is in force for every request that starts later.
//!
//! The cache keeps nothing that a request presents: it is as large as the database.

mod census;
mod counts;
mod last_seen;
mod refresh;

use crate::clock::{AtomicBootTime, BootTime};
use crate::model::{ApiId, Digest, TokenRecord};
use crate::sandbox::SecretSlot;
use crate::store::{self, Seen, ServerStore, StoreError};
use counts::Counts;
use last_seen::LastSeenCell;
use papaya::HashMap;
use refresh::Refresher;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

/// Tokens in memory.
pub struct Cache {
    store: Arc<dyn ServerStore>,
    /// Reads take no lock; each entry is replaced as a whole.
    entries: HashMap<Box<str>, Entry>,
    /// Tokens that are good while the server runs, but not in the database.
    unstored: std::collections::HashMap<Box<str>, Unstored>,
    /// When all tokens were last read.
    full_refresh: AtomicBootTime,
    refresher: Mutex<Refresher>,
    counts: Counts,
    ttl: Duration,
}

/// A cached token. With its API ID and its place in the map it takes at most 200 bytes, unless it
/// has [`Limits`](crate::model::Limits).
pub struct Entry {
    record: TokenRecord,
    current: LastSeenCell,
    /// None until the former secret is seen; most tokens have none.
    former: OnceLock<Box<LastSeenCell>>,
}

const _: () = assert!(size_of::<Entry>() <= 112);

impl Entry {
    fn new(record: TokenRecord) -> Self {
        Self { record, current: LastSeenCell::default(), former: OnceLock::new() }
    }

    /// The input of decisions.
    #[must_use]
    pub fn record(&self) -> &TokenRecord {
        &self.record
    }

    /// Notes in memory that a secret was granted access: see [`Cache::flush_last_seen`].
    pub fn set_last_seen(&self, secret: SecretSlot, seen: Seen) {
        match secret {
            SecretSlot::Current => self.current.set(seen),
            SecretSlot::Former => self.former.get_or_init(Box::default).set(seen),
        }
    }

    /// Each secret by its number.
    fn secrets(&self) -> impl Iterator<Item = (u32, &LastSeenCell)> {
        let former = self.former.get().map(|it| (self.record.secret.saturating_sub(1), &**it));
        [(self.record.secret, &self.current)].into_iter().chain(former)
    }

    /// Takes over the last-seen times of the secrets that the replaced entry also has.
    fn follow(&self, replaced: &Self) {
        for (number, seen) in replaced.secrets() {
            if number == self.record.secret {
                self.current.follow(seen);
            } else if number == self.record.secret.saturating_sub(1) {
                self.former.get_or_init(Box::default).follow(seen);
            }
        }
    }
}

/// Why the cache can't be used for decisions: callers answer 503.
#[derive(Debug, thiserror::Error)]
pub enum Unconfirmed {
    /// The database can't be read just now.
    #[error("{0}")]
    Store(#[from] StoreError),
    /// It could not be read a moment ago, either.
    #[error("the database could not be read a moment ago and will be tried again in a moment: see the log")]
    Paused,
    /// The last full refresh is too long ago.
    #[error("tokens could not be refreshed from the database for {0:?} (token_ttl): see the errors before this one")]
    Outdated(Duration),
}

impl Cache {
    /// Reads all tokens of `store`. They are trusted for `ttl` after each full refresh. `unstored`
    /// are additional tokens; a stored token with the same API ID takes precedence.
    ///
    /// # Errors
    /// When it can't be read.
    pub fn load(
        store: Arc<dyn ServerStore>,
        unstored: Vec<(ApiId, Digest)>,
        ttl: Duration,
    ) -> Result<Self, StoreError> {
        let full_refresh = AtomicBootTime::new(BootTime::now());
        let record = |digest| TokenRecord { id: 0, digest, secret: 1, active: true, limits: None };
        let entry = |(api_id, digest)| (String::from(api_id).into(), Entry::new(record(digest)));
        let unstored = unstored.into_iter().map(entry);
        let unstored =
            unstored.map(|(api_id, entry)| (api_id, Unstored { entry, is_replaced: false.into() })).collect();
        let (entries, refresher, counts) = (HashMap::new(), Mutex::default(), Counts::default());
        let cache = Self { full_refresh, store, entries, unstored, refresher, counts, ttl };
        cache.refresh_fully()?;
        Ok(cache)
    }

    /// Makes sure that the cache holds everything that was committed before the call. Call it
    /// before each decision.
    ///
    /// # Errors
    /// When it can't: then grant nothing.
    pub fn confirm(&self, now: BootTime) -> Result<(), Unconfirmed> {
        if self.age(now) >= self.ttl {
            return Err(Unconfirmed::Outdated(self.ttl));
        }
        if self.store.is_current(now)? {
            return Ok(());
        }
        self.catch_up(now)
    }

    /// Calls `work` with the entry of `api_id`. A stored token takes precedence.
    pub fn with<T>(&self, api_id: &str, work: impl FnOnce(Option<&Entry>) -> T) -> T {
        let unstored = || self.unstored.get(api_id).filter(|it| !it.is_replaced.load(Ordering::Acquire));
        work(self.entries.pin().get(api_id).or_else(|| unstored().map(|it| &it.entry)))
    }

    /// How many tokens there are.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// How long ago the last full refresh began.
    pub(crate) fn age(&self, now: BootTime) -> Duration {
        now.since(self.full_refresh.load(Ordering::Acquire))
    }

    pub(crate) fn counts(&self) -> &Counts {
        &self.counts
    }

    /// How long a full refresh is trusted.
    pub fn ttl(&self) -> Duration {
        self.ttl
    }

    /// The database, for everything but decisions.
    pub fn store(&self) -> &dyn ServerStore {
        &*self.store
    }

    /// Tries whether acts can be stored, and counts it. Not for the request path.
    pub(crate) fn rehearse_act(&self) {
        let (acts, rehearsed) = (self.counts.acts(), self.store.rehearse_act());
        if let Err(error) = &rehearsed
            && acts.trouble() != Some(error.in_short())
        {
            tracing::error!(%error, "acts can't be stored; decisions go on");
        }
        if rehearsed.is_ok() && acts.trouble().is_some() {
            tracing::info!("acts can be stored again");
        }
        acts.set(rehearsed.err().as_ref());
    }

    /// Stores the last-seen times that have changed, in one transaction. Not for the request path.
    /// `now` is in seconds since the epoch.
    ///
    /// # Errors
    /// When the database can't be written; the next call tries again.
    pub fn flush_last_seen(&self, now: i64) -> Result<(), StoreError> {
        self.counts.flush(self.store_last_seen(now))
    }

    fn store_last_seen(&self, now: i64) -> Result<bool, StoreError> {
        if self.store.recording_trouble().is_some() {
            return Ok(false); // never into files that are not ours any more; it was reported
        }
        let times = self.unrecorded();
        if times.is_empty() {
            return Ok(false);
        }
        self.store.state().record_last_seen(&times, now)?;
        let entries = self.entries.pin();
        for it in &times {
            let entry = entries.get(&*it.api_id).filter(|entry| entry.record.id == it.token);
            let mut secrets = entry.into_iter().flat_map(Entry::secrets);
            if let Some((_, last)) = secrets.find(|(number, _)| *number == it.secret) {
                last.set_recorded(it.seen);
            }
        }
        Ok(true)
    }

    /// The times to store. Copied, since a pinned map frees nothing while the disk is busy.
    fn unrecorded(&self) -> Vec<store::LastSeen> {
        let of = |api_id: &str, entry: &Entry| {
            let last_seen = |(secret, last): (u32, &LastSeenCell)| {
                let (api_id, token) = (api_id.into(), entry.record.id);
                Some(store::LastSeen { api_id, token, secret, seen: last.unrecorded()? })
            };
            entry.secrets().filter_map(last_seen).collect::<Vec<_>>()
        };
        self.entries.pin().iter().flat_map(|(api_id, entry)| of(api_id, entry)).collect()
    }
}

/// A token that is not in the database.
struct Unstored {
    entry: Entry,
    /// Whether the database has had a token of its API ID since the server started. That one
    /// decides, and when it is deleted, this one does not come back.
    is_replaced: AtomicBool,
}
