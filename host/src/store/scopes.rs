//! Scope data: what a client says of itself once, so that its lookups need not
//! repeat it.

use super::{Store, StoreError};
use rusqlite::{OptionalExtension as _, params};

/// Stored scope data.
#[derive(Debug, PartialEq)]
pub struct Scope {
    /// Another one whenever the data is another: a client that remembers it knows
    /// whether it must store its data again.
    pub uuid: String,
    /// The data, as the text that was stored.
    pub data: String,
}

impl Store {
    /// Stores the scope data of a client, a JSON text, in place of what was there. The answer is
    /// its uuid, which stays when the data does.
    ///
    /// # Errors
    /// The database can't be written.
    pub fn store_scope(&self, realm: &str, identifier: &str, data: &str, now: i64) -> Result<String, StoreError> {
        let sql = "INSERT INTO scope (realm, identifier, uuid, data, stored_at) VALUES (?1, ?2, ?3, ?4, ?5)
            ON CONFLICT DO UPDATE SET
                uuid = iif(data = excluded.data, uuid, excluded.uuid),
                data = excluded.data,
                stored_at = excluded.stored_at
            RETURNING uuid";
        let uuid = uuid::Uuid::new_v4().to_string();
        self.connection
            .query_row(sql, params![realm, identifier, uuid, data, now], |row| row.get(0))
            .map_err(|error| self.error(error))
    }

    /// The scope data of a client, if it has stored any.
    ///
    /// # Errors
    /// The database can't be read.
    pub fn scope(&self, realm: &str, identifier: &str) -> Result<Option<Scope>, StoreError> {
        let sql = "SELECT uuid, data FROM scope WHERE realm = ?1 AND identifier = ?2";
        let row = |row: &rusqlite::Row<'_>| Ok(Scope { uuid: row.get(0)?, data: row.get(1)? });
        self.connection.query_row(sql, [realm, identifier], row).optional().map_err(|error| self.error(error))
    }
}
