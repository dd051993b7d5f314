//! The audit trail in the token database: each act adds its entry in its own transaction.

use super::error::Cause;
use crate::admin::{Actor, AuditEntry, AuditHash, NewAuditEntry};
use crate::store::{AuditCheck, AuditEnds, AuditFault, AuditFilter, AuditHead};
use rusqlite::{Connection, OptionalExtension as _, Row, TransactionBehavior, params};

/// How many entries are read at a time.
const PAGE: usize = 1_000;

const COLUMNS: &str = "SELECT number, at, actor, act, api_id, changed, outcome, request_id, hash FROM audit";

/// The entries of `filter`, in order: at most `limit`, and at most [`PAGE`].
pub(super) fn page(connection: &Connection, filter: &AuditFilter, limit: usize) -> rusqlite::Result<Vec<AuditEntry>> {
    let sql = format!(
        "{COLUMNS} WHERE number > ?1 AND (?2 IS NULL OR api_id = ?2) AND (?3 IS NULL OR at >= ?3)
         ORDER BY number LIMIT ?4"
    );
    let mut select = connection.prepare_cached(&sql)?;
    let limit = limit.min(PAGE) as i64;
    select.query_map(params![filter.after, filter.api_id, filter.since, limit], entry)?.collect()
}

/// Removes the entries before the first one that is not older than `before`.
pub(super) fn prune(
    connection: &mut Connection,
    before: i64,
    actor: &Actor,
    at: i64,
) -> Result<Result<i64, AuditFault>, Cause> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    if let Err(fault) = verify(&transaction, None)? {
        return Ok(Err(fault));
    }
    let last = "SELECT ifnull(min(number) - 1, (SELECT head_number FROM audit_ends)) FROM audit WHERE at >= ?1";
    let last: i64 = transaction.query_row(last, [before], |row| row.get(0))?;
    let update =
        "UPDATE audit_ends SET (pruned_number, pruned_hash) = (SELECT number, hash FROM audit WHERE number = ?1)
        WHERE EXISTS (SELECT 1 FROM audit WHERE number = ?1)";
    transaction.execute(update, [last])?;
    let removed = transaction.execute("DELETE FROM audit WHERE number <= ?1", [last])?;
    let removed = i64::try_from(removed).unwrap_or(i64::MAX);
    if removed > 0 {
        append(&transaction, NewAuditEntry::of_prune(removed, actor, at))?;
    }
    transaction.commit()?;
    Ok(Ok(removed))
}

/// Adds an entry. Call it in the transaction of the act.
pub(super) fn append(transaction: &Connection, new: NewAuditEntry<'_>) -> Result<(), Cause> {
    let ends = ends(transaction)?.ok_or(Cause::NoTrail)?;
    let entry = AuditEntry::after(ends.head, new);
    let AuditEntry { number, at, actor, act, api_id, changed, outcome, request_id, hash } = entry;
    let sql = "INSERT INTO audit VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)";
    let row = params![number, at, actor, act, api_id, changed, outcome, request_id, hash.0];
    transaction.prepare_cached(sql)?.execute(row)?;
    let sql = "UPDATE audit_ends SET head_number = ?1, head_hash = ?2";
    transaction.prepare_cached(sql)?.execute(params![number, hash.0])?;
    Ok(())
}

/// Checks the trail of `connection`.
pub(super) fn verify(
    connection: &Connection,
    noted: Option<AuditHash>,
) -> rusqlite::Result<Result<AuditHead, AuditFault>> {
    let Some(ends) = ends(connection)? else { return Ok(Err(AuditFault::NoEnds)) };
    let mut check = AuditCheck::new(ends, noted);
    let mut select = connection.prepare_cached(&format!("{COLUMNS} ORDER BY number"))?;
    let mut rows = select.query([])?;
    while let Some(row) = rows.next()? {
        if let Err(fault) = check.follow(row.get(0).ok(), entry(row).ok()) {
            return Ok(Err(fault));
        }
    }
    Ok(check.finish())
}

/// The ends; none if somebody removed or replaced them.
pub(super) fn ends(connection: &Connection) -> rusqlite::Result<Option<AuditEnds>> {
    let sql = "SELECT pruned_number, pruned_hash, head_number, head_hash FROM audit_ends";
    let read = connection.prepare_cached(sql)?.query_row([], |row| {
        let ends = || -> rusqlite::Result<_> {
            Ok(AuditEnds { pruned: (row.get(0)?, AuditHash(row.get(1)?)), head: (row.get(2)?, AuditHash(row.get(3)?)) })
        };
        Ok(ends().ok())
    });
    Ok(read.optional()?.flatten())
}

fn entry(row: &Row<'_>) -> rusqlite::Result<AuditEntry> {
    Ok(AuditEntry {
        number: row.get(0)?,
        at: row.get(1)?,
        actor: row.get(2)?,
        act: row.get(3)?,
        api_id: row.get(4)?,
        changed: row.get(5)?,
        outcome: row.get(6)?,
        request_id: row.get(7)?,
        hash: AuditHash(row.get(8)?),
    })
}
