//! Why a database can't be used, worded for its administrator.

use crate::store::StoreError;
use rusqlite::{ErrorCode, ffi};
use rustix::fs::statvfs;
use std::path::{Path, PathBuf};

#[derive(Debug, thiserror::Error)]
pub(super) enum Cause {
    #[error("is locked by another process: try again, or find that process with `fuser -v` on the file")]
    Locked,
    #[error(
        "can't be written: give the user that runs jerakia write permission on the file and on the directory that it is in"
    )]
    ReadOnly,
    #[error("is not there: name its directory with --databasedir, or create a token")]
    Missing,
    #[error("can't be opened: see that its directory exists and that the user that runs jerakia may use it ({0})")]
    CannotOpen(#[source] Box<dyn std::error::Error + Send + Sync>),
    #[error("is damaged ({0}): restore a backup, or save what can be read with `sqlite3 <file> .recover`")]
    Corrupt(#[source] rusqlite::Error),
    #[error("is not a database: move the file away, or name another directory with --databasedir")]
    NotADatabase,
    #[error("belongs to another program: name another directory with --databasedir")]
    Foreign,
    #[error(
        "was written by Jerakia 3, which stores tokens in another format: rename the file, and take its tokens over with `jerakia token import <file>`; they work unchanged"
    )]
    OfJerakia3,
    #[error(
        "is not there, or not one of Jerakia 3: name the tokens.db in the directory that Jerakia 3 has as its databasedir"
    )]
    NotOfJerakia3,
    #[error("has more than {0} tokens: copy it, and delete some in each copy (table jerakia_server_auth_tokens)")]
    TooManyOfJerakia3(usize),
    #[error(
        "has schema version {found} and was written by a newer jerakia: this one knows versions up to {known}; use the newer one"
    )]
    Newer { found: i32, known: usize },
    #[error("has no room to grow: free some space on its disk, or some inodes")]
    Full,
    #[error("can't be shared between processes on this file system (no write-ahead log): put it on a local disk")]
    NoWal,
    #[error("was moved, replaced or deleted, or its -wal or -shm file was, while it was open: restart the server")]
    Replaced,
    #[error(
        "was moved, replaced or deleted, or its -wal or -shm file was, while this command ran: nothing was changed; repeat the command"
    )]
    ReplacedBefore,
    #[error(
        "was moved, replaced or deleted, or its -wal or -shm file was, while this command ran: the change may be lost; check `jerakia token list`, and repeat the command"
    )]
    ReplacedMeanwhile,
    #[error(
        "is used by a running server (process {0}) whose files were moved, replaced or deleted since it opened them, so that it would not see this change: nothing was changed; restart that server, then repeat the command"
    )]
    ServerOnOtherFiles(u32),
    #[error(
        "is used by a server (process {0}) that started on other files while this command ran: the change is stored, but that server does not see it; restart it; a token that this command created is lost: run `jerakia token regenerate`"
    )]
    ServerMissedIt(u32),
    #[error(
        "has {0} hard links, and programs that open it by different names would not see each other's changes: remove the other names (`find <disk> -samefile <file>` lists them)"
    )]
    HardLinks(u64),
    #[error(
        "is mounted by itself, and programs that open it by its other name would not see each other's changes: mount its directory instead"
    )]
    MountPoint,
    #[error("is a symbolic link that leads nowhere: mend or remove the link ({0})")]
    DanglingLink(std::io::Error),
    #[error(
        "did not note the change in its journal, since its triggers are gone, so that servers would not see it: nothing was changed; restore a backup, or create new tokens in another directory"
    )]
    NoJournal,
    #[error(
        "has lost the ends of its audit trail (table audit_ends), so that no act can be added to it: nothing was changed; restore a backup"
    )]
    NoTrail,
    #[error(
        "is used by a running server (process {0}) of an older jerakia, which would ignore ends and grants of tokens: nothing was changed; stop that server, then repeat the command"
    )]
    OlderServer(u32),
    #[error(
        "is used by a running server (process {0}), and what it does meanwhile would not be copied: nothing was copied; stop it, then repeat the command"
    )]
    ServerRuns(u32),
    #[error("may be used by a server whose lock file {} can't be read ({error}): run the command as the user that runs the server", path.display())]
    LockFile { path: PathBuf, error: std::io::Error },
    #[error(
        "may be used by a server whose lock file {} can't be read ({error}): the change is stored, but that server may not see it; restart it; a token that this command created is lost: run `jerakia token regenerate`",
        path.display()
    )]
    LockFileAfter { path: PathBuf, error: std::io::Error },
    #[error(
        "could not be opened when the server started ({0}): last-seen times and scopes are not stored; move the file away, which loses no token, and restart the server"
    )]
    Unusable(String),
    #[error(
        "is full: scopes may take {0} bytes, half of them those of one token: delete some (DELETE /v1/scope/<realm>/<identifier>, or the token that stored them), or raise server.max_scopes_size"
    )]
    ScopesFull(i64),
    #[error("takes no scopes while its disk is nearly full: free some space on it")]
    NoReserve,
    #[error("can't be read: {0}")]
    Io(#[from] std::io::Error),
    #[error("failed: {0}")]
    Other(#[source] rusqlite::Error),
}

impl StoreError {
    /// An error of the database file `path`.
    pub(super) fn of_file(path: &Path, cause: Cause) -> Self {
        // SQLite reports some writes to a full disk as other errors.
        let cause = if cause.may_be_for_want_of_room() && is_full(path) { Cause::Full } else { cause };
        let full = matches!(cause, Cause::ScopesFull(_) | Cause::NoReserve | Cause::Full);
        Self::new(path, full, cause.in_short(), cause)
    }

    /// Whether it failed because its disk is full.
    pub(super) fn is_for_want_of_room(&self) -> bool {
        matches!(self.cause(), Some(Cause::Full)) && is_full(Path::new(self.database()))
    }
}

impl Cause {
    /// In words for everybody: they name no file.
    fn in_short(&self) -> &'static str {
        match self {
            Self::Full | Self::NoReserve => "the disk is full",
            Self::ScopesFull(_) => "scopes may take no more room",
            Self::Locked => "the database is locked by another process",
            Self::ReadOnly => "the database can't be written",
            Self::Corrupt(_) | Self::NotADatabase => "the database is damaged",
            Self::NoJournal | Self::NoTrail => "the database has lost its journal or its audit trail",
            Self::Replaced | Self::ReplacedBefore | Self::ReplacedMeanwhile => {
                "the database was replaced: restart the server"
            }
            Self::ServerOnOtherFiles(_) | Self::ServerMissedIt(_) => "another server runs on replaced files",
            _ => "the database can't be used",
        }
    }

    fn may_be_for_want_of_room(&self) -> bool {
        match self {
            Self::CannotOpen(_) => true,
            Self::Other(error) => error.sqlite_error_code() == Some(ErrorCode::SystemIoFailure),
            Self::Io(error) => error.kind() == std::io::ErrorKind::StorageFull,
            _ => false,
        }
    }
}

/// Whether the disk of `path`, links followed, has almost no space or inodes left. A file
/// system without inodes reports 0 of 0.
pub(super) fn is_full(path: &Path) -> bool {
    const HARDLY_ANY: u64 = 256 << 10;
    let directory = path.parent().unwrap_or(Path::new("."));
    statvfs(path)
        .or_else(|_| statvfs(directory))
        .is_ok_and(|it| it.f_bavail.saturating_mul(it.f_frsize) < HARDLY_ANY || it.f_files > 0 && it.f_favail < 3)
}

impl From<rusqlite::Error> for Cause {
    fn from(error: rusqlite::Error) -> Self {
        if error.sqlite_error().is_some_and(|it| it.extended_code == ffi::SQLITE_READONLY_DBMOVED) {
            return Self::Replaced;
        }
        match error.sqlite_error_code() {
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Self::Locked,
            Some(ErrorCode::ReadOnly | ErrorCode::PermissionDenied) => Self::ReadOnly,
            Some(ErrorCode::CannotOpen) => Self::CannotOpen(error.into()),
            Some(ErrorCode::DatabaseCorrupt) => Self::Corrupt(error),
            Some(ErrorCode::NotADatabase) => Self::NotADatabase,
            Some(ErrorCode::DiskFull) => Self::Full,
            _ => Self::Other(error),
        }
    }
}
