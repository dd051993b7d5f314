//! What can be wrong with a database, in sentences for its administrator.

use rusqlite::ErrorCode;
use std::path::{Path, PathBuf};

/// The database can't be used. The text says which one, why, and what to do.
#[derive(Debug, thiserror::Error)]
#[error("The token database {} {cause}", path.display())]
pub struct StoreError {
    path: PathBuf,
    cause: Cause,
}

#[derive(Debug, thiserror::Error)]
pub(super) enum Cause {
    #[error("is locked by another process: try again, or see who holds it with `fuser -v` on that file")]
    Locked,
    #[error(
        "can't be written: give the user that runs jerakia write permission on the file and on the directory that it is in"
    )]
    ReadOnly,
    #[error("can't be opened: see that its directory exists and that the user that runs jerakia may use it ({0})")]
    CannotOpen(String),
    #[error("is damaged ({0}): restore a backup, or save what can be read with `sqlite3 <file> .recover`")]
    Corrupt(String),
    #[error("is not a database: move the file away, or name another directory with --databasedir")]
    NotADatabase,
    #[error("belongs to another program: name another directory with --databasedir")]
    Foreign,
    #[error(
        "was written by the original Jerakia, whose tokens are stored in another way: name another directory with --databasedir, and create new tokens there"
    )]
    Original,
    #[error(
        "has schema version {found} and was written by a newer jerakia, this one knows versions up to {known}: use the newer one"
    )]
    Newer { found: i32, known: usize },
    #[error("has no room to grow: free some space on its disk")]
    Full,
    #[error("can't be shared between processes on this file system (no write-ahead log): put it on a local disk")]
    NoWal,
    #[error("was moved, replaced or deleted while the server ran: restart the server")]
    Replaced,
    #[error("could not be read a moment ago, and is tried again in the next: see the log")]
    Paused,
    #[error("can't be read: {0}")]
    Io(#[from] std::io::Error),
    #[error("failed: {0}")]
    Other(rusqlite::Error),
}

impl StoreError {
    pub(super) fn new(path: &Path, cause: Cause) -> Self {
        Self { path: path.to_owned(), cause }
    }

    /// Whether there was no room to write.
    #[must_use]
    pub fn is_full(&self) -> bool {
        matches!(self.cause, Cause::Full)
    }
}

impl From<rusqlite::Error> for Cause {
    fn from(error: rusqlite::Error) -> Self {
        match error.sqlite_error_code() {
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Self::Locked,
            Some(ErrorCode::ReadOnly | ErrorCode::PermissionDenied) => Self::ReadOnly,
            Some(ErrorCode::CannotOpen) => Self::CannotOpen(error.to_string()),
            Some(ErrorCode::DatabaseCorrupt) => Self::Corrupt(error.to_string()),
            Some(ErrorCode::NotADatabase) => Self::NotADatabase,
            Some(ErrorCode::DiskFull) => Self::Full,
            _ => Self::Other(error),
        }
    }
}

/// An act that was not done, and changed nothing.
#[derive(Debug, thiserror::Error)]
pub enum ActError {
    /// There is no token with this API ID.
    #[error("No such API ID {0}")]
    NotFound(String),
    /// There is one already.
    #[error("API ID {0} already exists")]
    Exists(String),
    /// The database can't be used.
    #[error(transparent)]
    Store(#[from] StoreError),
}
