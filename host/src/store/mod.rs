//! The store: what outlives the process, in two SQLite databases of one directory.
//! Administrators' acts write `tokens.db`. A server creates or migrates it at its start,
//! and only reads it while it serves. What servers write (last-seen times, scopes) is in
//! `state.db`. All SQL of the program is in this folder.
//!
//! Every act is one transaction, durable when the function returns (write-ahead log,
//! `synchronous=FULL`), and a reader sees either all of it or nothing.

mod admin;
mod audit;
mod backup;
mod changes;
mod check;
mod condition;
mod confirmed;
mod connection;
mod copy;
mod error;
mod existing;
mod files;
mod import;
mod index;
mod jerakia3;
mod kept;
mod kind;
mod last_close;
mod list;
mod migrations;
mod modes;
mod presence;
mod rehearsal;
mod reserve;
mod restore;
mod scopes;
mod state;
mod survey;
mod tokens;
mod watch;
mod watched;

pub use admin::Performed;
pub use audit::{AuditFault, AuditFilter, AuditHead};
pub use backup::{BackedUp, backup};
pub use changes::{Changes, Position};
pub use check::{Checked, Flaw, check};
pub(crate) use condition::Condition;
pub use copy::CopyError;
pub use error::StoreError;
pub use import::NotImportable;
pub use jerakia3::{Jerakia3Token, api_ids, read_jerakia3};
pub use kind::Kind;
pub use list::{Filter, Tokens};
pub use restore::{RestoreError, Restored, Restoring, restore};
pub use scopes::{Scope, ScopeKey};
pub use state::{LastSeen, Seen, State};
pub use survey::{ServerFiles, Survey, each_token};
pub use watched::{Version, View, WatchedStore};

use error::Cause;
use files::{InPlace, Location, OpenFiles};
use reserve::Reserve;
use rusqlite::Connection;
use std::path::Path;
use std::sync::Arc;

/// The token database's file name within the database directory.
pub const FILE_NAME: &str = "tokens.db";

/// An administrator's connection to the token database.
pub struct Store {
    connection: Connection,
    location: Location,
    files: OpenFiles,
    reserve: Reserve,
    /// That of the server that opened this; none: it is opened by name where it is needed.
    state: Option<Arc<State>>,
}

impl Store {
    /// Opens the database in `directory`; makes both when they are not there, the
    /// directory with mode 0700 and the files with 0600.
    ///
    /// # Errors
    /// When it can't be used. It is then left as it was.
    pub fn open(directory: &Path) -> Result<Self, StoreError> {
        let location = Location::of(directory.join(FILE_NAME))?;
        let reserve = Reserve::in_directory(location.directory());
        let connection = match open(&location) {
            // On a full disk, not even the index of the log can be made.
            Err(error) if error.is_for_want_of_room() && reserve.give_up() => open(&location)?,
            opened => opened?,
        };
        reserve.make();
        modes::warn_of_directory(location.directory());
        modes::warn_of_database(&location.each_file());
        let files = OpenFiles::of(&location, 1)?;
        Ok(Self { connection, location, files, reserve, state: None })
    }

    /// Everything that a server reads of it.
    ///
    /// # Errors
    /// The database can't be read.
    pub fn everything(&self) -> Result<Changes, StoreError> {
        changes::everything(&self.connection).map_err(|cause| self.error(cause))
    }

    /// What has changed since `position`, or everything.
    ///
    /// # Errors
    /// The database can't be read.
    pub fn changes_since(&self, position: Option<&Position>) -> Result<Changes, StoreError> {
        changes::since(&self.connection, position).map_err(|cause| self.error(cause))
    }

    /// What servers on this database write.
    ///
    /// # Errors
    /// When it can't be used.
    pub fn state(&self) -> Result<Arc<State>, StoreError> {
        self.state.clone().map_or_else(|| State::open(&self.location).map(Arc::new), Ok)
    }

    fn error(&self, cause: impl Into<Cause>) -> StoreError {
        StoreError::new(&self.location.named, cause.into())
    }
}

/// Why a running server would not see a commit to these files.
enum Unseen {
    Replaced,
    ServerOnOtherFiles(u32),
    LockFile(presence::Unreadable),
}

impl From<presence::Unreadable> for Unseen {
    fn from(unreadable: presence::Unreadable) -> Self {
        Self::LockFile(unreadable)
    }
}

impl Unseen {
    fn before(self) -> Cause {
        match self {
            Self::Replaced => Cause::ReplacedBefore,
            Self::ServerOnOtherFiles(process) => Cause::ServerOnOtherFiles(process),
            Self::LockFile(presence::Unreadable { path, error }) => Cause::LockFile { path, error },
        }
    }

    fn after(self) -> Cause {
        match self {
            Self::Replaced => Cause::ReplacedMeanwhile,
            Self::ServerOnOtherFiles(process) => Cause::ServerMissedIt(process),
            Self::LockFile(presence::Unreadable { path, error }) => Cause::LockFileAfter { path, error },
        }
    }
}

/// Checks that whoever opens the database by its name, and each running server, has the
/// same files open.
fn servers_see(location: &Location, files: &OpenFiles) -> Result<(), Unseen> {
    if files.in_place() == InPlace::No {
        return Err(Unseen::Replaced);
    }
    for directory in location.directories() {
        for server in presence::servers(directory)? {
            if server.files != presence::text(files.identities()) {
                return Err(Unseen::ServerOnOtherFiles(server.process));
            }
        }
    }
    Ok(())
}

fn open(location: &Location) -> Result<Connection, StoreError> {
    let fail = |cause| StoreError::new(&location.named, cause);
    connection::create_missing(location.directory(), &location.file).map_err(|error| fail(uncreated(error)))?;
    let mut connection = connection::read_write(&location.file).map_err(fail)?;
    let version = migrations::version(&mut connection, &migrations::TOKENS).map_err(fail)?;
    if (1..migrations::TOKENS.newest()).contains(&version) {
        no_older_server(location, &mut connection).map_err(fail)?;
    }
    if (1..=migrations::TOKENS_WITH_STATE).contains(&version) {
        migrations::migrate_to(&mut connection, &migrations::TOKENS, migrations::TOKENS_WITH_STATE).map_err(fail)?;
        State::open(location)?.take_over(&location.file)?;
    }
    migrations::migrate(&mut connection, &migrations::TOKENS).map_err(fail)?;
    connection::use_write_ahead_log(&connection).map_err(fail)?;
    Ok(connection)
}

/// Checks, before the database is migrated, that no server of an older version is running,
/// which would not know what the new columns limit.
fn no_older_server(location: &Location, connection: &mut Connection) -> Result<(), Cause> {
    for directory in location.directories() {
        let servers = presence::servers(directory).map_err(|it| Unseen::from(it).before())?;
        // One of this version migrates the database before it announces itself.
        if let Some(server) = servers.first()
            && migrations::version(connection, &migrations::TOKENS)? < migrations::TOKENS.newest()
        {
            return Err(Cause::OlderServer(server.process));
        }
    }
    Ok(())
}

fn uncreated(error: std::io::Error) -> Cause {
    match error.kind() {
        std::io::ErrorKind::PermissionDenied | std::io::ErrorKind::ReadOnlyFilesystem => Cause::ReadOnly,
        _ => Cause::CannotOpen(error.into()),
    }
}
