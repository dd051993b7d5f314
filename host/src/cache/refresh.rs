//! Refreshing the cache: what has changed when a request notices a change, and all
//! of it every now and then.

use super::{Cache, Entry, Found};
use crate::store::{Changes, Stamp, StoreError};
use std::collections::HashSet;
use std::sync::{MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// What only one thread at a time may be at.
#[derive(Default)]
pub(super) struct Refresher {
    /// The revision that the entries are at.
    revision: i64,
    /// When the database could last not be read.
    failed: Option<Instant>,
}

/// For this long after a failure nobody tries again: threads that queue for a
/// locked database would each wait for it in turn.
const PAUSE: Duration = Duration::from_millis(100);

impl Cache {
    /// Reads what has changed since the last refresh.
    pub(super) fn catch_up(&self, now: Instant) -> Result<(), StoreError> {
        let mut refresher = self.refresher();
        let stamp = self.store.stamp()?;
        if self.confirmed.is(&stamp) {
            return Ok(()); // somebody else did it while we waited
        }
        if refresher.failed.is_some_and(|then| now.saturating_duration_since(then) < PAUSE) {
            return Err(self.store.paused());
        }
        let changes = self.store.read(|store| store.changes_since(refresher.revision));
        refresher.failed = changes.is_err().then(Instant::now);
        match changes? {
            Some(changes) => {
                self.apply(&changes);
                refresher.revision = changes.revision;
                self.confirmed.set(&stamp);
                Ok(())
            }
            // An older database was copied into this one: nothing known holds.
            None => self.replace_all(&mut refresher),
        }
    }

    /// Reads all tokens, and trusts them from now on for another `token_ttl`.
    ///
    /// # Errors
    /// When the database can't be read.
    pub fn refresh_fully(&self) -> Result<(), StoreError> {
        // Read on the side, so that requests that notice a change are not held up;
        // in vain if they did, as theirs are newer then.
        let (stamp, at) = (self.store.stamp()?, Instant::now());
        let everything = self.store.write(|store| store.everything())?;
        let mut refresher = self.refresher();
        if everything.revision < refresher.revision {
            return self.replace_all(&mut refresher);
        }
        self.replace(&mut refresher, &everything, &stamp, at);
        Ok(())
    }

    /// The same while everybody waits.
    fn replace_all(&self, refresher: &mut Refresher) -> Result<(), StoreError> {
        let (stamp, at) = (self.store.stamp()?, Instant::now());
        let everything = self.store.read(|store| store.everything())?;
        self.replace(refresher, &everything, &stamp, at);
        Ok(())
    }

    fn replace(&self, refresher: &mut Refresher, everything: &Changes, stamp: &Stamp, at: Instant) {
        let there: HashSet<&str> = everything.rows.iter().map(|row| &*row.api_id).collect();
        self.entries.pin().retain(|api_id, _| there.contains(&**api_id));
        self.apply(everything);
        refresher.revision = everything.revision;
        refresher.failed = None;
        self.confirmed.set_fully(stamp, at);
    }

    fn apply(&self, changes: &Changes) {
        let entries = self.entries.pin();
        for api_id in &changes.deleted {
            entries.remove(&**api_id);
        }
        for row in &changes.rows {
            let found = Found { id: row.id, known: row.known };
            let entry = match entries.get(&*row.api_id) {
                Some(entry) if entry.found == found => continue,
                Some(entry) if entry.found.id == row.id => Entry { found, ..entry.clone() },
                _ => Entry { found, sightings: Default::default() },
            };
            entries.insert(row.api_id.as_str().into(), entry);
        }
    }

    fn refresher(&self) -> MutexGuard<'_, Refresher> {
        // What a panic left half done is done again: the stamp was not confirmed.
        self.refresher.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
