//! Migrates a database to the schema of this program: numbered SQL files, each applied once,
//! in a transaction, and counted in `user_version`.

use super::error::Cause;
use rusqlite::{Connection, TransactionBehavior};

/// The schema of a kind of database.
pub(super) struct Schema {
    /// SQLite's header field for the kind of file:
    /// <https://sqlite.org/pragma.html#pragma_application_id>.
    application_id: i32,
    /// Migration number n is at n - 1. One that was released is never edited.
    migrations: &'static [&'static str],
}

impl Schema {
    /// The version that this program brings databases to.
    pub(super) fn newest(&self) -> usize {
        self.migrations.len()
    }
}

/// tokens.db, written by administrators' acts alone. "JRKT".
pub(super) const TOKENS: Schema = Schema {
    application_id: 0x4a52_4b54,
    migrations: &[
        include_str!("migrations/tokens/0001_tokens.sql"),
        include_str!("migrations/tokens/0002_scope.sql"),
        include_str!("migrations/tokens/0003_journal.sql"),
        include_str!("migrations/tokens/0004_life.sql"),
    ],
};

/// The last version of [`TOKENS`] that held what is now in [`STATE`].
pub(super) const TOKENS_WITH_STATE: usize = 2;

/// The first version of [`TOKENS`] with an audit trail.
pub(super) const TOKENS_WITH_AUDIT: usize = 4;

/// state.db, written by servers. "JRKS".
pub(super) const STATE: Schema = Schema {
    application_id: 0x4a52_4b53,
    migrations: &[include_str!("migrations/state/0001_state.sql"), include_str!("migrations/state/0002_secrets.sql")],
};

/// The version of a database: how many migrations have been applied.
///
/// # Errors
/// When it belongs to another program, or to a newer version of this one.
pub(super) fn version(connection: &mut Connection, schema: &Schema) -> Result<usize, Cause> {
    // In one view of the file: another process can be creating it.
    applied(&*connection.transaction()?, schema)
}

/// Brings the database to the newest schema; a new and empty one from nothing.
///
/// # Errors
/// As [`version`], and when it can't be written.
pub(super) fn migrate(connection: &mut Connection, schema: &Schema) -> Result<(), Cause> {
    migrate_to(connection, schema, schema.newest())
}

/// Like [`migrate`], up to the version `last`.
pub(super) fn migrate_to(connection: &mut Connection, schema: &Schema, last: usize) -> Result<(), Cause> {
    if version(connection, schema)? >= last {
        return Ok(());
    }
    // Checked again inside: another process may have been quicker.
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let applied = applied(&transaction, schema)?;
    for (number, sql) in schema.migrations.iter().enumerate().take(last).skip(applied) {
        transaction.execute_batch(sql)?;
        transaction.pragma_update(None, "user_version", number.saturating_add(1) as i64)?;
    }
    transaction.pragma_update(None, "application_id", schema.application_id)?;
    Ok(transaction.commit()?)
}

fn applied(view: &Connection, schema: &Schema) -> Result<usize, Cause> {
    let number = |pragma| view.pragma_query_value(None, pragma, |row| row.get::<_, i32>(0));
    let (application, version) = (number("application_id")?, number("user_version")?);
    let known = schema.newest();
    if application != schema.application_id {
        let tables: Vec<String> = view
            .prepare("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")?
            .query_map([], |row| row.get(0))?
            .collect::<Result<_, _>>()?;
        return if tables.iter().any(|it| it == "jerakia_server_auth_tokens") {
            Err(Cause::OfJerakia3)
        } else if tables.is_empty() && application == 0 && version == 0 {
            Ok(0)
        } else {
            Err(Cause::Foreign)
        };
    }
    usize::try_from(version).ok().filter(|it| *it <= known).ok_or(Cause::Newer { found: version, known })
}
