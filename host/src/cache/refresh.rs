//! Refreshing the cache: what has changed when a request notices a change, and all
//! of it every now and then.

use super::{Cache, Entry, Found};
use crate::store::{CachedRow, Changes, Position, StoreError};
use std::collections::HashSet;
use std::sync::{MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// What only one thread at a time may change.
#[derive(Default)]
pub(super) struct Refresher {
    /// The place in the journal that the entries are at.
    position: Option<Position>,
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
        if self.store.is_current(now)? {
            return Ok(()); // another thread did it while we waited
        }
        if refresher.failed.is_some_and(|then| now.saturating_duration_since(then) < PAUSE) {
            return Err(self.store.paused());
        }
        let view = self.store.changes_since(refresher.position.as_ref());
        refresher.failed = view.is_err().then(Instant::now);
        let view = view?;
        if view.changes.complete {
            // The database is not the one that we knew: nothing of it holds.
            let there: HashSet<&str> = names(&view.changes.rows).collect();
            self.retain(|api_id| there.contains(api_id));
        }
        self.apply(&view.changes);
        refresher.position.clone_from(&view.changes.position);
        self.store.confirm(&view);
        Ok(())
    }

    /// Reads all tokens, and trusts them from now on for another `token_ttl`.
    ///
    /// # Errors
    /// When the database can't be read.
    pub fn refresh_fully(&self) -> Result<(), StoreError> {
        let at = Instant::now();
        let all = self.store.everything()?.changes;
        // It was read beside requests, which may have caught up with later changes: these
        // are read now, on top of it.
        let mut refresher = self.refresher();
        let view = self.store.changes_since(all.position.as_ref())?;
        let news = &view.changes;
        let there: HashSet<&str> = if news.complete { names(&news.rows).collect() } else { merged(&all, news) };
        self.retain(|api_id| there.contains(api_id));
        if !news.complete {
            // No entry is set back, not even for a moment: requests look without a lock.
            let newer: HashSet<&str> = names(&news.rows).collect();
            self.insert(all.rows.iter().filter(|it| there.contains(&*it.api_id) && !newer.contains(&*it.api_id)));
        }
        self.apply(news);
        refresher.position.clone_from(&news.position);
        refresher.failed = None;
        self.store.confirm(&view);
        self.full_refresh.set(at);
        Ok(())
    }

    fn apply(&self, changes: &Changes) {
        let entries = self.entries.pin();
        for api_id in &changes.deleted {
            entries.remove(&**api_id);
        }
        self.insert(&changes.rows);
    }

    fn insert<'a>(&self, rows: impl IntoIterator<Item = &'a CachedRow>) {
        let entries = self.entries.pin();
        for row in rows {
            let found = Found { id: row.id, known: row.known };
            let entry = match entries.get(&*row.api_id) {
                Some(entry) if entry.found == found => continue,
                Some(entry) if entry.found.id == row.id => Entry { found, ..entry.clone() },
                _ => Entry { found, last_seen: Default::default() },
            };
            entries.insert(row.api_id.as_str().into(), entry);
        }
    }

    fn retain(&self, keep: impl Fn(&str) -> bool) {
        self.entries.pin().retain(|api_id, _| keep(api_id));
    }

    fn refresher(&self) -> MutexGuard<'_, Refresher> {
        // What a panic left half done is done again: it was not confirmed.
        self.refresher.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn names(rows: &[CachedRow]) -> impl Iterator<Item = &str> {
    rows.iter().map(|row| &*row.api_id)
}

/// The API IDs there are once `news` have happened to `all`.
fn merged<'a>(all: &'a Changes, news: &'a Changes) -> HashSet<&'a str> {
    let mut there: HashSet<&str> = names(&all.rows).chain(names(&news.rows)).collect();
    news.deleted.iter().for_each(|api_id| {
        there.remove(&**api_id);
    });
    there
}
