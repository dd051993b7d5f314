//! The store as a server uses it: it reads tokens, and notices what others commit.

use super::{AdminStore, Changes, Position, StateStore, StoreError};
use crate::clock::BootTime;
use crate::worker::{Liveness, Worker};
use std::net::SocketAddr;
use std::sync::Arc;

/// What a server reads before it decides. Used by many threads at once.
pub trait ServerStore: Send + Sync {
    /// Whether the last [`Self::set_current`] still shows all that was committed. Cheap: takes
    /// no lock, sends nothing and never waits. On `false` the caller reads the changes.
    ///
    /// # Errors
    /// The store can't know it now: then grant nothing.
    fn is_current(&self, now: BootTime) -> Result<bool, StoreError>;

    /// Reads what has changed since `position`, or everything: see [`Changes::complete`].
    ///
    /// # Errors
    /// The database can't be read.
    fn changes_since(&self, position: Option<&Position>) -> Result<View, StoreError>;

    /// Reads all tokens, without delaying [`Self::changes_since`].
    ///
    /// # Errors
    /// The database can't be read.
    fn everything(&self) -> Result<View, StoreError>;

    /// Notes that the cache shows `version`. Call it after applying the changes that came with
    /// it, from one thread at a time.
    fn set_current(&self, version: &Version);

    /// Starts what the engine does in the background, once the cache is filled. `refresh` reads
    /// the changes into the cache. The thread ends when the result is dropped; none: the engine
    /// has none of this kind.
    ///
    /// # Errors
    /// The engine can't become current.
    fn start(&self, refresh: Refresh) -> Result<Option<Worker>, StoreError> {
        drop(refresh);
        Ok(None)
    }

    /// Notes where the server listens, for people who look at a cluster.
    fn set_address(&self, address: SocketAddr) {
        let _ = address;
    }

    /// An administrator's connection to this very database, for one act.
    ///
    /// # Errors
    /// The database can't be used. Nothing was changed.
    fn administrator(&self) -> Result<Box<dyn AdminStore>, StoreError>;

    /// What servers write.
    fn state(&self) -> Arc<dyn StateStore>;

    /// Why last-seen times and scopes can't be stored, as far as that is known without a try, in
    /// words that name no file. Last-seen times are kept in memory until they can.
    fn recording_trouble(&self) -> Option<&'static str> {
        None
    }

    /// Tries whether acts can be stored: performs one up to its commit, and takes it back. Not for
    /// the request path.
    ///
    /// # Errors
    /// Why they can't.
    fn rehearse_act(&self) -> Result<(), StoreError>;

    /// How many bytes are free on the disk of the database; none if that can't be told.
    fn free_bytes(&self) -> Option<u64> {
        None
    }

    /// What is to be done from time to time, every ten seconds or so; may wait for a disk.
    fn maintain(&self) {}

    /// The liveness of the threads that the server's guarantees depend on.
    fn liveness(&self) -> &Liveness;
}

/// Reads what has changed into the cache, and calls [`ServerStore::set_current`].
pub type Refresh = Box<dyn Fn() -> Result<(), StoreError> + Send>;

/// Changes, and the state of the database before they were read: see
/// [`ServerStore::set_current`].
pub struct View {
    /// The changes that were read.
    pub changes: Changes,
    /// The state of the database before the read.
    pub version: Version,
}

/// A state of the database, opaque outside the store.
pub struct Version(pub(super) Stamp);

/// How an engine tells two states of its database apart.
pub(super) enum Stamp {
    /// SQLite: six words of the index of its write-ahead log.
    Index([u64; 6]),
    /// PostgreSQL: a position in its journal.
    Position(Option<Position>),
}
