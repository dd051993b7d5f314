//! The settings as the library takes them.

use super::{Config, ConfigError};
use jerakia_host::http::{ConnectionLimits, LookupLimits};
use jerakia_host::lookup;
use jerakia_host::model::ExpiryPolicy;
use jerakia_host::scope::ScopeLimits;
use jerakia_host::store::Database;

impl Config {
    /// Where the tokens are: what `database` or `databasedir` says, whichever source counts first.
    pub fn database(&self) -> Database {
        match self.database.value.as_ref().map(|it| it.database.clone()) {
            Some(database) if !self.databasedir.source.precedes(&self.database.source) => match database {
                Database::Postgres { address, .. } => {
                    Database::Postgres { address, lease: self.server.lease.value.duration() }
                }
                files => files,
            },
            _ => Database::Sqlite(self.databasedir.value.clone()),
        }
    }

    /// Whether one command, or one environment, sets both. Of a file, which can be one that
    /// `jerakia config` has printed, `database` counts.
    pub(super) fn two_databases(&self) -> Option<ConfigError> {
        let (database, directory) = (&self.database.source, &self.databasedir.source);
        let same = database.rank() == directory.rank();
        (same && database.is_of_caller()).then(|| ConfigError::TwoDatabases { origin: database.clone() })
    }

    /// How new tokens end.
    pub fn expiry(&self) -> ExpiryPolicy {
        ExpiryPolicy { default: self.server.default_expiry.value, max: self.server.max_expiry.value }
    }

    /// The limits of connections.
    pub fn limits(&self) -> ConnectionLimits {
        let server = &self.server;
        ConnectionLimits {
            connections: server.max_connections.value.0,
            failures: u32::try_from(server.max_failures.value.0).unwrap_or(u32::MAX),
            head: server.head_timeout.value.duration(),
            body: server.body_timeout.value.duration(),
            write: server.write_timeout.value.duration(),
            idle: server.idle_timeout.value.duration(),
            shutdown_delay: server.shutdown_delay.value.duration(),
            shutdown_grace: server.shutdown_grace.value.duration(),
        }
    }

    /// The limits of lookups and scope data.
    pub fn lookup_limits(&self) -> LookupLimits {
        let server = &self.server;
        LookupLimits {
            at_once: server.max_lookups.value.0,
            waiting: server.max_waiting_lookups.value.0,
            max_wait: server.lookup_wait.value.duration(),
            scopes: ScopeLimits {
                largest: server.max_scope_size.value.0,
                total: server.max_scopes_size.value.0 as u64,
            },
        }
    }

    /// The settings of the lookup engine.
    pub fn lookup(&self) -> lookup::Settings {
        lookup::Settings {
            policydir: self.policydir.value.clone(),
            vardir: self.vardir.value.clone(),
            schema_docroot: self.schema.docroot.value.clone(),
            enable_schema: self.enable_schema.value,
        }
    }
}
