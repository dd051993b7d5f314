//! The embedded engine: two SQLite databases in one directory, for servers and commands on one
//! machine. Administrators' acts write `tokens.db`. A server creates or migrates it at its start,
//! and only reads it while it serves. What servers write (last-seen times, scopes) is in
//! `state.db`.
//!
//! Durable when a function returns: write-ahead log, `synchronous=FULL`.

mod admin;
mod audit;
mod backup;
mod changes;
mod check;
mod confirmed;
mod connection;
mod copy;
mod database_file;
mod error;
mod existing;
mod export;
mod files;
mod index;
mod jerakia3;
mod last_close;
mod migrations;
mod modes;
mod ownership;
mod presence;
mod rehearsal;
mod replaced;
mod reserve;
mod restore;
mod scopes;
mod server;
mod state;
mod survey;
mod tokens;
mod watch;

pub use backup::{BackedUp, backup};
pub use check::{Checked, Flaw, check};
pub use copy::CopyError;
pub use database_file::DatabaseFile;
pub(super) use export::{Export, ExportView};
pub use jerakia3::{api_ids, read_jerakia3};
pub use restore::{RestoreError, Restored, Restoring, restore};
pub use server::SqliteServer;
pub use survey::{ServerFiles, Survey, api_ids_beginning, each_token};

use super::StoreError;
use error::Cause;
use files::{InPlace, Location, OpenFiles};
use reserve::Reserve;
use rusqlite::Connection;
use state::State;
use std::path::Path;
use std::sync::{Arc, OnceLock};

/// The token database's file name within the database directory.
pub const FILE_NAME: &str = "tokens.db";

/// An administrator's connection to the token database.
pub struct SqliteAdmin {
    connection: Connection,
    location: Location,
    files: OpenFiles,
    reserve: Reserve,
    /// That of the server that opened this, or opened by name where it is first needed.
    state: OnceLock<Arc<State>>,
}

impl SqliteAdmin {
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
        Ok(Self { connection, location, files, reserve, state: OnceLock::new() })
    }

    fn opened_state(&self) -> Result<Arc<State>, StoreError> {
        opened(&self.state, &self.location)
    }

    fn error(&self, cause: impl Into<Cause>) -> StoreError {
        StoreError::of_file(&self.location.named, cause.into())
    }
}

/// The state database, opened beside `tokens` if it is not yet.
fn opened(state: &OnceLock<Arc<State>>, tokens: &Location) -> Result<Arc<State>, StoreError> {
    if let Some(state) = state.get() {
        return Ok(state.clone());
    }
    let opened = Arc::new(State::open(tokens)?);
    Ok(state.get_or_init(|| opened).clone())
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
    let fail = |cause| StoreError::of_file(&location.named, cause);
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
