//! Scopes: facts that a client stores about itself once, so that its lookups need not
//! repeat them.

use super::error::Cause;
use super::{State, StoreError};
use rusqlite::{OptionalExtension as _, params};

/// A stored scope.
#[derive(Debug, PartialEq, Eq)]
pub struct Scope {
    /// Changes with the data, so that a client can tell whether it must store its data again.
    pub uuid: String,
    /// The data as it was stored.
    pub data: String,
}

/// The key of a scope: its client.
#[derive(Clone, Copy, Debug)]
pub struct ScopeKey<'a> {
    /// The kind of client, in the client's own words.
    pub realm: &'a str,
    /// The client within that kind.
    pub identifier: &'a str,
}

impl State {
    /// Stores the scope of a client on behalf of the token `api_id`, replacing an earlier one.
    /// Returns its uuid, which changes only when the data does. All scopes together may take
    /// `most` bytes, and those of one token half of that.
    ///
    /// # Errors
    /// The database can't be written, or is full ([`StoreError::is_full`]).
    pub fn store_scope(
        &self,
        of: ScopeKey<'_>,
        data: &str,
        api_id: &str,
        now: i64,
        most: u64,
    ) -> Result<String, StoreError> {
        let sql = "INSERT INTO scope (realm, identifier, uuid, data, api_id, stored_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
            ON CONFLICT DO UPDATE SET
                uuid = iif(data = excluded.data, uuid, excluded.uuid),
                data = excluded.data,
                api_id = excluded.api_id,
                stored_at = excluded.stored_at
            RETURNING uuid";
        let taken = "SELECT ifnull(sum(bytes), 0), ifnull(max(bytes) FILTER (WHERE api_id = ?1), 0) FROM scope_share";
        let uuid = uuid::Uuid::new_v4().to_string();
        let has_reserve = self.reserve.is_there();
        self.write(|transaction| {
            if !has_reserve {
                return Err(Cause::NoReserve);
            }
            let values = params![of.realm, of.identifier, uuid, data, api_id, now];
            let uuid = transaction.query_row(sql, values, |row| row.get(0))?;
            let pair = |row: &rusqlite::Row<'_>| Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?));
            let (all, own) = transaction.query_row(taken, [api_id], pair)?;
            let most = i64::try_from(most).unwrap_or(i64::MAX);
            if all > most || own > most / 2 { Err(Cause::ScopesFull(most)) } else { Ok(uuid) }
        })
    }

    /// Deletes the scope of a client; false if there was none.
    ///
    /// # Errors
    /// The database can't be written.
    pub fn delete_scope(&self, of: ScopeKey<'_>) -> Result<bool, StoreError> {
        let sql = "DELETE FROM scope WHERE realm = ?1 AND identifier = ?2";
        self.write(|act| Ok(act.execute(sql, [of.realm, of.identifier])? > 0))
    }

    /// The scope of a client, if there is one.
    ///
    /// # Errors
    /// The database can't be read.
    pub fn scope(&self, of: ScopeKey<'_>) -> Result<Option<Scope>, StoreError> {
        let sql = "SELECT uuid, data FROM scope WHERE realm = ?1 AND identifier = ?2";
        let scope = |row: &rusqlite::Row<'_>| Ok(Scope { uuid: row.get(0)?, data: row.get(1)? });
        self.with_connection(|connection| connection.query_row(sql, [of.realm, of.identifier], scope).optional())
    }
}
