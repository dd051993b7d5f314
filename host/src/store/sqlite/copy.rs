//! Copies a database into one file by SQLite's online backup: consistent while others write,
//! and including the log.

use super::check::{self, Checked, Flaw};
use super::connection::{BUSY_TIMEOUT, read_only, read_something, read_write};
use super::error::Cause;
use super::existing::Existing;
use super::{DatabaseFile, StoreError};
use rusqlite::Connection;
use rusqlite::backup::{Backup, StepResult};
use std::fs::Permissions;
use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tempfile::NamedTempFile;

/// Copies all pages in one step, and so in one view of the database. Readers of a write-ahead
/// log don't block writers.
const ALL_PAGES: i32 = -1;

/// The suffix of an unfinished copy's name.
const UNFINISHED: &str = ".part";

/// Why no copy was made.
#[derive(Debug, thiserror::Error)]
pub enum CopyError {
    /// A copy never replaces a file.
    #[error("{} is there already, and is never overwritten: name another directory", .0.display())]
    Exists(PathBuf),
    /// The copy has a flaw, so the database has it too.
    #[error("The database {} {flaw}: no copy of it was made; see `jerakia db check`", path.display())]
    Flawed {
        /// The database.
        path: PathBuf,
        /// The first one.
        flaw: Flaw,
    },
    /// The copy can't be written.
    #[error("can't write a copy of {name} in {}: {error}", directory.display())]
    Destination {
        /// Which file.
        name: &'static str,
        /// Where to.
        directory: PathBuf,
        /// Why not.
        error: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The database can't be read.
    #[error("{0}")]
    Store(#[from] StoreError),
}

/// A finished copy: checked, durable, with mode 0600, under a temporary name. Dropping it
/// deletes the file.
pub(super) struct Copied {
    pub(super) file: NamedTempFile,
    pub(super) checked: Checked,
}

/// Copies `source` into `directory`, and applies `change` to the copy. An edited audit trail is
/// no obstacle, since the tokens are sound.
pub(super) fn copy(
    source: &mut Existing,
    which: DatabaseFile,
    directory: &Path,
    change: impl FnOnce(&mut Connection) -> Result<(), Cause>,
) -> Result<Copied, CopyError> {
    let name = which.file_name();
    let named = source.location().named.clone();
    let fail = |error: Box<dyn std::error::Error + Send + Sync>| CopyError::Destination {
        name,
        directory: directory.to_owned(),
        error,
    };
    let file = tempfile::Builder::new().prefix(&format!(".{name}-")).suffix(UNFINISHED).tempfile_in(directory);
    let file = file.map_err(|error| fail(error.into()))?;
    // Whatever the umask.
    file.as_file().set_permissions(Permissions::from_mode(0o600)).map_err(|error| fail(error.into()))?;
    let written = source.connection().and_then(|from| write(from, file.path())).and_then(|mut to| change(&mut to));
    match written {
        Err(cause @ Cause::Locked) => return Err(StoreError::of_file(&named, cause).into()),
        written => written.map_err(|cause| fail(in_words(cause)))?,
    }
    let checked = read_only(file.path(), BUSY_TIMEOUT).and_then(|mut it| check::inspect(&mut it, which));
    let checked = checked.map_err(|cause| fail(in_words(cause)))?;
    if let Some(flaw) = checked.flaws.iter().find(|it| !it.is_of_trail()) {
        return Err(CopyError::Flawed { path: named, flaw: flaw.clone() });
    }
    file.as_file().sync_all().map_err(|error| fail(error.into()))?;
    Ok(Copied { file, checked })
}

/// Whether a file is an unfinished copy.
pub(super) fn is_unfinished(path: &Path) -> bool {
    let name = path.file_name().and_then(|it| it.to_str()).unwrap_or_default();
    name.ends_with(UNFINISHED) && DatabaseFile::ALL.iter().any(|it| name.starts_with(&format!(".{}-", it.file_name())))
}

/// Writes the copy, without a log, so that it can be read where nothing can be written.
fn write(from: &Connection, to: &Path) -> Result<Connection, Cause> {
    let mut to = read_write(to)?;
    let backup = Backup::new(from, &mut to)?;
    let started = std::time::Instant::now();
    loop {
        match backup.step(ALL_PAGES)? {
            StepResult::Done => break,
            _ if started.elapsed() > BUSY_TIMEOUT => return Err(Cause::Locked),
            _ => std::thread::sleep(Duration::from_millis(5)),
        }
    }
    drop(backup);
    // The header comes from the source and says that there is a log.
    read_something(&to)?;
    let mode: String = to.pragma_update_and_check(None, "journal_mode", "delete", |row| row.get(0))?;
    if mode == "delete" { Ok(to) } else { Err(Cause::Locked) }
}

fn in_words(cause: Cause) -> Box<dyn std::error::Error + Send + Sync> {
    match cause {
        Cause::Full => io::Error::from(io::ErrorKind::StorageFull).into(),
        Cause::Other(error) | Cause::Corrupt(error) => error.into(),
        Cause::CannotOpen(error) => error,
        cause => cause.into(),
    }
}
