//! Scopes: what a client says of itself once, so that its lookups need not repeat it.

use super::error::Cause;
use super::{State, StoreError};
use rusqlite::{OptionalExtension as _, params};

/// A stored scope.
#[derive(Debug, PartialEq, Eq)]
pub struct Scope {
    /// Changes with the data: a client that remembers it knows whether it must store its
    /// data again.
    pub uuid: String,
    /// The data, as it was stored.
    pub data: String,
}

impl State {
    /// Stores the scope of a client, in place of what was there. The answer is its uuid,
    /// which stays when the data does. All scopes together may take `most` bytes.
    ///
    /// # Errors
    /// The database can't be written, or is full ([`StoreError::is_full`]).
    pub fn store_scope(
        &self,
        realm: &str,
        identifier: &str,
        data: &str,
        now: i64,
        most: u64,
    ) -> Result<String, StoreError> {
        let sql = "INSERT INTO scope (realm, identifier, uuid, data, stored_at) VALUES (?1, ?2, ?3, ?4, ?5)
            ON CONFLICT DO UPDATE SET
                uuid = iif(data = excluded.data, uuid, excluded.uuid),
                data = excluded.data,
                stored_at = excluded.stored_at
            RETURNING uuid";
        let uuid = uuid::Uuid::new_v4().to_string();
        let has_reserve = self.ballast.is_there();
        self.write(|transaction| {
            if !has_reserve {
                return Err(Cause::NoReserve);
            }
            let uuid = transaction.query_row(sql, params![realm, identifier, uuid, data, now], |row| row.get(0))?;
            let total: i64 = transaction.query_row("SELECT bytes FROM scope_total", [], |row| row.get(0))?;
            if u64::try_from(total).is_ok_and(|it| it > most) { Err(Cause::ScopesFull(most)) } else { Ok(uuid) }
        })
    }

    /// The scope of a client, if it has stored any.
    ///
    /// # Errors
    /// The database can't be read.
    pub fn scope(&self, realm: &str, identifier: &str) -> Result<Option<Scope>, StoreError> {
        let sql = "SELECT uuid, data FROM scope WHERE realm = ?1 AND identifier = ?2";
        let scope = |row: &rusqlite::Row<'_>| Ok(Scope { uuid: row.get(0)?, data: row.get(1)? });
        self.read(|connection| connection.query_row(sql, [realm, identifier], scope).optional())
    }
}
