//! Where the database is, and which engine opens it.

use super::sqlite::{SqliteAdmin, SqliteServer};
use super::{AdminStore, ServerStore, StoreError};
use std::path::PathBuf;
use std::sync::Arc;

/// The location of the database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Database {
    /// Two SQLite files in this directory.
    Sqlite(PathBuf),
}

impl Database {
    /// Opens the database for a server; creates or migrates it first.
    ///
    /// # Errors
    /// It can't be used.
    pub fn open_for_server(&self) -> Result<Arc<dyn ServerStore>, StoreError> {
        match self {
            Self::Sqlite(directory) => Ok(Arc::new(SqliteServer::open(directory)?)),
        }
    }

    /// Opens the database for an administrator; creates or migrates it first.
    ///
    /// # Errors
    /// It can't be used.
    pub fn open_for_admin(&self) -> Result<Box<dyn AdminStore>, StoreError> {
        match self {
            Self::Sqlite(directory) => Ok(Box::new(SqliteAdmin::open(directory)?)),
        }
    }
}
