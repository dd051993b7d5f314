//! `jerakia db restore`: replaces an unused database by a backup.

use super::check::{self, Checked, Flaw};
use super::connection::{create_directory, read_something, read_write};
use super::copy::{Copied, CopyError, copy};
use super::error::Cause;
use super::existing::Existing;
use super::files::{Identity, Location};
use super::replaced::ReplacedDatabase;
use super::{DatabaseFile, StoreError, Unseen, audit, migrations, presence, uncreated};
use crate::admin::{Actor, NewAuditEntry};
use rusqlite::{Connection, params};
use rustix::fs::{FlockOperation, fcntl_lock};
use rustix::io::Errno;
use serde_json::json;
use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind};
use std::os::unix::fs::{MetadataExt as _, chown};
use std::path::{Path, PathBuf};

/// A restore.
#[derive(Debug)]
pub struct Restoring<'a> {
    /// The backup of either database.
    pub file: &'a Path,
    /// Whether to take tokens whose audit trail was edited.
    pub with_edited_trail: bool,
    /// Who performs it.
    pub actor: &'a Actor,
    /// When, in seconds since the epoch.
    pub at: i64,
}

/// The result of a restore.
#[derive(Debug)]
pub struct Restored {
    /// Which database.
    pub which: DatabaseFile,
    /// Where it is.
    pub path: PathBuf,
    /// The check of the restored database.
    pub checked: Checked,
    /// The new path of the replaced database.
    pub kept: Option<PathBuf>,
}

/// Why nothing was restored. Nothing has changed.
#[derive(Debug, thiserror::Error)]
pub enum RestoreError {
    /// A running server would continue with the old file.
    #[error("The database {} is used by a running server (process {process}): nothing was changed; stop the server, then repeat the command", path.display())]
    Server {
        /// The database.
        path: PathBuf,
        /// The server.
        process: u32,
    },
    /// Another program would continue with the old file.
    #[error("The database {} is used by another process: nothing was changed; repeat the command when that has ended (`fuser -v` on that file names it)", .0.display())]
    InUse(PathBuf),
    /// The file is not a backup of ours.
    #[error("can't restore {}: it {why}", path.display())]
    Unusable {
        /// The backup.
        path: PathBuf,
        /// What it is, and what to do.
        why: String,
    },
    /// The backup has a flaw.
    #[error("can't restore {}: it {flaw}; take another backup", path.display())]
    Flawed {
        /// The backup.
        path: PathBuf,
        /// The first one.
        flaw: Flaw,
    },
    /// The audit trail was edited, in the backup or before.
    #[error("can't restore {}: it {flaw}; take another backup, or repeat the command with --with-edited-trail", path.display())]
    EditedTrail {
        /// The backup.
        path: PathBuf,
        /// What is wrong with its audit trail.
        flaw: Flaw,
    },
    /// It can't be copied.
    #[error("{0}")]
    Copy(#[from] CopyError),
    /// The database can't be replaced.
    #[error("{0}")]
    Store(#[from] StoreError),
}

/// Replaces the database in `directory` by a backup, and keeps the replaced one under a name with
/// the time. Restored tokens have a new journal, so that a server that remembers a position in the
/// old one reads everything. Their audit trail gets an entry for the restore.
///
/// # Errors
/// See [`RestoreError`].
pub fn restore(directory: &Path, restoring: &Restoring<'_>) -> Result<Restored, RestoreError> {
    let tokens = DatabaseFile::Tokens.location(directory)?;
    refuse_servers(&tokens)?;
    let (mut source, which) = open_backup(restoring)?;
    let location = which.location(directory)?;
    let fail = |cause: Cause| StoreError::of_file(&location.named, cause);
    create_directory(location.directory()).map_err(|error| fail(uncreated(error)))?;
    let last_number = last_number(directory);
    let Copied { file: new, checked } = copy(&mut source, which, location.directory(), |copy| match which {
        DatabaseFile::Tokens => begin_lineage(copy, last_number, restoring),
        DatabaseFile::State => Ok(()),
    })?;
    give_to_owner(new.path(), &location).map_err(|error| fail(error.into()))?;
    drop(source);
    move_log(&location);
    let held = hold(&location)?;
    // A server that has started since has announced itself, or can't open the locked database.
    refuse_servers(&tokens)?;
    let kept = ReplacedDatabase::aside(&location.file).map_err(|error| fail(error.into()))?;
    let placed = match held {
        Some(_) => new.persist(&location.file),
        None => new.persist_noclobber(&location.file),
    };
    if let Err(error) = placed {
        kept.put_back(&location.file);
        return Err(fail(error.error.into()).into());
    }
    File::open(location.directory()).and_then(|it| it.sync_all()).map_err(|error| fail(error.into()))?;
    Ok(Restored { which, path: location.named, checked, kept: Some(kept.0).filter(|it| it.exists()) })
}

fn refuse_servers(tokens: &Location) -> Result<(), RestoreError> {
    let unseen = |it: presence::Unreadable| StoreError::of_file(&tokens.named, Unseen::from(it).before());
    for directory in tokens.directories().into_iter().filter(|it| it.exists()) {
        if let Some(server) = presence::servers(directory).map_err(unseen)?.first() {
            return Err(RestoreError::Server { path: tokens.named.clone(), process: server.process });
        }
    }
    Ok(())
}

/// Opens a backup, and refuses other files and flawed backups.
fn open_backup(restoring: &Restoring<'_>) -> Result<(Existing, DatabaseFile), RestoreError> {
    let file = restoring.file;
    let unusable = |cause| RestoreError::Unusable { path: file.to_owned(), why: why_unusable(cause) };
    let location = Location::of(file.to_owned())?;
    let mut source = Existing::open(location).map_err(unusable)?;
    let opened = source.connection().and_then(|connection| {
        let which = match migrations::version(connection, DatabaseFile::Tokens.schema()) {
            Err(Cause::Foreign) => DatabaseFile::State,
            tokens => tokens.map(|_| DatabaseFile::Tokens)?,
        };
        Ok((which, check::inspect(connection, which)?))
    });
    let (which, checked) = opened.map_err(unusable)?;
    let allowed = |it: &Flaw| restoring.with_edited_trail && it.is_of_trail();
    match checked.flaws.into_iter().find(|it| !allowed(it)) {
        Some(flaw) if flaw.is_of_trail() => Err(RestoreError::EditedTrail { path: file.to_owned(), flaw }),
        Some(flaw) => Err(RestoreError::Flawed { path: file.to_owned(), flaw }),
        None => Ok((source, which)),
    }
}

fn why_unusable(cause: Cause) -> String {
    let advice = "name a tokens.db or state.db that `jerakia db backup` has written";
    match cause {
        Cause::Missing => format!("is not there: {advice}"),
        Cause::NotADatabase | Cause::Foreign => format!("is not a database of this program: {advice}"),
        Cause::OfJerakia3 => {
            format!("is a database of Jerakia 3: take it over with `jerakia token import`, or {advice}")
        }
        Cause::Corrupt(error) => format!("is damaged ({error}): take another backup"),
        cause => cause.to_string(),
    }
}

/// The highest number of a token with a last-seen time in this directory. Tokens that are made
/// after the restore get higher ones, so that no last-seen time of another token becomes theirs.
fn last_number(directory: &Path) -> i64 {
    let state = DatabaseFile::State.location(directory).ok().and_then(|it| Existing::open(it).ok());
    let sql = "SELECT ifnull(max(token), 0) FROM last_seen";
    let number = state.and_then(|mut it| it.connection().ok()?.query_row(sql, [], |row| row.get(0)).ok());
    number.unwrap_or_default()
}

/// Replaces the journal by one row with a new mark, so that it has no position that a server
/// remembers. A copy without a journal gets a new one when it is migrated.
fn begin_lineage(copy: &mut Connection, last_number: i64, restoring: &Restoring<'_>) -> Result<(), Cause> {
    let version = migrations::version(copy, DatabaseFile::Tokens.schema())?;
    let transaction = copy.transaction()?;
    let numbers = "UPDATE sqlite_sequence SET seq = max(seq, ?1) WHERE name = 'token'";
    if transaction.execute(numbers, params![last_number])? == 0 {
        transaction.execute("INSERT INTO sqlite_sequence (name, seq) VALUES ('token', ?1)", params![last_number])?;
    }
    if version > migrations::TOKENS_WITH_STATE {
        transaction.execute_batch("DELETE FROM journal; INSERT INTO journal (api_id) VALUES ('');")?;
    }
    if version >= migrations::TOKENS_WITH_AUDIT && !restoring.with_edited_trail {
        let changed = json!({ "backup": [null, restoring.file.to_string_lossy()] }).to_string();
        let (at, actor) = (restoring.at, restoring.actor);
        audit::append(
            &transaction,
            NewAuditEntry { at, actor, act: "restore", api_id: "", changed, outcome: "done", request_id: None },
        )?;
    }
    Ok(transaction.commit()?)
}

/// Gives the new file to the owner of the old one: root can restore for the server's user.
fn give_to_owner(new: &Path, location: &Location) -> io::Result<()> {
    let owner = fs::metadata(&location.file).or_else(|_| fs::metadata(location.directory()))?;
    if fs::metadata(new)?.uid() == owner.uid() {
        return Ok(());
    }
    chown(new, Some(owner.uid()), Some(owner.gid()))
}

/// Moves the log of a killed process into the database, as the next command would, so that one
/// file has everything. If the database is too damaged for that, the log is kept beside it.
fn move_log(location: &Location) {
    if location.file.exists()
        && let Err(error) = read_write(&location.file).and_then(|it| Ok(read_something(&it)?))
    {
        tracing::debug!(%error, "the log of {} is kept beside it", location.file.display());
    }
}

/// Locks the database against all other processes: it excludes the locks of SQLite's connections,
/// which are on bytes of the file. Works for damaged files, too. While the lock is held this
/// process must not open the file again: closing it would drop the lock (POSIX). None if there is
/// no file.
fn hold(location: &Location) -> Result<Option<File>, RestoreError> {
    let fail = |error: io::Error| RestoreError::from(StoreError::of_file(&location.named, uncreated(error)));
    let file = match OpenOptions::new().read(true).write(true).open(&location.file) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        opened => opened.map_err(fail)?,
    };
    match fcntl_lock(&file, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => {}
        Err(Errno::AGAIN | Errno::ACCESS) => return Err(RestoreError::InUse(location.named.clone())),
        Err(error) => return Err(fail(error.into())),
    }
    let same = fs::metadata(&location.file).map(|it| Identity::of(&it)).map_err(fail)?;
    if same != Identity::of(&file.metadata().map_err(fail)?) {
        return Err(RestoreError::InUse(location.named.clone()));
    }
    Ok(Some(file))
}
