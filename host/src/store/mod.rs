//! The store: tokens in a SQLite database, which is what outlives the process. All
//! SQL of the program is in this folder.
//!
//! Every act is one transaction, durable when the function returns (write-ahead
//! log, `synchronous=FULL`), and a reader sees either all of it or nothing.

mod acts;
mod changes;
mod error;
mod index;
mod migrations;
mod scopes;
mod watch;

pub use acts::TokenRow;
pub use changes::{CachedRow, Changes};
pub use error::{ActError, StoreError};
pub use index::Stamp;
pub use scopes::Scope;
pub use watch::WatchedStore;

use error::Cause;
use rusqlite::{Connection, OpenFlags};
use std::fs::{DirBuilder, File, OpenOptions};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// The database's file name within the database directory.
pub const FILE_NAME: &str = "tokens.db";

/// How long an act waits for other processes' acts.
const PATIENCE: Duration = Duration::from_secs(5);

/// One connection to the database.
pub struct Store {
    connection: Connection,
    path: PathBuf,
}

impl Store {
    /// Opens the database in `directory`; makes both when they are not there, the
    /// directory with mode 0700 and the files with 0600.
    ///
    /// # Errors
    /// When it can't be used. It is then left as it was.
    pub fn open(directory: &Path) -> Result<Self, StoreError> {
        let path = directory.join(FILE_NAME);
        create_missing(directory, &path).map_err(|error| match error.kind() {
            std::io::ErrorKind::PermissionDenied | std::io::ErrorKind::ReadOnlyFilesystem => {
                StoreError::new(&path, Cause::ReadOnly)
            }
            _ => StoreError::new(&path, Cause::CannotOpen(error.to_string())),
        })?;
        let connection = connect(&path).map_err(|cause| StoreError::new(&path, cause))?;
        let mut store = Self { connection, path };
        migrations::migrate(&mut store.connection, &store.path)?;
        store.log_ahead()?;
        Ok(store)
    }

    /// Write-ahead log: readers never wait. Set only once the file is known to be
    /// ours, since it changes it.
    fn log_ahead(&self) -> Result<(), StoreError> {
        let switched = || self.connection.pragma_update_and_check(None, "journal_mode", "wal", |row| row.get(0));
        // SQLite waits for nobody here, and others may be about the same.
        let begun = Instant::now();
        let mut mode: rusqlite::Result<String> = switched();
        while mode.as_ref().is_err_and(is_busy) && begun.elapsed() < PATIENCE {
            std::thread::sleep(Duration::from_millis(5));
            mode = switched();
        }
        let mode = mode.map_err(|error| self.error(error))?;
        if mode != "wal" {
            return Err(StoreError::new(&self.path, Cause::NoWal));
        }
        self.connection.pragma_update(None, "synchronous", "full").map_err(|error| self.error(error))
    }

    fn error(&self, error: rusqlite::Error) -> StoreError {
        StoreError::new(&self.path, Cause::from(error))
    }
}

fn is_busy(error: &rusqlite::Error) -> bool {
    error.sqlite_error_code() == Some(rusqlite::ErrorCode::DatabaseBusy)
}

fn create_missing(directory: &Path, path: &Path) -> std::io::Result<()> {
    if path.exists() {
        return Ok(());
    }
    DirBuilder::new().recursive(true).mode(0o700).create(directory)?;
    // SQLite gives the log and its index the mode of the database. It is not told
    // to create the database itself, as it would do so with mode 0644.
    match OpenOptions::new().write(true).create_new(true).mode(0o600).open(path) {
        Ok(_) => File::open(directory)?.sync_all(), // the name is durable too
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(error),
    }
}

fn connect(path: &Path) -> Result<Connection, Cause> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(PATIENCE)?;
    // https://sqlite.org/security.html: what a file that somebody else wrote could
    // otherwise make us do.
    connection.pragma_update(None, "trusted_schema", false)?;
    connection.pragma_update(None, "cell_size_check", true)?;
    Ok(connection)
}
