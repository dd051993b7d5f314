//! Reads tokens for a server's cache: all of them, or the changes since a position.

use super::error::Cause;
use super::tokens;
use crate::model::{Former, Limits, TokenRecord};
use rusqlite::{Connection, OptionalExtension as _, Row, Transaction, params};
use std::collections::HashSet;

/// A position in the journal of changes. The revision alone proves nothing: a database that was
/// restored into this one can have the same. The mark is random.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Position {
    revision: i64,
    mark: Vec<u8>,
}

impl Position {
    pub(crate) fn revision(&self) -> i64 {
        self.revision
    }
}

/// A consistent view of all tokens, or of changes.
#[derive(Debug, PartialEq, Eq)]
pub struct Changes {
    /// The position after these changes; none while the journal is empty.
    pub position: Option<Position>,
    /// Whether `rows` are all tokens.
    pub complete: bool,
    /// New and changed tokens, by API ID. It is not an [`ApiId`](crate::model::ApiId) if somebody
    /// edited the database: such a row is never found, since no credential has its key.
    pub rows: Vec<(Box<str>, TokenRecord)>,
    /// API IDs of tokens that were deleted.
    pub deleted: Vec<Box<str>>,
}

impl Changes {
    /// All tokens as they are after `later` changes.
    #[must_use]
    pub fn followed_by(mut self, mut later: Self) -> Self {
        if !later.complete {
            let newer: HashSet<&str> = later.rows.iter().map(|(api_id, _)| &**api_id).collect();
            let gone: HashSet<&str> = later.deleted.iter().map(|api_id| &**api_id).collect();
            self.rows.retain(|(api_id, _)| !newer.contains(&**api_id) && !gone.contains(&**api_id));
            self.rows.append(&mut later.rows);
            later.rows = self.rows;
        }
        Self { complete: self.complete || later.complete, ..later }
    }
}

const COLUMNS: &str = "SELECT id, api_id, digest, secret, active, ends_at, former_digest, former_ends_at,
    former_ended_at, grants, bcrypt FROM token";

/// All tokens.
pub(super) fn everything(connection: &Connection) -> Result<Changes, Cause> {
    Ok(all(&connection.unchecked_transaction()?)?)
}

/// The changes since `position`; all tokens if it is not in the journal, because it was pruned or
/// belongs to another database.
pub(super) fn since(connection: &Connection, position: Option<&Position>) -> Result<Changes, Cause> {
    let view = connection.unchecked_transaction()?;
    match position {
        Some(position) if is_in_journal(&view, position)? => Ok(later(&view, position)?),
        _ => Ok(all(&view)?),
    }
}

fn all(view: &Transaction<'_>) -> rusqlite::Result<Changes> {
    let rows = view.prepare_cached(COLUMNS)?.query_map([], record)?.collect::<Result<_, _>>()?;
    Ok(Changes { position: head(view)?, complete: true, rows, deleted: Vec::new() })
}

fn later(view: &Transaction<'_>, position: &Position) -> rusqlite::Result<Changes> {
    let head = head(view)?;
    if head.as_ref() == Some(position) {
        return Ok(Changes { position: head, complete: false, rows: Vec::new(), deleted: Vec::new() });
    }
    let changed = "SELECT api_id FROM journal WHERE revision > ?1";
    let sql = format!("{COLUMNS} WHERE api_id IN ({changed})");
    let rows = view.prepare_cached(&sql)?.query_map([position.revision], record)?.collect::<Result<_, _>>()?;
    let sql = format!("{changed} EXCEPT SELECT api_id FROM token");
    let api_id = |row: &Row<'_>| tokens::text(row, 0).map(Into::into);
    let deleted = view.prepare_cached(&sql)?.query_map([position.revision], api_id)?.collect::<Result<_, _>>()?;
    Ok(Changes { position: head, complete: false, rows, deleted })
}

fn head(view: &Transaction<'_>) -> rusqlite::Result<Option<Position>> {
    let sql = "SELECT revision, mark FROM journal ORDER BY revision DESC LIMIT 1";
    let position = |row: &Row<'_>| Ok(Position { revision: row.get(0)?, mark: row.get(1)? });
    view.prepare_cached(sql)?.query_row([], position).optional()
}

/// The revision of the last change; 0 if there is none.
pub(super) fn revision(connection: &Connection) -> rusqlite::Result<i64> {
    connection.prepare_cached("SELECT ifnull(max(revision), 0) FROM journal")?.query_row([], |row| row.get(0))
}

fn is_in_journal(view: &Transaction<'_>, position: &Position) -> rusqlite::Result<bool> {
    let sql = "SELECT EXISTS (SELECT 1 FROM journal WHERE revision = ?1 AND mark = ?2)";
    view.prepare_cached(sql)?.query_row(params![position.revision, position.mark], |row| row.get(0))
}

fn record(row: &Row<'_>) -> rusqlite::Result<(Box<str>, TokenRecord)> {
    let limits = limits(row)?;
    let limits = (limits != Limits::default()).then(|| limits.into());
    let (id, digest, secret, active) = (row.get(0)?, row.get(2)?, row.get(3)?, row.get(4)?);
    Ok((tokens::text(row, 1)?.into(), TokenRecord { id, digest, secret, active, limits }))
}

fn limits(row: &Row<'_>) -> rusqlite::Result<Limits> {
    let former = match row.get(6)? {
        // A missing end, or an end by a command, is past for every clock.
        Some(digest) if row.get::<_, Option<i64>>(8)?.is_none() => {
            Some(Former { digest, ends_at: row.get::<_, Option<i64>>(7)?.unwrap_or(0) })
        }
        Some(digest) => Some(Former { digest, ends_at: 0 }),
        None => None,
    };
    Ok(Limits {
        ends_at: row.get(5)?,
        former,
        grants: tokens::grants(row, 9)?.into(),
        bcrypt: tokens::optional_text(row, 10)?.map(Into::into),
    })
}
