//! Scope data: what a client says of itself once, so that its lookups need not
//! repeat it.

use super::{Store, StoreError};
use rusqlite::{OptionalExtension as _, params};
use serde_json::{Map, Value};

/// Stored scope data.
#[derive(Debug, PartialEq)]
pub struct Scope {
    /// Another one whenever the data is another: a client that remembers it knows
    /// whether it must store its data again.
    pub uuid: String,
    /// The data.
    pub data: Map<String, Value>,
}

impl Store {
    /// Stores the scope data of a client, in place of what was there. The answer is
    /// its uuid, which stays when the data does.
    ///
    /// # Errors
    /// The database can't be written.
    pub fn store_scope(
        &self,
        realm: &str,
        identifier: &str,
        data: &Map<String, Value>,
        now: i64,
    ) -> Result<String, StoreError> {
        let sql = "INSERT INTO scope (realm, identifier, uuid, data, stored_at) VALUES (?1, ?2, ?3, ?4, ?5)
            ON CONFLICT DO UPDATE SET
                uuid = iif(data = excluded.data, uuid, excluded.uuid),
                data = excluded.data,
                stored_at = excluded.stored_at
            RETURNING uuid";
        let uuid = uuid::Uuid::new_v4().to_string();
        let data = Value::Object(data.clone()).to_string();
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
        let row = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get::<_, String>(1)?));
        let found = self.connection.query_row(sql, [realm, identifier], row).optional();
        let Some((uuid, text)) = found.map_err(|error| self.error(error))? else { return Ok(None) };
        // The column only takes JSON; somebody may have put in one that is no object.
        let data = serde_json::from_str(&text).unwrap_or_default();
        Ok(Some(Scope { uuid, data }))
    }
}
