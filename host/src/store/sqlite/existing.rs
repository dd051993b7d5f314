//! Opens an existing database to inspect it, without creating, migrating or changing it.

use super::connection::{BUSY_TIMEOUT, read_only, read_something, read_write};
use super::error::Cause;
use super::files::Location;
use rusqlite::Connection;

/// A database that is only read. Dropping it removes the files that reading has created.
pub(super) struct Existing {
    /// None only during `drop`.
    connection: Option<Connection>,
    location: Location,
    /// Whether there was a log when it was opened: a process uses the database, or was killed.
    /// Then the log is left alone.
    had_log: bool,
}

impl Existing {
    pub(super) fn open(location: Location) -> Result<Self, Cause> {
        if !location.file.exists() {
            return Err(Cause::Missing);
        }
        let had_log = location.log().exists();
        let connection = Some(read_only(&location.file, BUSY_TIMEOUT)?);
        Ok(Self { connection, location, had_log })
    }

    pub(super) fn location(&self) -> &Location {
        &self.location
    }

    pub(super) fn connection(&mut self) -> Result<&mut Connection, Cause> {
        self.connection.as_mut().ok_or(Cause::Missing)
    }
}

impl Drop for Existing {
    fn drop(&mut self) {
        self.connection = None;
        if self.had_log || !self.location.log().exists() {
            return;
        }
        // A writable connection removes the empty log that reading created, if it is the last
        // one to close.
        if let Err(error) = read_write(&self.location.file).and_then(|it| Ok(read_something(&it)?)) {
            tracing::debug!(%error, "an empty log stays beside {}", self.location.file.display());
        }
    }
}
