//! Checks a database: the structure of the file, its schema against the migrations, and the
//! chain of the audit trail.

use super::error::Cause;
use super::existing::Existing;
use super::migrations::{self, Schema};
use super::{DatabaseFile, StoreError, audit};
use rusqlite::Connection;
use std::collections::BTreeMap;
use std::path::Path;

/// The most damaged places that are reported.
const MOST_PLACES: u32 = 10;

/// The result of a check.
#[derive(Debug)]
pub struct Checked {
    /// How many migrations have been applied.
    pub version: usize,
    /// Whether these are all migrations. If not, the next command or server that opens the
    /// database migrates it.
    pub is_current: bool,
    /// How many tokens or scopes it holds.
    pub rows: i64,
    /// Its flaws.
    pub flaws: Vec<Flaw>,
}

/// Something that is wrong with a database.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Flaw {
    /// It has no tables.
    #[error("is empty: it has no tables")]
    Empty,
    /// SQLite's message about one place in the file.
    #[error("is damaged: {0}")]
    Damaged(String),
    /// A table, an index or a trigger is missing.
    #[error("has no {0}, which is part of its schema")]
    Missing(String),
    /// A table, an index or a trigger was changed.
    #[error("has another {0} than its schema")]
    Changed(String),
    /// A trigger was added: it could undo acts.
    #[error("has a {0}, which is not part of its schema")]
    Added(String),
    /// The audit trail was edited.
    #[error("has an audit trail that was edited: {0}")]
    Trail(String),
}

impl Flaw {
    /// Whether it affects only the audit trail: the tokens are sound.
    #[must_use]
    pub fn is_of_trail(&self) -> bool {
        matches!(self, Self::Trail(_))
    }
}

/// Checks a database in `directory`, also while servers use it, without creating or migrating
/// it. None if there is no `state.db`: the next server creates it.
///
/// # Errors
/// When it can't be read, is not ours, or is from a newer version.
pub fn check(directory: &Path, which: DatabaseFile) -> Result<Option<Checked>, StoreError> {
    let location = which.location(directory)?;
    let named = location.named.clone();
    let checked = Existing::open(location).and_then(|mut it| inspect(it.connection()?, which));
    match checked {
        Err(Cause::Missing) if which == DatabaseFile::State => Ok(None),
        checked => checked.map(Some).map_err(|cause| StoreError::of_file(&named, cause)),
    }
}

/// The same for an open database.
pub(super) fn inspect(connection: &mut Connection, which: DatabaseFile) -> Result<Checked, Cause> {
    let version = migrations::version(connection, which.schema())?;
    if version == 0 {
        return Ok(Checked { version, is_current: false, rows: 0, flaws: vec![Flaw::Empty] });
    }
    // One view for all that follows: an act may commit meanwhile.
    let view = connection.transaction()?;
    let mut flaws = damaged_places(&view)?;
    let (is_current, expected) = schema_of(which.schema(), version)?;
    flaws.extend(differences(&expected, &objects(&view)?));
    if flaws.is_empty() && which == DatabaseFile::Tokens && version >= migrations::TOKENS_WITH_AUDIT {
        flaws.extend(fault_of_trail(&view)?);
    }
    // A damaged database may have no such table.
    let table = match which {
        DatabaseFile::Tokens => "token",
        DatabaseFile::State => "scope",
    };
    let rows = view.query_row(&format!("SELECT count(*) FROM {table}"), [], |row| row.get(0));
    let rows = match rows {
        Err(error) if flaws.is_empty() => return Err(error.into()),
        rows => rows.unwrap_or_default(),
    };
    Ok(Checked { version, is_current, rows, flaws })
}

/// SQLite reads every page, and compares each row with its table's constraints and each
/// index with its table: <https://sqlite.org/pragma.html#pragma_integrity_check>.
fn damaged_places(view: &Connection) -> rusqlite::Result<Vec<Flaw>> {
    let lines = view
        .prepare(&format!("PRAGMA integrity_check({MOST_PLACES})"))?
        .query_map([], |row| row.get::<_, String>(0))?
        .collect::<Result<Vec<_>, _>>()?;
    Ok(lines.into_iter().filter(|it| it != "ok").map(|it| Flaw::Damaged(it.replace('\n', " "))).collect())
}

fn fault_of_trail(view: &Connection) -> rusqlite::Result<Option<Flaw>> {
    Ok(audit::verify(view, None)?.err().map(|fault| Flaw::Trail(fault.to_string())))
}

/// Tables, indexes and triggers: the SQL of each, by type and name.
type Objects = BTreeMap<String, String>;

fn objects(view: &Connection) -> rusqlite::Result<Objects> {
    // Without SQLite's own objects.
    let sql = "SELECT type || ' ' || name, sql FROM sqlite_schema WHERE name NOT LIKE 'sqlite!_%' ESCAPE '!'";
    view.prepare(sql)?.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?.collect()
}

/// The schema of a version, created in memory, and whether the version is the newest.
fn schema_of(schema: &Schema, version: usize) -> Result<(bool, Objects), Cause> {
    let mut fresh = Connection::open_in_memory()?;
    migrations::migrate_to(&mut fresh, schema, version)?;
    let objects = objects(&fresh)?;
    migrations::migrate(&mut fresh, schema)?;
    Ok((migrations::version(&mut fresh, schema)? == version, objects))
}

fn differences(expected: &Objects, found: &Objects) -> Vec<Flaw> {
    let compared = expected.iter().filter_map(|(name, sql)| match found.get(name) {
        None => Some(Flaw::Missing(name.clone())),
        Some(found) if found != sql => Some(Flaw::Changed(name.clone())),
        Some(_) => None,
    });
    let added = found.keys().filter(|it| it.starts_with("trigger ") && !expected.contains_key(*it));
    compared.chain(added.cloned().map(Flaw::Added)).collect()
}
