//! The database that servers write: last-seen times and scopes, in `state.db` beside the
//! token database. Losing it loses no token.

use super::error::Cause;
use super::files::{InPlace, Location, OpenFiles};
use super::reserve::Reserve;
use super::{StoreError, connection, migrations, modes, scopes, tokens, uncreated};
use crate::model::StoredToken;
use crate::store::{LastSeen, Scope, ScopeKey, Seen, StateStore};
use rusqlite::config::DbConfig;
use rusqlite::{Connection, OptionalExtension as _, Row, Transaction, TransactionBehavior, params};
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The file's name in the database directory.
pub(super) const FILE_NAME: &str = "state.db";

/// A connection to the state database.
pub(super) struct State {
    open: Result<Open, String>,
    location: Location,
    reserve: Reserve,
}

struct Open {
    connection: Mutex<Connection>,
    files: OpenFiles,
}

impl State {
    /// Opens the state database beside a token database, and creates it if missing.
    ///
    /// # Errors
    /// When it can't be used.
    pub(super) fn open(tokens: &Location) -> Result<Self, StoreError> {
        let location = Location::of(tokens.directory().join(FILE_NAME))?;
        let open = Open::at(&location)?;
        Ok(Self { open: Ok(open), reserve: Reserve::in_directory(tokens.directory()), location })
    }

    /// Like [`Self::open`], for a server. The server may outlive these files, so it doesn't
    /// move the log into the database when it closes: the name may lead to another database by
    /// then. Decisions don't need this database, so failing to open it is only logged.
    pub(super) fn of_server(tokens: &Location) -> Self {
        let named = tokens.directory().join(FILE_NAME);
        let location = Location::of(named.clone()).unwrap_or(Location { file: named.clone(), named });
        let open = Open::at(&location).and_then(|open| {
            let set = open.lock().set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true);
            set.map_err(|error| StoreError::of_file(&location.named, error.into()))?;
            Ok(open)
        });
        let open = open.map_err(|error| {
            tracing::error!(%error, "last-seen times and scopes are not stored; to start with empty ones, move the file away and restart the server");
            error.to_string()
        });
        Self { open, reserve: Reserve::in_directory(tokens.directory()), location }
    }

    /// The last grant to a secret of the token with the number `token`. Ignores a time after
    /// `now`.
    pub(super) fn last_seen_of(
        &self,
        api_id: &str,
        token: i64,
        secret: u32,
        now: i64,
    ) -> Result<Option<Seen>, StoreError> {
        self.with_connection(|connection| last_seen(connection, api_id, token, secret, now))
    }

    /// Deletes the last-seen times of `api_ids`, and the scopes that their tokens have stored.
    pub(super) fn forget<'a>(&self, api_ids: impl Iterator<Item = &'a str>) -> Result<(), StoreError> {
        self.write(|transaction| {
            for api_id in api_ids {
                transaction.execute("DELETE FROM last_seen WHERE api_id = ?1", [api_id])?;
                transaction.execute("DELETE FROM scope WHERE api_id = ?1", [api_id])?;
            }
            Ok(())
        })
    }

    /// Copies the last-seen times and scopes of `tokens`, a database of version 0.1. Copying
    /// twice is harmless, so the token database is changed only afterwards.
    pub(super) fn take_over(&self, tokens: &Path) -> Result<(), StoreError> {
        let copy = "
            INSERT OR IGNORE INTO last_seen
                SELECT api_id, id, 1, last_seen, '' FROM old.token WHERE last_seen IS NOT NULL;
            INSERT OR IGNORE INTO scope
                SELECT realm, identifier, uuid, data, '', stored_at FROM old.scope;
            DETACH old;";
        self.with_connection(|connection| {
            connection.execute("ATTACH ?1 AS old", [tokens.to_string_lossy()])?;
            connection.execute_batch(copy)
        })
    }

    /// Recreates the reserve if there is room.
    pub(super) fn make_reserve(&self) {
        self.reserve.make();
    }

    /// Deletes the reserve; false if there is none.
    pub(super) fn give_up_reserve(&self) -> bool {
        self.reserve.give_up()
    }

    /// The requested path.
    pub(super) fn path(&self) -> &Path {
        &self.location.named
    }

    /// The path with links resolved.
    pub(super) fn file(&self) -> &Path {
        &self.location.file
    }

    /// The files that it has open; none if it can't be opened.
    pub(super) fn files(&self) -> Option<&OpenFiles> {
        self.open.as_ref().ok().map(|it| &it.files)
    }

    pub(super) fn with_connection<T>(
        &self,
        work: impl FnOnce(&Connection) -> rusqlite::Result<T>,
    ) -> Result<T, StoreError> {
        work(&self.usable()?.lock()).map_err(|error| self.error(error))
    }

    /// Runs `write` in a transaction and commits it if it succeeds. Refuses once the files
    /// were replaced.
    fn write<T>(&self, write: impl FnOnce(&Transaction<'_>) -> Result<T, Cause>) -> Result<T, StoreError> {
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
        StoreError::of_file(&self.location.named, cause.into())
    }
}

impl StateStore for State {
    fn record_last_seen(&self, times: &[LastSeen], now: i64) -> Result<(), StoreError> {
        let sql = "INSERT INTO last_seen (api_id, token, secret, at, address) VALUES (?1, ?2, ?3, ?4, ?5)
            ON CONFLICT DO UPDATE SET token = excluded.token, at = excluded.at, address = excluded.address
            WHERE token <> excluded.token OR at < excluded.at OR at > ?6";
        self.write(|transaction| {
            let mut upsert = transaction.prepare_cached(sql)?;
            for LastSeen { api_id, token, secret, seen } in times {
                let address = seen.from.map(|it| it.to_string()).unwrap_or_default();
                upsert.execute(params![api_id, token, secret, seen.at, address, now])?;
            }
            Ok(())
        })
    }

    fn last_seen(&self, tokens: &[StoredToken], now: i64) -> Result<Vec<[Option<Seen>; 2]>, StoreError> {
        self.with_connection(|connection| {
            let both = |StoredToken { api_id, id, secret, .. }: &StoredToken| {
                let of = |number| last_seen(connection, api_id, *id, number, now);
                Ok([of(secret.number)?, of(secret.number.saturating_sub(1))?])
            };
            tokens.iter().map(both).collect()
        })
    }

    fn put_scope(&self, of: ScopeKey<'_>, data: &str, api_id: &str, now: i64, most: u64) -> Result<String, StoreError> {
        let has_reserve = self.reserve.is_there();
        self.write(|transaction| {
            if !has_reserve {
                return Err(Cause::NoReserve);
            }
            scopes::put(transaction, of, data, api_id, now, most)
        })
    }

    fn scope(&self, of: ScopeKey<'_>) -> Result<Option<Scope>, StoreError> {
        self.with_connection(|connection| scopes::find(connection, of))
    }

    fn delete_scope(&self, of: ScopeKey<'_>) -> Result<bool, StoreError> {
        self.write(|transaction| Ok(scopes::delete(transaction, of)?))
    }
}

impl Open {
    fn at(location: &Location) -> Result<Self, StoreError> {
        let fail = |cause| StoreError::of_file(&location.named, cause);
        connection::create_missing(location.directory(), &location.file).map_err(|error| fail(uncreated(error)))?;
        let mut connection = connection::read_write(&location.file).map_err(fail)?;
        migrations::migrate(&mut connection, &migrations::STATE).map_err(fail)?;
        connection::use_write_ahead_log(&connection).map_err(fail)?;
        modes::warn_of_database(&location.each_file());
        let files = OpenFiles::of(location, 1)?;
        Ok(Self { connection: connection.into(), files })
    }

    /// A connection stays usable after a panic: SQLite rolls back.
    fn lock(&self) -> MutexGuard<'_, Connection> {
        self.connection.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn last_seen(
    connection: &Connection,
    api_id: &str,
    token: i64,
    secret: u32,
    now: i64,
) -> rusqlite::Result<Option<Seen>> {
    let sql = "SELECT at, address FROM last_seen WHERE api_id = ?1 AND secret = ?2 AND token = ?3 AND at <= ?4";
    let seen = |row: &Row<'_>| Ok(Seen { at: row.get(0)?, from: tokens::text(row, 1)?.parse().ok() });
    connection.prepare_cached(sql)?.query_row(params![api_id, secret, token, now], seen).optional()
}
