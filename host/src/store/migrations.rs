//! Bringing a database to the schema that this program knows: numbered SQL files,
//! each applied once, in a transaction, and counted in `user_version`.

use super::error::{Cause, StoreError};
use rusqlite::{Connection, TransactionBehavior};
use std::path::Path;

/// Migration number n is at n - 1. One that was released is never edited.
const MIGRATIONS: [&str; 2] = [include_str!("migrations/0001_tokens.sql"), include_str!("migrations/0002_scope.sql")];

/// "JRKT", in SQLite's header field for the kind of file it is:
/// <https://sqlite.org/pragma.html#pragma_application_id>.
const APPLICATION_ID: i32 = 0x4a52_4b54;

/// Brings the database to the newest schema; a new and empty one from nothing.
///
/// # Errors
/// When it belongs to another program, or to a newer version of this one.
pub(super) fn migrate(connection: &mut Connection, path: &Path) -> Result<(), StoreError> {
    let at = |error| StoreError::new(path, Cause::from(error));
    // On one view of the file: another process may be at making it just now.
    let view = connection.transaction().map_err(at)?;
    let applied = version(&view, path)?;
    drop(view);
    if applied == MIGRATIONS.len() {
        return Ok(());
    }
    // Looked at again inside: another process may have been quicker.
    let act = connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(at)?;
    let applied = version(&act, path)?;
    for (number, sql) in MIGRATIONS.iter().enumerate().skip(applied) {
        act.execute_batch(sql).map_err(at)?;
        act.pragma_update(None, "user_version", number.saturating_add(1) as i64).map_err(at)?;
    }
    act.pragma_update(None, "application_id", APPLICATION_ID).map_err(at)?;
    act.commit().map_err(at)
}

/// How many migrations have been applied.
fn version(connection: &Connection, path: &Path) -> Result<usize, StoreError> {
    let at = |error| StoreError::new(path, Cause::from(error));
    let number = |pragma| connection.pragma_query_value(None, pragma, |row| row.get::<_, i32>(0)).map_err(at);
    let (application, version) = (number("application_id")?, number("user_version")?);
    if application != APPLICATION_ID {
        let tables: Vec<String> = connection
            .prepare("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")
            .and_then(|mut it| it.query_map([], |row| row.get(0))?.collect())
            .map_err(at)?;
        return match tables.iter().any(|it| it == "jerakia_server_auth_tokens") {
            true => Err(StoreError::new(path, Cause::Original)),
            false if tables.is_empty() && application == 0 && version == 0 => Ok(0),
            false => Err(StoreError::new(path, Cause::Foreign)),
        };
    }
    match usize::try_from(version) {
        Ok(known) if known <= MIGRATIONS.len() => Ok(known),
        _ => Err(StoreError::new(path, Cause::Newer { found: version, known: MIGRATIONS.len() })),
    }
}
