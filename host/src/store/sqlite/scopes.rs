//! Scopes in the state database.

use super::error::Cause;
use crate::store::{Scope, ScopeKey};
use rusqlite::{Connection, OptionalExtension as _, Row, params};

/// Stores a scope in the transaction `transaction`, and returns its uuid.
pub(super) fn put(
    transaction: &Connection,
    of: ScopeKey<'_>,
    data: &str,
    api_id: &str,
    now: i64,
    most: u64,
) -> Result<String, Cause> {
    let sql = "INSERT INTO scope (realm, identifier, uuid, data, api_id, stored_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
        ON CONFLICT DO UPDATE SET
            uuid = iif(data = excluded.data, uuid, excluded.uuid),
            data = excluded.data,
            api_id = excluded.api_id,
            stored_at = excluded.stored_at
        RETURNING uuid";
    let taken = "SELECT ifnull(sum(bytes), 0), ifnull(max(bytes) FILTER (WHERE api_id = ?1), 0) FROM scope_share";
    let uuid = uuid::Uuid::new_v4().to_string();
    let values = params![of.realm, of.identifier, uuid, data, api_id, now];
    let uuid = transaction.query_row(sql, values, |row| row.get(0))?;
    let pair = |row: &Row<'_>| Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?));
    let (all, own) = transaction.query_row(taken, [api_id], pair)?;
    let most = i64::try_from(most).unwrap_or(i64::MAX);
    if all > most || own > most / 2 { Err(Cause::ScopesFull(most)) } else { Ok(uuid) }
}

/// Deletes a scope; false if there was none.
pub(super) fn delete(transaction: &Connection, of: ScopeKey<'_>) -> rusqlite::Result<bool> {
    let sql = "DELETE FROM scope WHERE realm = ?1 AND identifier = ?2";
    Ok(transaction.execute(sql, [of.realm, of.identifier])? > 0)
}

/// A scope, if it is stored.
pub(super) fn find(connection: &Connection, of: ScopeKey<'_>) -> rusqlite::Result<Option<Scope>> {
    let sql = "SELECT uuid, data FROM scope WHERE realm = ?1 AND identifier = ?2";
    let scope = |row: &Row<'_>| Ok(Scope { uuid: row.get(0)?, data: row.get(1)? });
    connection.query_row(sql, [of.realm, of.identifier], scope).optional()
}
