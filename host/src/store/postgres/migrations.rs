//! Migrates a database to the schema of this program: numbered SQL files, each applied once, and
//! counted in `jerakia.schema_version`.

use super::connection::Connection;
use super::error::Cause;

/// Migration number n is at n - 1. One that was released is never edited.
const MIGRATIONS: [&str; 4] = [
    include_str!("migrations/0001_tokens.sql"),
    include_str!("migrations/0002_audit.sql"),
    include_str!("migrations/0003_state.sql"),
    include_str!("migrations/0004_cluster.sql"),
];

/// Only one process migrates at a time.
const LOCK: &str = "SELECT pg_advisory_xact_lock(1246907201, 2)";

/// Brings the database to the newest schema; an empty one from nothing.
///
/// # Errors
/// It belongs to another program or to a newer version of this one, or can't be written.
pub(super) fn migrate(connection: &mut Connection) -> Result<(), Cause> {
    if applied(connection)? == MIGRATIONS.len() {
        return Ok(());
    }
    let transaction = connection.begin()?;
    transaction.execute(LOCK, &[])?;
    // Read again: another process may have been quicker.
    let applied = match transaction.rows(IS_OURS, &[])?.first().map(|row| row.try_get(0)).transpose()? {
        Some(true) => known(transaction.rows(VERSION, &[])?.first().map(|row| row.try_get(0)).transpose()?)?,
        Some(false) => return Err(Cause::Foreign),
        None => 0,
    };
    if applied == 0 {
        transaction.batch(
            "CREATE SCHEMA jerakia; CREATE TABLE jerakia.schema_version (version int NOT NULL);
            INSERT INTO jerakia.schema_version VALUES (0)",
        )?;
    }
    for sql in MIGRATIONS.iter().skip(applied) {
        transaction.batch(sql)?;
    }
    transaction.execute("UPDATE jerakia.schema_version SET version = $1", &[&(MIGRATIONS.len() as i32)])?;
    transaction.commit().map(drop)
}

/// Checks that the database has the newest schema.
///
/// # Errors
/// It hasn't.
pub(super) fn check(connection: &Connection) -> Result<(), Cause> {
    match applied(connection)? {
        version if version == MIGRATIONS.len() => Ok(()),
        version => Err(Cause::Other(format!("its schema has version {version}, and not {}", MIGRATIONS.len()))),
    }
}

/// Whether the schema, if there is one, is that of this program. Reads the catalogue in one
/// statement: `to_regclass` answers from a cache, which does not notice during a transaction what
/// another process has just created.
const IS_OURS: &str =
    "SELECT EXISTS (SELECT FROM pg_class WHERE relnamespace = pg_namespace.oid AND relname = 'schema_version')
    FROM pg_namespace WHERE nspname = 'jerakia'";
const VERSION: &str = "SELECT version FROM jerakia.schema_version";

/// How many migrations were applied.
fn applied(connection: &Connection) -> Result<usize, Cause> {
    match connection.optional(IS_OURS, &[])?.map(|row| row.try_get(0)).transpose()? {
        Some(true) => known(Some(connection.one(VERSION, &[])?.try_get(0)?)),
        Some(false) => Err(Cause::Foreign),
        None => Ok(0),
    }
}

fn known(version: Option<i32>) -> Result<usize, Cause> {
    let found = version.unwrap_or(-1);
    let known = MIGRATIONS.len();
    usize::try_from(found).ok().filter(|it| *it <= known).ok_or(Cause::Newer { found, known })
}
