//! Reads tokens for a server's cache: all of them, or the changes since a position.

use super::error::Cause;
use super::tokens;
use crate::model::{Former, Limits, TokenRecord};
use crate::store::{Changes, Position};
use rusqlite::{Connection, OptionalExtension as _, Row, Transaction, params};

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
