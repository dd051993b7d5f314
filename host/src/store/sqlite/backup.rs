//! `jerakia db backup`: copies the databases into another directory, also while servers run.

use super::check::Checked;
use super::copy::{CopyError, copy};
use super::error::Cause;
use super::existing::Existing;
use super::files::{Location, suffixed};
use super::{DatabaseFile, StoreError, connection, modes};
use std::fs::{self, File};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

/// A database that was backed up.
#[derive(Debug)]
pub struct BackedUp {
    /// The new file.
    pub path: PathBuf,
    /// Its size in bytes.
    pub size: u64,
    /// The check of the copy. Its only possible flaw is an edited audit trail.
    pub checked: Checked,
}

/// Copies one of the databases in `directory` into the directory `to`, which is created with
/// mode 0700 if missing. The file has mode 0600, and gets its name once it is complete and
/// durable. None if there is no `state.db`.
///
/// # Errors
/// See [`CopyError`]. Then no file is left behind.
pub fn backup(directory: &Path, to: &Path, which: DatabaseFile) -> Result<Option<BackedUp>, CopyError> {
    let location = which.location(directory)?;
    let named = location.named.clone();
    let mut source = match Existing::open(location) {
        Err(Cause::Missing) if which == DatabaseFile::State => return Ok(None),
        opened => opened.map_err(|cause| StoreError::of_file(&named, cause))?,
    };
    let path = to.join(which.file_name());
    refuse_existing(&path)?;
    let name = which.file_name();
    let fail = |error: io::Error| CopyError::Destination { name, directory: to.to_owned(), error: error.into() };
    if to.exists() && !to.is_dir() {
        return Err(fail(ErrorKind::NotADirectory.into()));
    }
    connection::create_directory(to).map_err(fail)?;
    modes::warn_of_directory(to);
    let copy = copy(&mut source, which, to, |_| Ok(()))?;
    let size = copy.file.as_file().metadata().map_err(fail)?.len();
    copy.file.persist_noclobber(&path).map_err(|it| match it.error.kind() {
        ErrorKind::AlreadyExists => CopyError::Exists(path.clone()),
        _ => fail(it.error),
    })?;
    File::open(to).and_then(|it| it.sync_all()).map_err(fail)?;
    Ok(Some(BackedUp { path, size, checked: copy.checked }))
}

/// Refuses a directory that has such a file. SQLite would read an old log into the copy.
fn refuse_existing(path: &Path) -> Result<(), CopyError> {
    let location = Location { named: path.to_owned(), file: path.to_owned() };
    let all = location.each_file().into_iter().chain([suffixed(path, "-journal")]);
    match all.into_iter().find(|it| fs::symlink_metadata(it).is_ok()) {
        Some(there) => Err(CopyError::Exists(there)),
        None => Ok(()),
    }
}
