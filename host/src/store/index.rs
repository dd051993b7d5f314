//! The index of SQLite's write-ahead log, as far as it tells of commits.
//!
//! In write-ahead-log mode every commit changes the 48-byte header of the log's
//! index, the `-shm` file, before it returns: a counter of transactions, the end of
//! the log, its running checksums. That is how SQLite's own readers notice
//! (<https://sqlite.org/walformat.html#the_wal_index_header>). Asking through
//! `PRAGMA data_version` says the same but takes a lock first, and reading the
//! file is a system call; mapped into memory, as SQLite itself has it, the header
//! is six loads.

#![allow(unsafe_code)] // a mapping that other processes write can't be had without

use rustix::mm::{MapFlags, ProtFlags, mmap, munmap};
use std::fs::{File, Metadata};
use std::io;
use std::path::Path;
use std::ptr;
use std::sync::atomic::{AtomicU64, Ordering, fence};

/// The state of the database: another one after each commit. The first of the two
/// copies of the header, which SQLite writes last.
pub type Stamp = [u64; 6];

/// What is mapped, in bytes: the first page of the index, which is always there
/// while a connection is open.
const MAPPED: usize = 4096;

/// The header, mapped. SQLite, which maps the same file, needs it to keep its length
/// for as long as there are connections: so do we.
pub(super) struct Index {
    file: File,
    header: *const [AtomicU64; 6],
}

// SAFETY: the pointer is to memory that is valid until `drop`, and is only ever read,
// through atomics.
unsafe impl Send for Index {}
// SAFETY: as above.
unsafe impl Sync for Index {}

impl Index {
    /// Maps the index at `path`. There must be a connection to its database.
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        let file = File::open(path)?;
        if file.metadata()?.len() < MAPPED as u64 {
            return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the index of its write-ahead log is too short"));
        }
        // SAFETY: a new mapping where the kernel likes it, of a file that is long enough.
        let header = unsafe { mmap(ptr::null_mut(), MAPPED, ProtFlags::READ, MapFlags::SHARED, &file, 0) }?;
        Ok(Self { file, header: header.cast() })
    }

    /// Takes no lock and waits for nothing. A header that is being written differs
    /// from every one that was, so that what is read in the middle of it does too.
    pub(super) fn stamp(&self) -> Stamp {
        // SAFETY: mapped until `drop`, at a page boundary and so aligned.
        let header = unsafe { &*self.header };
        let stamp = std::array::from_fn(|at| header[at].load(Ordering::Relaxed));
        fence(Ordering::Acquire);
        stamp
    }

    pub(super) fn metadata(&self) -> io::Result<Metadata> {
        self.file.metadata()
    }
}

impl Drop for Index {
    fn drop(&mut self) {
        // SAFETY: mapped by `open` with this length, and no longer used.
        let unmapped = unsafe { munmap(self.header.cast_mut().cast(), MAPPED) };
        debug_assert!(unmapped.is_ok(), "a mapping of ours");
    }
}
