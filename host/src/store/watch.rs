//! Noticing that another process has committed something, without asking SQLite.

use super::error::Cause;
use super::index::{Index, Stamp};
use super::{Store, StoreError};
use std::fs::Metadata;
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// How long a request waits for the database when it must be read. Readers wait
/// for nobody, but for somebody who took the whole database for himself.
const PATIENCE: Duration = Duration::from_millis(50);

/// The database as a server watches it.
///
/// A process that closes any descriptor of a file loses its locks on it (POSIX), so
/// the index must stay open for as long as there are connections: hence the order
/// of the fields, which is the order in which they are closed.
pub struct WatchedStore {
    reader: Mutex<Store>,
    writer: Mutex<Store>,
    index: Index,
    files: [(PathBuf, Identity); 2],
    replaced: AtomicBool,
}

/// What tells a file from another one that is given its name.
#[derive(PartialEq, Eq)]
struct Identity {
    device: u64,
    inode: u64,
}

impl WatchedStore {
    /// Opens the database in `directory`, as [`Store::open`] does.
    ///
    /// # Errors
    /// When it can't be used.
    pub fn open(directory: &Path) -> Result<Self, StoreError> {
        let writer = Store::open(directory)?;
        let reader = Store::open(directory)?;
        reader.connection.busy_timeout(PATIENCE).map_err(|error| reader.error(error))?;
        let watched = || {
            let index_path = suffixed(&reader.path, "-shm");
            let index = Index::open(&index_path)?;
            let files = [
                (reader.path.clone(), identity(&std::fs::metadata(&reader.path)?)),
                (index_path, identity(&index.metadata()?)),
            ];
            Ok((index, files))
        };
        let (index, files) = watched().map_err(|error: io::Error| StoreError::new(&writer.path, error.into()))?;
        Ok(Self { reader: reader.into(), writer: writer.into(), index, files, replaced: AtomicBool::new(false) })
    }

    /// The state of the database now: if it equals an earlier one, nothing has been
    /// committed since. Takes no lock and waits for nothing.
    ///
    /// # Errors
    /// When the database is no longer there.
    pub fn stamp(&self) -> Result<Stamp, StoreError> {
        if self.replaced.load(Relaxed) {
            return Err(self.error(Cause::Replaced));
        }
        Ok(self.index.stamp())
    }

    /// Looks whether the files still are those that were opened. A server on files
    /// that have lost their names would not see what others commit. Once replaced,
    /// [`Self::stamp`] fails for good.
    pub fn check_identity(&self) {
        let same = |(path, was): &(PathBuf, Identity)| std::fs::metadata(path).is_ok_and(|it| identity(&it) == *was);
        if !self.files.iter().all(same) {
            self.replaced.store(true, Relaxed);
        }
    }

    /// Runs `read` on the connection for reading.
    pub fn read<T>(&self, read: impl FnOnce(&Store) -> T) -> T {
        read(&lock(&self.reader))
    }

    /// Runs `write` on the other connection, so that no request waits for it.
    pub fn write<T>(&self, write: impl FnOnce(&mut Store) -> T) -> T {
        write(&mut lock(&self.writer))
    }

    /// What is answered in place of trying again at once.
    pub(crate) fn paused(&self) -> StoreError {
        self.error(Cause::Paused)
    }

    fn error(&self, cause: Cause) -> StoreError {
        StoreError::new(&self.files[0].0, cause)
    }
}

/// A connection stays usable when a thread panicked with it: SQLite rolls back.
fn lock(store: &Mutex<Store>) -> MutexGuard<'_, Store> {
    store.lock().unwrap_or_else(PoisonError::into_inner)
}

fn identity(metadata: &Metadata) -> Identity {
    Identity { device: metadata.dev(), inode: metadata.ino() }
}

fn suffixed(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}
