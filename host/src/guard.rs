//! The authenticator and its background threads: everything that decides on the tokens of a
//! database. Our server uses it too. To protect an HTTP service, see [`Guard::layer`].

use crate::authenticator::Authenticator;
use crate::cache::Cache;
use crate::maintenance::{Maintenance, MaintenanceError};
use crate::model::{ApiId, Digest};
use crate::sandbox::{Sandbox, SandboxError};
use crate::store::{Database, StoreError};
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// An authenticator, and the threads that keep it current. Dropping it records last-seen
/// times.
pub struct Guard {
    authenticator: Arc<Authenticator>,
    _maintenance: Maintenance,
}

/// Why there is no guard.
#[derive(Debug, thiserror::Error)]
pub enum GuardError {
    /// The database.
    #[error("{0}")]
    Store(#[from] StoreError),
    /// The component.
    #[error(transparent)]
    Sandbox(#[from] SandboxError),
    /// The operating system.
    #[error("can't start a thread: {0}")]
    Thread(#[from] io::Error),
}

impl From<MaintenanceError> for GuardError {
    fn from(error: MaintenanceError) -> Self {
        match error {
            MaintenanceError::Store(error) => Self::Store(error),
            MaintenanceError::Thread(error) => Self::Thread(error),
        }
    }
}

impl Guard {
    /// Opens the database in `databasedir`, creating it if missing, and reads all tokens. A
    /// full refresh is trusted for `token_ttl`.
    ///
    /// # Errors
    /// See [`GuardError`].
    pub fn open(databasedir: &Path, token_ttl: Duration) -> Result<Self, GuardError> {
        Self::open_with(&Database::Sqlite(databasedir.to_owned()), Vec::new(), token_ttl, false)
    }

    /// Like [`Self::open`], with any database, and extra tokens that are not in it, as API IDs and
    /// digests. They are good as long as the guard lives. A token in the database takes
    /// precedence over one with the same API ID. If `counting`, decisions are counted for
    /// [`Metrics`](crate::metrics::Metrics).
    ///
    /// # Errors
    /// See [`GuardError`].
    pub fn open_with(
        database: &Database,
        unstored: Vec<(ApiId, Digest)>,
        token_ttl: Duration,
        counting: bool,
    ) -> Result<Self, GuardError> {
        let store = database.open_for_server()?;
        let cache = Cache::load(store, unstored, token_ttl)?;
        let authenticator = Authenticator::new(Sandbox::new()?, cache);
        let authenticator = Arc::new(if counting { authenticator.counting() } else { authenticator });
        Ok(Self { _maintenance: Maintenance::start(&authenticator)?, authenticator })
    }

    /// The authenticator, for callers that don't use [`Guard::layer`].
    #[must_use]
    pub fn authenticator(&self) -> &Arc<Authenticator> {
        &self.authenticator
    }
}
