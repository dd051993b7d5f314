//! Notices commits by reading the index of SQLite's write-ahead log.
//!
//! In write-ahead-log mode, every commit of any process changes the 48-byte header of the
//! log's index, the `-shm` file, before it returns: a counter of transactions, the end of
//! the log, its running checksums. SQLite's own readers notice commits by this header
//! (<https://sqlite.org/walformat.html#the_wal_index_header>). `PRAGMA data_version` answers
//! the same question but takes a lock first, and reading the file is a system call. In
//! mapped memory, the header is six loads.

#![allow(unsafe_code)] // SQLite's mapping of the index has no safe interface

use super::error::Cause;
use rusqlite::{Connection, ffi};
use std::ffi::{c_int, c_void};
use std::ptr::{self, NonNull};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering, fence};

/// The state of the database, different after each commit: the first of the header's two
/// copies, which SQLite writes last.
pub(super) type Stamp = [u64; 6];

/// The unit in which SQLite maps the index, in bytes (`WALINDEX_PGSZ` in its wal.c).
const REGION: c_int = 32 * 1024;

/// The header in SQLite's own mapping. A mapping of our own would need a descriptor, and
/// closing that would drop all locks that this process has on the index (POSIX), also those
/// of other connections.
pub(super) struct Index {
    header: NonNull<[AtomicU64; 6]>,
    /// Keeps the mapping alive; not used otherwise.
    _connection: Mutex<Connection>,
}

// SAFETY: the pointer is to shared memory that stays mapped while the connection is open.
// We only read it, through atomics.
unsafe impl Send for Index {}
// SAFETY: as above.
unsafe impl Sync for Index {}

impl Index {
    /// The index that `connection` has open. It must have read in write-ahead-log mode.
    pub(super) fn of(connection: Connection) -> Result<Self, Cause> {
        Ok(Self { header: header(&connection)?, _connection: connection.into() })
    }

    /// Whether `connection`, which has read in write-ahead-log mode, has the same database
    /// open and not one that was put in its place. All connections of a process to one file
    /// share one mapping.
    pub(super) fn is_of(&self, connection: &Connection) -> Result<bool, Cause> {
        Ok(header(connection)? == self.header)
    }

    /// The current state. Takes no lock and never waits. A half-written header differs from
    /// every earlier one, so a torn read shows as a change.
    pub(super) fn stamp(&self) -> Stamp {
        // SAFETY: mapped while the connection is open, and aligned: it starts a page.
        let header = unsafe { self.header.as_ref() };
        let stamp = std::array::from_fn(|at| header[at].load(Ordering::Relaxed));
        fence(Ordering::Acquire);
        stamp
    }
}

/// Where SQLite has mapped the header of the index that `connection` has open.
fn header(connection: &Connection) -> Result<NonNull<[AtomicU64; 6]>, Cause> {
    // SAFETY: the handle is valid, as the connection is open. FILE_POINTER stores the
    // file of the main database (https://sqlite.org/c3ref/c_fcntl_begin_atomic_write.html),
    // which lives as long as the connection.
    let file = unsafe {
        let mut file: *mut ffi::sqlite3_file = ptr::null_mut();
        let out = (&raw mut file).cast::<c_void>();
        ffi::sqlite3_file_control(connection.handle(), c"main".as_ptr(), ffi::SQLITE_FCNTL_FILE_POINTER, out);
        file
    };
    // SAFETY: `file` is null or valid, as above. A valid file has methods, and methods of
    // version 2 or later have xShmMap (https://sqlite.org/c3ref/io_methods.html). It
    // returns the first region of the index, and does not extend the file.
    unsafe {
        let methods = file.as_ref().and_then(|it| it.pMethods.as_ref()).filter(|it| it.iVersion >= 2);
        let map = methods.and_then(|it| it.xShmMap).ok_or(Cause::NoWal)?;
        let mut region: *mut c_void = ptr::null_mut();
        match map(file, 0, REGION, 0, &raw mut region) {
            ffi::SQLITE_OK => NonNull::new(region.cast()).ok_or(Cause::NoWal),
            code => Err(rusqlite::Error::SqliteFailure(ffi::Error::new(code), None).into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::sqlite::connection::{read_only, use_write_ahead_log};
    use std::path::Path;
    use std::time::Duration;

    fn database(file: &Path) -> Connection {
        let connection = Connection::open(file).unwrap();
        use_write_ahead_log(&connection).unwrap();
        connection.execute_batch("CREATE TABLE t (a)").unwrap();
        connection
    }

    #[test]
    fn a_connection_to_another_file_is_recognised() {
        let directory = tempfile::tempdir().unwrap();
        let (file, other) = (directory.path().join("a"), directory.path().join("b"));
        let (_writer, another) = (database(&file), database(&other));
        let index = Index::of(read_only(&file, Duration::ZERO).unwrap()).unwrap();
        assert!(index.is_of(&read_only(&file, Duration::ZERO).unwrap()).unwrap());
        assert!(!index.is_of(&another).unwrap());
    }
}
