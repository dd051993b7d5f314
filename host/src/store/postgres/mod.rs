//! PostgreSQL: any number of servers on one database.
//!
//! The protocol, by which a token that was revoked is revoked on every server when the command
//! returns, is in the SQL of `migrations/` and in these files: `lease` (until when this server
//! may decide from memory), `renewal` (the message that renews it), `member` (when it is sent,
//! and what must have been read before the lease counts), and `acknowledgement` (how an act
//! waits). docs/CLUSTER.md describes it.

mod acknowledgement;
mod acts;
mod address;
mod admin;
mod audit;
mod changes;
mod connection;
mod error;
mod fill;
mod lease;
mod member;
mod migrations;
mod nodes;
mod passfile;
mod renewal;
mod runtime;
mod server;
mod state;
mod tls;
mod tokens;

pub use address::{Address, BadAddress};
pub use admin::PostgresAdmin;
pub(super) use error::Cause;
pub(super) use fill::Fill;
pub use lease::{DEFAULT_LEASE, MAX_LEASE, MIN_LEASE};
pub use nodes::Node;
pub use server::PostgresServer;

use super::StoreError;
use connection::Connection;
use runtime::Runtime;
use std::sync::{Arc, Mutex, PoisonError};

/// A database, and the thread that talks to it.
struct Site {
    address: Address,
    runtime: Runtime,
    /// A connection that is not in use at the moment, for acts and for what servers write.
    spare: Mutex<Option<Connection>>,
}

impl Site {
    /// Creates or migrates the schema.
    fn open(address: &Address) -> Result<Arc<Self>, StoreError> {
        let fail = |cause: Cause| error_at(address, cause);
        let runtime = Runtime::start().map_err(|it| fail(Cause::Other(it.to_string())))?;
        let site = Arc::new(Self { address: address.clone(), runtime, spare: Mutex::default() });
        let mut connection = Connection::open(&site, None).map_err(fail)?;
        migrations::migrate(&mut connection).map_err(fail)?;
        site.put_back(connection);
        Ok(site)
    }

    /// A connection to a database with the schema of this program.
    fn connect(self: &Arc<Self>) -> Result<Connection, Cause> {
        let spare = self.spare.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(connection) = spare.filter(Connection::is_open) {
            return Ok(connection);
        }
        let connection = Connection::open(self, None)?;
        migrations::check(&connection)?;
        Ok(connection)
    }

    /// Keeps a connection that has nothing unfinished, for the next who needs one.
    fn put_back(&self, connection: Connection) {
        *self.spare.lock().unwrap_or_else(PoisonError::into_inner) = Some(connection).filter(Connection::is_open);
    }

    fn error(&self, cause: Cause) -> StoreError {
        error_at(&self.address, cause)
    }
}

pub(super) fn error_at(address: &Address, cause: Cause) -> StoreError {
    let is_full = matches!(cause, Cause::ScopesFull(_) | Cause::Full(_));
    StoreError::new(address.to_string(), is_full, cause.in_short(), cause)
}
