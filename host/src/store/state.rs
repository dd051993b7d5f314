//! What servers write: last-seen times and scopes, in `state.db` beside the token
//! database. Losing it loses no token.

use super::error::Cause;
use super::files::{InPlace, Location, OpenFiles};
use super::reserve::Reserve;
use super::{StoreError, connection, migrations, modes, uncreated};
use rusqlite::config::DbConfig;
use rusqlite::{Connection, OptionalExtension as _, Transaction, TransactionBehavior, params};
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The file's name in the database directory.
pub(super) const FILE_NAME: &str = "state.db";

/// When a token was last granted something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LastSeen {
    /// The API ID.
    pub api_id: Box<str>,
    /// The store's number of the token: an API ID that is made anew has another.
    pub token: i64,
    /// When, in seconds since the epoch.
    pub at: i64,
}

/// A connection to the state database.
pub struct State {
    open: Result<Open, String>,
    location: Location,
    pub(super) reserve: Reserve,
}

struct Open {
    connection: Mutex<Connection>,
    files: OpenFiles,
}

impl State {
    /// Opens the state database that belongs to a token database; makes it where it
    /// isn't there.
    ///
    /// # Errors
    /// When it can't be used.
    pub(super) fn open(tokens: &Location) -> Result<Self, StoreError> {
        let location = Location::of(tokens.directory().join(FILE_NAME))?;
        let open = Open::at(&location)?;
        Ok(Self { open: Ok(open), reserve: Reserve::in_directory(tokens.directory()), location })
    }

    /// The same for a server. It may outlive its files, so it never moves the log into the
    /// database when it closes: the database may be another one by then. And it decides
    /// without what is in here, so one that can't be opened is only reported.
    pub(super) fn of_server(tokens: &Location) -> Self {
        let named = tokens.directory().join(FILE_NAME);
        let location = Location::of(named.clone()).unwrap_or(Location { file: named.clone(), named });
        let open = Open::at(&location).and_then(|open| {
            let set = open.lock().set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true);
            set.map_err(|error| StoreError::new(&location.named, error.into()))?;
            Ok(open)
        });
        let open = open.map_err(|error| {
            tracing::error!(%error, "last-seen times and scopes are not stored; to lose them and go on, move the file away and restart the server");
            error.to_string()
        });
        Self { open, reserve: Reserve::in_directory(tokens.directory()), location }
    }

    /// Stores when tokens were last seen, in one transaction. An earlier time never
    /// replaces a later one, which another server may have seen, unless that one is in
    /// the future: some clock was wrong.
    ///
    /// # Errors
    /// The database can't be written; then nothing was.
    pub fn record_last_seen(&self, times: &[LastSeen], now: i64) -> Result<(), StoreError> {
        let sql = "INSERT INTO last_seen (api_id, token, at) VALUES (?1, ?2, ?3)
            ON CONFLICT DO UPDATE SET token = excluded.token, at = excluded.at
            WHERE token <> excluded.token OR at < excluded.at OR at > ?4";
        self.write(|transaction| {
            let mut upsert = transaction.prepare_cached(sql)?;
            for LastSeen { api_id, token, at } in times {
                upsert.execute(params![api_id, token, at, now])?;
            }
            Ok(())
        })
    }

    /// When each of `tokens`, API ID and number, was last seen. Times after `now` are left
    /// out.
    pub(super) fn last_seen<'a>(
        &self,
        tokens: impl Iterator<Item = (&'a str, i64)>,
        now: i64,
    ) -> Result<Vec<Option<i64>>, StoreError> {
        let sql = "SELECT at FROM last_seen WHERE api_id = ?1 AND token = ?2 AND at <= ?3";
        self.with_connection(|connection| {
            let mut select = connection.prepare_cached(sql)?;
            tokens
                .map(|(api_id, token)| select.query_row(params![api_id, token, now], |row| row.get(0)).optional())
                .collect()
        })
    }

    /// Forgets when the token of an API ID was last seen, and the scopes that it has stored.
    pub(super) fn forget(&self, api_id: &str) -> Result<(), StoreError> {
        self.write(|transaction| {
            transaction.execute("DELETE FROM last_seen WHERE api_id = ?1", [api_id])?;
            transaction.execute("DELETE FROM scope WHERE api_id = ?1", [api_id])?;
            Ok(())
        })
    }

    /// Copies the last-seen times and scopes that `tokens`, written by version 0.1, holds.
    /// Doing it twice is harmless, so the token database is changed only afterwards.
    pub(super) fn take_over(&self, tokens: &Path) -> Result<(), StoreError> {
        let copy = "
            INSERT OR IGNORE INTO last_seen
                SELECT api_id, id, last_seen FROM old.token WHERE last_seen IS NOT NULL;
            INSERT OR IGNORE INTO scope
                SELECT realm, identifier, uuid, data, '', stored_at FROM old.scope;
            DETACH old;";
        self.with_connection(|connection| {
            connection.execute("ATTACH ?1 AS old", [tokens.to_string_lossy()])?;
            connection.execute_batch(copy)
        })
    }

    /// Makes the reserve again, where there is room.
    pub fn make_reserve(&self) {
        self.reserve.make();
    }

    /// Gives up the room in reserve; false where there is none.
    pub(super) fn give_up_reserve(&self) -> bool {
        self.reserve.give_up()
    }

    /// Where it is.
    pub(super) fn path(&self) -> &Path {
        &self.location.named
    }

    /// The database itself, links resolved.
    pub(super) fn file(&self) -> &Path {
        &self.location.file
    }

    /// The files that it has open; none where it could not be opened.
    pub(super) fn files(&self) -> Option<&OpenFiles> {
        self.open.as_ref().ok().map(|it| &it.files)
    }

    /// Runs `work` on the connection.
    pub(super) fn with_connection<T>(
        &self,
        work: impl FnOnce(&Connection) -> rusqlite::Result<T>,
    ) -> Result<T, StoreError> {
        work(&self.usable()?.lock()).map_err(|error| self.error(error))
    }

    /// Runs `write` in a transaction, and commits it if it succeeds. Never writes once the
    /// files are not the ones that were opened.
    pub(super) fn write<T>(&self, write: impl FnOnce(&Transaction<'_>) -> Result<T, Cause>) -> Result<T, StoreError> {
        let open = self.usable()?;
        let mut connection = open.lock();
        let written = (|| {
            let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            if open.files.in_place() == InPlace::No {
                return Err(Cause::Replaced);
            }
            let value = write(&transaction)?;
            transaction.commit()?;
            Ok(value)
        })();
        written.map_err(|cause| self.error(cause))
    }

    fn usable(&self) -> Result<&Open, StoreError> {
        self.open.as_ref().map_err(|reason| self.error(Cause::Unusable(reason.clone())))
    }

    fn error(&self, cause: impl Into<Cause>) -> StoreError {
        StoreError::new(&self.location.named, cause.into())
    }
}

impl Open {
    fn at(location: &Location) -> Result<Self, StoreError> {
        let fail = |cause| StoreError::new(&location.named, cause);
        connection::create_missing(location.directory(), &location.file).map_err(|error| fail(uncreated(error)))?;
        let mut connection = connection::read_write(&location.file).map_err(fail)?;
        migrations::migrate(&mut connection, &migrations::STATE).map_err(fail)?;
        connection::use_write_ahead_log(&connection).map_err(fail)?;
        modes::warn_of_database(&location.each_file());
        let files = OpenFiles::of(location, 1)?;
        Ok(Self { connection: connection.into(), files })
    }

    /// A connection stays usable when a thread panicked with it: SQLite rolls back.
    fn lock(&self) -> MutexGuard<'_, Connection> {
        self.connection.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
