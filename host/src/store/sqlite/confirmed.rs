//! The state of the database that the cache corresponds to.

use super::index::Stamp;
use std::sync::atomic::{AtomicU64, Ordering};

/// The stamp of the last [`ServerStore::set_current`](crate::store::ServerStore::set_current),
/// readable without a lock.
///
/// A reader may see words of both an old and a new stamp. Such a mix equals the database's
/// stamp only if the database is in one of those two states, since one word has its counter
/// of transactions. And the new stamp is written only after its changes are applied.
#[derive(Default)]
pub(super) struct Confirmed([AtomicU64; 6]);

impl Confirmed {
    pub(super) fn is(&self, stamp: &Stamp) -> bool {
        stamp.iter().zip(&self.0).all(|(now, then)| *now == then.load(Ordering::Acquire))
    }

    pub(super) fn set(&self, stamp: &Stamp) {
        for (now, then) in stamp.iter().zip(&self.0) {
            then.store(*now, Ordering::Release);
        }
    }
}
