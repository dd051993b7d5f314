//! Reads everything that the databases of a directory hold, for a copy into another engine.

use super::error::Cause;
use super::state::State;
use super::{FILE_NAME, SqliteAdmin, audit, presence, tokens};
use crate::admin::AuditEntry;
use crate::model::StoredToken;
use crate::store::scope::StoredScope;
use crate::store::{AuditEnds, AuditFilter, LastSeen, Seen, StoreError};
use rusqlite::{Connection, Row, Transaction, params};
use std::path::Path;

/// How many rows are read at a time.
const PAGE: usize = 1_000;

/// How many scopes are read at a time: one can have some MiB.
const PAGE_OF_SCOPES: usize = 10;

/// The databases of a directory that no server uses.
pub(in crate::store) struct Export {
    admin: SqliteAdmin,
}

/// One view of the tokens and their trail.
pub(in crate::store) struct ExportView<'a> {
    view: Transaction<'a>,
    admin: &'a SqliteAdmin,
}

impl Export {
    /// Opens the databases in `directory`, and migrates them.
    ///
    /// # Errors
    /// There are none, a server runs on them, or they can't be used.
    pub(in crate::store) fn open(directory: &Path) -> Result<Self, StoreError> {
        let file = directory.join(FILE_NAME);
        if !file.exists() {
            return Err(StoreError::of_file(&file, Cause::Missing));
        }
        let admin = SqliteAdmin::open(directory)?;
        for directory in admin.location.directories() {
            let servers = presence::servers(directory).map_err(|it| admin.error(super::Unseen::from(it).before()))?;
            if let Some(server) = servers.first() {
                return Err(admin.error(Cause::ServerRuns(server.process)));
            }
        }
        Ok(Self { admin })
    }

    /// A view of them, in which nothing changes.
    pub(in crate::store) fn view(&self) -> Result<ExportView<'_>, StoreError> {
        let view = self.admin.connection.unchecked_transaction().map_err(|error| self.admin.error(error))?;
        Ok(ExportView { view, admin: &self.admin })
    }
}

impl ExportView<'_> {
    /// The tokens after `api_id`; empty after the last one.
    pub(in crate::store) fn tokens(&self, after: Option<&str>) -> Result<Vec<StoredToken>, StoreError> {
        self.read(tokens::page(&self.view, after, PAGE))
    }

    /// The highest number that a token ever had.
    pub(in crate::store) fn last_number(&self) -> Result<i64, StoreError> {
        let sql = "SELECT max(ifnull((SELECT seq FROM sqlite_sequence WHERE name = 'token'), 0),
            ifnull((SELECT max(id) FROM token), 0))";
        self.read(self.view.query_row(sql, [], |row| row.get(0)))
    }

    /// The entries of the audit trail after the one with the number `after`.
    pub(in crate::store) fn entries(&self, after: i64) -> Result<Vec<AuditEntry>, StoreError> {
        self.read(audit::page(&self.view, &AuditFilter { after, ..AuditFilter::default() }, PAGE))
    }

    /// The ends of the audit trail; none if somebody removed them.
    pub(in crate::store) fn ends(&self) -> Result<Option<AuditEnds>, StoreError> {
        self.read(audit::ends(&self.view))
    }

    /// The last-seen times after those of the API ID and the secret `after`.
    pub(in crate::store) fn last_seen(&self, (api_id, secret): (&str, i64)) -> Result<Vec<LastSeen>, StoreError> {
        let sql = "SELECT api_id, token, secret, at, address FROM last_seen
            WHERE (api_id, secret) > (?1, ?2) ORDER BY api_id, secret LIMIT ?3";
        self.state(|connection| {
            let mut select = connection.prepare_cached(sql)?;
            select.query_map(params![api_id, secret, PAGE as i64], last_seen)?.collect()
        })
    }

    /// The scopes after that of the realm and the identifier `after`.
    pub(in crate::store) fn scopes(&self, (realm, identifier): (&str, &str)) -> Result<Vec<StoredScope>, StoreError> {
        let sql = "SELECT realm, identifier, uuid, data, api_id, stored_at FROM scope
            WHERE (realm, identifier) > (?1, ?2) ORDER BY realm, identifier LIMIT ?3";
        self.state(|connection| {
            let mut select = connection.prepare_cached(sql)?;
            select.query_map(params![realm, identifier, PAGE_OF_SCOPES as i64], scope)?.collect()
        })
    }

    fn state<T>(&self, read: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> Result<T, StoreError> {
        let state: std::sync::Arc<State> = self.admin.opened_state()?;
        state.with_connection(read)
    }

    fn read<T>(&self, read: rusqlite::Result<T>) -> Result<T, StoreError> {
        read.map_err(|error| self.admin.error(error))
    }
}

fn last_seen(row: &Row<'_>) -> rusqlite::Result<LastSeen> {
    let seen = Seen { at: row.get(3)?, from: tokens::text(row, 4)?.parse().ok() };
    Ok(LastSeen { api_id: tokens::text(row, 0)?.into(), token: row.get(1)?, secret: row.get(2)?, seen })
}

fn scope(row: &Row<'_>) -> rusqlite::Result<StoredScope> {
    Ok(StoredScope {
        realm: row.get(0)?,
        identifier: row.get(1)?,
        uuid: row.get(2)?,
        data: row.get(3)?,
        api_id: row.get(4)?,
        stored_at: row.get(5)?,
    })
}
