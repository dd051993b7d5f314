//! The settings as the library takes them.

use super::Config;
use jerakia_host::http::{ConnectionLimits, LookupLimits};
use jerakia_host::lookup;
use jerakia_host::model::ExpiryPolicy;
use jerakia_host::scope::ScopeLimits;
use jerakia_host::store::Database;

impl Config {
    /// Where the tokens are.
    pub fn database(&self) -> Database {
        Database::Sqlite(self.databasedir.value.clone())
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
