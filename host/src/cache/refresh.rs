//! Refreshes the cache: reads the changes when a request notices a commit, and all tokens from
//! time to time.

use super::{Cache, Entry, Unconfirmed};
use crate::clock::BootTime;
use crate::model::TokenRecord;
use crate::store::{Changes, Position, StoreError, View};
use std::collections::HashSet;
use std::sync::atomic::Ordering;
use std::sync::{MutexGuard, PoisonError};
use std::time::Duration;

/// The state of refreshing. Only one thread at a time changes it.
#[derive(Default)]
pub(super) struct Refresher {
    /// The position in the journal that the entries correspond to.
    position: Option<Position>,
    /// When reading last failed, unless it has succeeded since.
    failed: Option<BootTime>,
}

/// How long to wait after a failure before the next attempt. Otherwise threads that queue for a
/// locked database would each wait for it in turn.
const PAUSE: Duration = Duration::from_millis(100);

impl Cache {
    /// Reads what has changed since the last refresh, unless another thread has just done it.
    pub(super) fn catch_up(&self, now: BootTime) -> Result<(), Unconfirmed> {
        let mut refresher = self.refresher();
        if self.store.is_current(now)? {
            return Ok(()); // another thread did it while we waited
        }
        if refresher.failed.is_some_and(|then| now.since(then) < PAUSE) {
            return Err(Unconfirmed::Paused);
        }
        self.counts.read_by_request();
        let read = self.read_changes(&mut refresher);
        refresher.failed = read.is_err().then(BootTime::now);
        Ok(read?)
    }

    /// Reads what has changed since the last refresh. For a store that notices changes by itself.
    ///
    /// # Errors
    /// When the database can't be read.
    pub fn refresh_changes(&self) -> Result<(), StoreError> {
        self.read_changes(&mut self.refresher())
    }

    fn read_changes(&self, refresher: &mut Refresher) -> Result<(), StoreError> {
        let View { changes, version } = self.store.changes_since(refresher.position.as_ref())?;
        self.apply(changes, refresher);
        self.store.set_current(&version);
        Ok(())
    }

    /// Reads all tokens, and trusts them from now on for another `token_ttl`.
    ///
    /// # Errors
    /// When the database can't be read.
    pub fn refresh_fully(&self) -> Result<(), StoreError> {
        let refreshed = self.read_everything();
        self.counts.refresh(&refreshed);
        refreshed
    }

    /// The revision of the last change that the tokens in memory have; 0 if there was none.
    pub(crate) fn revision(&self) -> i64 {
        self.refresher().position.as_ref().map_or(0, Position::revision)
    }

    fn read_everything(&self) -> Result<(), StoreError> {
        let at = BootTime::now();
        let all = self.store.everything()?.changes;
        // Concurrent requests may have caught up with later changes: read these, too.
        let mut refresher = self.refresher();
        let View { changes, version } = self.store.changes_since(all.position.as_ref())?;
        // Merged first, so that no entry goes back to an older state even for a moment: requests
        // read without a lock.
        self.apply(all.followed_by(changes), &mut refresher);
        refresher.failed = None;
        self.store.set_current(&version);
        self.full_refresh.store(at, Ordering::Release);
        Ok(())
    }

    /// Applies changes to the entries. If they are complete, removes all other entries.
    fn apply(&self, changes: Changes, refresher: &mut Refresher) {
        let entries = self.entries.pin();
        if changes.complete {
            let there: HashSet<&str> = changes.rows.iter().map(|(api_id, _)| &**api_id).collect();
            entries.retain(|api_id, _| there.contains(&**api_id));
        }
        for api_id in &changes.deleted {
            entries.remove(&**api_id);
        }
        drop(entries);
        for api_id in changes.deleted.iter().chain(changes.rows.iter().map(|(api_id, _)| api_id)) {
            if let Some(unstored) = self.unstored.get(&**api_id) {
                unstored.is_replaced.store(true, Ordering::Release);
            }
        }
        for (api_id, record) in changes.rows {
            self.insert(api_id, record);
        }
        refresher.position = changes.position;
    }

    fn insert(&self, api_id: Box<str>, record: TokenRecord) {
        let (entries, new) = (self.entries.pin(), Entry::new(record));
        match entries.get(&api_id) {
            Some(entry) if entry.record == new.record => return,
            Some(entry) if entry.record.id == new.record.id => new.follow(entry),
            _ => {}
        }
        entries.insert(api_id, new);
    }

    fn refresher(&self) -> MutexGuard<'_, Refresher> {
        // A refresh that a panic interrupted was not confirmed, so it is repeated.
        self.refresher.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
