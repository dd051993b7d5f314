//! A database for one test, with tokens in it: SQLite, or PostgreSQL (see [`World`]).

use jerakia_harness::World;
use jerakia_host::admin::{self, Act, Actor, Change};
use jerakia_host::authenticator::Authenticator;
use jerakia_host::cache::Cache;
use jerakia_host::model::{Digest, TokenRecord};
use jerakia_host::sandbox::{Sandbox, SecretSlot};
use jerakia_host::store::postgres::{Address, DEFAULT_LEASE};
use jerakia_host::store::sqlite::SqliteServer;
use jerakia_host::store::{ActError, AdminStore, Changes, Database, Position, Seen, ServerStore, TokenFilter};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// A time of day at which every last-seen time is past, in seconds since the epoch.
pub const NOW: i64 = i64::MAX;

/// Acts of an administrator.
pub trait Acts {
    fn act(&mut self, api_id: &str, change: Change, at: i64) -> Result<(), ActError>;
}

impl Acts for dyn AdminStore + '_ {
    fn act(&mut self, api_id: &str, change: Change, at: i64) -> Result<(), ActError> {
        let actor = Actor::User { uid: 0, name: Some("root".into()) };
        self.perform(&Act::new(api_id.parse().unwrap(), change, actor, at)).map(drop)
    }
}

/// The cached record of `api_id`.
pub fn find(cache: &Cache, api_id: &str) -> Option<TokenRecord> {
    cache.with(api_id, |entry| entry.map(|it| it.record().clone()))
}

/// Notes a use of the current secret of `api_id`.
pub fn see(cache: &Cache, api_id: &str, at: i64) {
    cache.with(api_id, |entry| entry.unwrap().set_last_seen(SecretSlot::Current, Seen { at, from: None }));
}

/// A database directory, removed when dropped.
pub struct Place {
    pub world: World,
    directory: PathBuf,
    sandbox: Sandbox,
}

impl Place {
    pub fn new() -> Self {
        let world = World::new();
        let place = Self { directory: world.databasedir(), world, sandbox: Sandbox::new().unwrap() };
        drop(place.store());
        place
    }

    pub fn directory(&self) -> &Path {
        &self.directory
    }

    pub fn database(&self) -> Database {
        match self.world.postgresql_database() {
            Some(database) => {
                let address = Address::of(&database.url()).unwrap().into();
                Database::Postgres { address, lease: DEFAULT_LEASE }
            }
            None => Database::Sqlite(self.directory.clone()),
        }
    }

    /// A connection as another process would have.
    pub fn store(&self) -> Box<dyn AdminStore> {
        self.database().open_for_admin().unwrap()
    }

    /// What a server reads at its start.
    pub fn everything(&self) -> Changes {
        self.server_store().everything().unwrap().changes
    }

    /// What a server reads that was at `position`.
    pub fn changes_since(&self, position: Option<&Position>) -> Changes {
        self.server_store().changes_since(position).unwrap().changes
    }

    /// A connection as the sqlite3 shell would have.
    pub fn by_hand(&self) -> rusqlite::Connection {
        self.world.sqlite()
    }

    /// Makes a token, and returns its text.
    pub fn create(&self, api_id: &str) -> String {
        self.issue(api_id, Change::create)
    }

    pub fn regenerate(&self, api_id: &str) -> String {
        self.issue(api_id, Change::Regenerate)
    }

    pub fn disable(&self, api_id: &str) {
        self.store().act(api_id, Change::Disable, 0).unwrap();
    }

    pub fn enable(&self, api_id: &str) {
        self.store().act(api_id, Change::Enable, 0).unwrap();
    }

    /// Makes all of `changes` at once.
    pub fn change(&self, changes: Vec<(String, Change)>) {
        let actor = || Actor::User { uid: 0, name: None };
        let acts: Vec<_> =
            changes.into_iter().map(|(api_id, it)| Act::new(api_id.parse().unwrap(), it, actor(), 0)).collect();
        self.store().perform_all(&acts).unwrap();
    }

    fn issue(&self, api_id: &str, change: fn(Digest) -> Change) -> String {
        let issued = admin::issue(&self.sandbox, &api_id.parse().unwrap()).unwrap();
        self.store().act(api_id, change(issued.digest), 0).unwrap();
        issued.token.expose().to_owned()
    }

    /// When the first token was last used, in seconds since the epoch.
    pub fn last_seen(&self) -> Option<i64> {
        let token = self.store().list(TokenFilter::all(), NOW).unwrap().next().unwrap().unwrap();
        token.last_used().map(|it| it.as_second())
    }

    /// The database as a server opens it.
    pub fn server_store(&self) -> Arc<dyn ServerStore> {
        self.database().open_for_server().unwrap()
    }

    pub fn sqlite_server(&self) -> Arc<SqliteServer> {
        Arc::new(SqliteServer::open(self.directory()).unwrap())
    }

    pub fn cache(&self, ttl: Duration) -> Cache {
        cache_of(self.server_store(), ttl)
    }

    /// An authenticator that decides in `sandbox`.
    pub fn authenticator_in(&self, sandbox: Sandbox) -> Arc<Authenticator> {
        authenticator_of(self.server_store(), sandbox)
    }

    pub fn authenticator(&self) -> Arc<Authenticator> {
        self.authenticator_in(Sandbox::new().unwrap())
    }
}

fn cache_of(store: Arc<dyn ServerStore>, ttl: Duration) -> Cache {
    Cache::load(store, Vec::new(), ttl).unwrap()
}

/// An authenticator on the tokens of `store`.
pub fn authenticator_of(store: Arc<dyn ServerStore>, sandbox: Sandbox) -> Arc<Authenticator> {
    Arc::new(Authenticator::new(sandbox, cache_of(store, Duration::from_secs(300))))
}
