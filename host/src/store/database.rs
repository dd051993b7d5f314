//! Where the database is, and which engine opens it.

use super::postgres::{Address, PostgresAdmin, PostgresServer};
use super::sqlite::{self, SqliteAdmin, SqliteServer};
use super::{AdminStore, ServerStore, StoreError, TokenFilter};
use std::collections::HashSet;
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// The location of the database. `Display` is the directory, or the URL without its password.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Database {
    /// Two SQLite files in this directory.
    Sqlite(PathBuf),
    /// A PostgreSQL database.
    Postgres {
        /// Where it is.
        address: Box<Address>,
        /// How long a server may decide without hearing from it.
        lease: Duration,
    },
}

impl Database {
    /// Opens the database for a server; creates or migrates it first.
    ///
    /// # Errors
    /// It can't be used.
    pub fn open_for_server(&self) -> Result<Arc<dyn ServerStore>, StoreError> {
        match self {
            Self::Sqlite(directory) => Ok(Arc::new(SqliteServer::open(directory)?)),
            Self::Postgres { address, lease } => Ok(Arc::new(PostgresServer::open(address, *lease)?)),
        }
    }

    /// Opens the database for an administrator; creates or migrates it first.
    ///
    /// # Errors
    /// It can't be used.
    pub fn open_for_admin(&self) -> Result<Box<dyn AdminStore>, StoreError> {
        match self {
            Self::Sqlite(directory) => Ok(Box::new(SqliteAdmin::open(directory)?)),
            Self::Postgres { address, .. } => Ok(Box::new(PostgresAdmin::open(address)?)),
        }
    }

    /// The API IDs of all tokens; none where there is no SQLite database, which is not created.
    ///
    /// # Errors
    /// The database can't be read.
    pub fn api_ids(&self) -> Result<HashSet<String>, StoreError> {
        match self {
            Self::Sqlite(directory) => sqlite::api_ids(directory),
            Self::Postgres { .. } => {
                let store = self.open_for_admin()?;
                store.list(TokenFilter::all(), i64::MAX)?.map(|it| Ok(it?.api_id)).collect()
            }
        }
    }
}

impl fmt::Display for Database {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite(directory) => directory.display().fmt(f),
            Self::Postgres { address, .. } => address.fmt(f),
        }
    }
}
