//! Servers of the library on one PostgreSQL database, in this process.

use jerakia_harness::{Database as TestDatabase, PostgreSql};
use jerakia_host::admin::{self, Act, Actor, Change};
use jerakia_host::authenticator::{Authenticator, Denied};
use jerakia_host::cache::Cache;
use jerakia_host::sandbox::Sandbox;
use jerakia_host::store::postgres::{Address, PostgresAdmin, PostgresServer};
use jerakia_host::store::{ActError, AdminStore, Reach, ServerStore as _};
use std::any::Any;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// A database for one test.
pub struct Cluster<'a> {
    pub database: TestDatabase<'a>,
    sandbox: Sandbox,
}

/// A server. It deregisters when it is dropped.
pub struct Node {
    pub authenticator: Arc<Authenticator>,
    _store: Arc<PostgresServer>,
    _lease: Box<dyn Any>,
}

impl Cluster<'static> {
    pub fn new() -> Self {
        Self::on(PostgreSql::shared())
    }
}

impl<'a> Cluster<'a> {
    pub fn on(server: &'a PostgreSql) -> Self {
        Self { database: server.database(), sandbox: Sandbox::new().unwrap() }
    }

    pub fn address(&self) -> Address {
        Address::of(&self.database.url()).unwrap()
    }

    pub fn admin(&self) -> Box<dyn AdminStore> {
        Box::new(PostgresAdmin::open(&self.address()).unwrap())
    }

    pub fn node(&self, lease: Duration) -> Node {
        let store = Arc::new(PostgresServer::open(&self.address(), lease).unwrap());
        let cache = Cache::load(store.clone(), Vec::new(), Duration::from_secs(300)).unwrap();
        let authenticator = Arc::new(Authenticator::new(Sandbox::new().unwrap(), cache));
        let refreshed = authenticator.clone();
        let lease = store.start(Box::new(move || refreshed.cache().refresh_changes())).unwrap();
        Node { authenticator, _store: store, _lease: Box::new(lease) }
    }

    /// Performs a change of one token.
    pub fn act(&self, api_id: &str, change: Change) -> Result<Reach, ActError> {
        self.admin().perform(&act(api_id, change)).map(|(_, reach)| reach)
    }

    /// Makes a token, and returns its text.
    pub fn create(&self, api_id: &str) -> String {
        let issued = admin::issue(&self.sandbox, &api_id.parse().unwrap()).unwrap();
        self.act(api_id, Change::create(issued.digest)).unwrap();
        issued.token.expose().to_owned()
    }

    /// The process of PostgreSQL that serves the connection on which the only server listens.
    pub fn listener(&self) -> i32 {
        self.database
            .psql(
                "SELECT pid FROM pg_stat_activity WHERE query ~ 'jerakia.renew|LISTEN'
            AND datname = current_database() AND pid <> pg_backend_pid()",
            )
            .parse()
            .unwrap()
    }
}

impl Node {
    /// Whether it grants `token` now; none: it answers 503.
    pub fn grants(&self, token: &str) -> Option<bool> {
        match self.authenticator.authorize(token.as_bytes(), "", None) {
            Ok(_) => Some(true),
            Err(Denied::Refused { .. }) => Some(false),
            Err(Denied::Unavailable(_)) => None,
        }
    }

    /// Waits until it answers so.
    pub fn wait_for(&self, token: &str, answer: Option<bool>) {
        let start = Instant::now();
        while self.grants(token) != answer {
            assert!(start.elapsed() < Duration::from_secs(20), "still {:?}", self.grants(token));
            std::thread::sleep(Duration::from_millis(1)); // another thread's work: no event to wait for
        }
    }
}

pub fn act(api_id: &str, change: Change) -> Act {
    Act::new(api_id.parse().unwrap(), change, Actor::User { uid: 0, name: Some("root".into()) }, 0)
}
