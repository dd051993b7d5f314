//! A place of one's own: a directory with a database, and tokens in it.

use jerakia_host::authenticator::Authenticator;
use jerakia_host::cache::Cache;
use jerakia_host::model::Status;
use jerakia_host::sandbox::Sandbox;
use jerakia_host::store::{FILE_NAME, Store, WatchedStore};
use jerakia_host::tokens;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tempfile::TempDir;

/// A time of day at which every last-seen time is past, in seconds since the epoch.
pub const NOW: i64 = i64::MAX;

/// A database directory that goes away with it.
pub struct Place {
    directory: TempDir,
    sandbox: Sandbox,
}

impl Place {
    pub fn new() -> Self {
        let place = Self { directory: TempDir::new().unwrap(), sandbox: Sandbox::new().unwrap() };
        drop(place.store());
        place
    }

    pub fn directory(&self) -> &Path {
        self.directory.path()
    }

    pub fn file(&self) -> PathBuf {
        self.directory().join(FILE_NAME)
    }

    /// A connection such as another process has it.
    pub fn store(&self) -> Store {
        Store::open(self.directory()).unwrap()
    }

    /// A connection such as the sqlite3 shell has it.
    pub fn by_hand(&self) -> rusqlite::Connection {
        rusqlite::Connection::open(self.file()).unwrap()
    }

    /// Makes a token, and answers its text.
    pub fn create(&self, api_id: &str) -> String {
        tokens::create(&self.sandbox, &mut self.store(), api_id).unwrap().expose().to_owned()
    }

    pub fn regenerate(&self, api_id: &str) -> String {
        tokens::regenerate(&self.sandbox, &mut self.store(), api_id).unwrap().expose().to_owned()
    }

    pub fn disable(&self, api_id: &str) {
        self.store().set_status(api_id, Status::Disabled).unwrap();
    }

    pub fn enable(&self, api_id: &str) {
        self.store().set_status(api_id, Status::Active).unwrap();
    }

    /// The databases as a server opens them.
    pub fn watched(&self) -> WatchedStore {
        WatchedStore::open(self.directory()).unwrap()
    }

    pub fn cache(&self, ttl: Duration) -> Cache {
        Cache::load(self.watched(), ttl).unwrap()
    }

    /// An authenticator that decides in `sandbox`.
    pub fn authenticator_in(&self, sandbox: Sandbox) -> Arc<Authenticator> {
        Arc::new(Authenticator::new(sandbox, self.cache(Duration::from_secs(300))))
    }

    pub fn authenticator(&self) -> Arc<Authenticator> {
        self.authenticator_in(Sandbox::new().unwrap())
    }
}
