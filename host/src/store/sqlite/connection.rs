//! Opens connections to SQLite with our settings.

use super::error::Cause;
use super::ownership::give_to_owner_of;
use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};
use std::fs::{self, DirBuilder, File, OpenOptions, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::Path;
use std::time::{Duration, Instant};

/// How long an act waits for the act of another process.
pub(super) const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// SQLite moves the write-ahead log into the database when it has this many pages of 4 KiB.
/// A short log leaves room on a full disk.
const CHECKPOINT_PAGES: u32 = 100;

/// Creates a missing database file with mode 0600, and its directory with 0700. SQLite would
/// use mode 0644. Log and index inherit the mode of the database.
pub(super) fn create_missing(directory: &Path, file: &Path) -> io::Result<()> {
    if file.exists() {
        return Ok(());
    }
    create_directory(directory)?;
    match OpenOptions::new().write(true).create_new(true).mode(0o600).open(file) {
        Ok(created) => {
            created.set_permissions(Permissions::from_mode(0o600))?;
            give_to_owner_of(directory, &created)?;
            File::open(directory)?.sync_all() // makes the name durable
        }
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(error),
    }
}

/// Creates a directory that isn't there, with mode 0700.
pub(super) fn create_directory(directory: &Path) -> io::Result<()> {
    if directory.exists() {
        return Ok(());
    }
    DirBuilder::new().recursive(true).mode(0o700).create(directory)?;
    let parent = directory.parent().filter(|it| !it.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(parent)?.sync_all()?;
    // A umask may take permissions away that we need ourselves.
    fs::set_permissions(directory, Permissions::from_mode(0o700))
}

/// A connection that reads and writes.
pub(super) fn read_write(file: &Path) -> Result<Connection, Cause> {
    let connection = open(file, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    Ok(connection)
}

/// A connection that never changes the database or its log: it can't write, and doesn't move
/// the log into the database when it closes. Readers block only on an exclusive lock, for at
/// most `timeout`.
pub(super) fn read_only(file: &Path, timeout: Duration) -> Result<Connection, Cause> {
    let connection = open(file, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
    connection.busy_timeout(timeout)?;
    read_something(&connection)?;
    Ok(connection)
}

fn open(file: &Path, mode: OpenFlags) -> Result<Connection, Cause> {
    let connection = Connection::open_with_flags(file, mode | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    // Limits the harm that a malicious file can do: https://sqlite.org/security.html
    connection.pragma_update(None, "trusted_schema", false)?;
    connection.pragma_update(None, "cell_size_check", true)?;
    Ok(connection)
}

/// Switches to a write-ahead log that waits for the disk at each commit. This changes the
/// file, so call it only after checking that the file is ours.
pub(super) fn use_write_ahead_log(connection: &Connection) -> Result<(), Cause> {
    let switch = || connection.pragma_update_and_check(None, "journal_mode", "wal", |row| row.get(0));
    // `busy_timeout` does not cover switching to WAL, and another process may be
    // switching too: retry.
    let begun = Instant::now();
    let mut mode: rusqlite::Result<String> = switch();
    while mode.as_ref().is_err_and(is_busy) && begun.elapsed() < BUSY_TIMEOUT {
        std::thread::sleep(Duration::from_millis(5));
        mode = switch();
    }
    if mode? != "wal" {
        return Err(Cause::NoWal);
    }
    connection.pragma_update(None, "synchronous", "full")?;
    connection.pragma_update(None, "wal_autocheckpoint", CHECKPOINT_PAGES)?;
    Ok(read_something(connection)?)
}

/// Makes SQLite open the log and its index, which it does at the first read.
pub(super) fn read_something(connection: &Connection) -> rusqlite::Result<()> {
    connection.query_row("SELECT count(*) FROM sqlite_schema", [], |_| Ok(()))
}

fn is_busy(error: &rusqlite::Error) -> bool {
    error.sqlite_error_code() == Some(rusqlite::ErrorCode::DatabaseBusy)
}
