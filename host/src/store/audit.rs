//! The audit trail in the token database: each act adds its entry in its own transaction.

use super::error::Cause;
use super::{Store, StoreError};
use crate::admin::{Actor, AuditEntry, AuditHash, Noted};
use rusqlite::{Connection, OptionalExtension as _, Row, TransactionBehavior, params};

/// How many entries are read at a time.
const PAGE: usize = 1_000;

/// Which entries to list.
#[derive(Clone, Debug, Default)]
pub struct AuditFilter {
    /// Only those about this API ID.
    pub api_id: Option<String>,
    /// Only those since this time, in seconds since the epoch.
    pub since: Option<i64>,
    /// Only those after the entry with this number.
    pub after: i64,
}

/// A fault of the trail: the first one.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AuditFault {
    /// An entry has a wrong hash.
    #[error("entry {0} was changed, or one before it was")]
    Changed(i64),
    /// There is no entry with this number.
    #[error("entry {0} is missing")]
    Missing(i64),
    /// The trail does not end with the entry that was added last.
    #[error("entries after {0} are missing, or were added by another program")]
    Head(i64),
    /// The record of the trail's two ends is missing.
    #[error("its head is missing (table audit_ends)")]
    NoEnds,
    /// No entry has the noted hash.
    #[error("no entry has the hash {0}: entries were removed, or the trail is another one")]
    Unknown(AuditHash),
}

/// The end of a trail without faults.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AuditHead {
    /// How many entries there are.
    pub entries: i64,
    /// The number of the last entry; 0 if there never was one.
    pub number: i64,
    /// Its hash.
    pub hash: AuditHash,
}

/// The two ends of the chain: what the first entry follows, and the last entry.
struct Ends {
    pruned: (i64, AuditHash),
    head: (i64, AuditHash),
}

const COLUMNS: &str = "SELECT number, at, actor, act, api_id, changed, outcome, request_id, hash FROM audit";

impl Store {
    /// The entries of `filter`, in order: at most `limit`, which is at most 1,000.
    ///
    /// # Errors
    /// The database can't be read.
    pub fn audit(&self, filter: &AuditFilter, limit: usize) -> Result<Vec<AuditEntry>, StoreError> {
        let sql = format!(
            "{COLUMNS} WHERE number > ?1 AND (?2 IS NULL OR api_id = ?2) AND (?3 IS NULL OR at >= ?3)
             ORDER BY number LIMIT ?4"
        );
        let limit = limit.min(PAGE) as i64;
        let read = || -> rusqlite::Result<Vec<_>> {
            let mut select = self.connection.prepare_cached(&sql)?;
            select.query_map(params![filter.after, filter.api_id, filter.since, limit], entry)?.collect()
        };
        read().map_err(|error| self.error(error))
    }

    /// Checks the whole trail; with `noted`, also that it has an entry with this hash.
    ///
    /// # Errors
    /// The outer: the database can't be read. The inner: the first fault.
    pub fn verify_audit(&self, noted: Option<AuditHash>) -> Result<Result<AuditHead, AuditFault>, StoreError> {
        // In one view, since an act can add an entry meanwhile.
        let view = self.connection.unchecked_transaction().map_err(|error| self.error(error))?;
        verify(&view, noted).map_err(|error| self.error(error))
    }

    /// Removes the entries before the first one that is not older than `before`, in seconds since
    /// the epoch, and adds an entry that says so. The chain continues with the kept entries.
    /// Returns how many were removed.
    ///
    /// # Errors
    /// The outer: the database can't be written. The inner: the trail has a fault, and
    /// nothing was removed.
    pub fn prune_audit(&mut self, before: i64, actor: &Actor, at: i64) -> Result<Result<i64, AuditFault>, StoreError> {
        let pruned = prune(&mut self.connection, before, actor, at);
        pruned.map_err(|cause| StoreError::new(&self.location.named, cause))
    }
}

fn prune(connection: &mut Connection, before: i64, actor: &Actor, at: i64) -> Result<Result<i64, AuditFault>, Cause> {
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
    if removed > 0 {
        let changed = format!(r#"{{"entries":[{removed},0]}}"#);
        let (act, outcome) = ("prune audit", "done");
        append(&transaction, Noted { at, actor, act, api_id: "", changed, outcome, request_id: None })?;
    }
    transaction.commit()?;
    Ok(Ok(i64::try_from(removed).unwrap_or(i64::MAX)))
}

/// Adds an entry. Call it in the transaction of the act.
pub(super) fn append(transaction: &Connection, noted: Noted<'_>) -> Result<(), Cause> {
    let ends = ends(transaction)?.ok_or(Cause::NoTrail)?;
    let entry = AuditEntry::after(ends.head, noted);
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
    let Some(Ends { pruned, head }) = ends(connection)? else { return Ok(Err(AuditFault::NoEnds)) };
    let (mut last, mut found) = (pruned, noted.is_none_or(|it| it == pruned.1));
    let mut select = connection.prepare_cached(&format!("{COLUMNS} ORDER BY number"))?;
    let mut rows = select.query([])?;
    while let Some(row) = rows.next()? {
        let number = last.0.saturating_add(1);
        if row.get(0) != Ok(number) {
            return Ok(Err(AuditFault::Missing(number)));
        }
        // A field has another type, or is not UTF-8.
        let Ok(entry) = entry(row) else { return Ok(Err(AuditFault::Changed(number))) };
        if entry.hash_after(last.1) != entry.hash {
            return Ok(Err(AuditFault::Changed(entry.number)));
        }
        found |= noted == Some(entry.hash);
        last = (entry.number, entry.hash);
    }
    if last != head {
        return Ok(Err(AuditFault::Head(last.0)));
    }
    Ok(match noted {
        Some(hash) if !found => Err(AuditFault::Unknown(hash)),
        _ => Ok(AuditHead { entries: last.0 - pruned.0, number: last.0, hash: last.1 }),
    })
}

/// The ends; none if somebody removed or replaced them.
fn ends(connection: &Connection) -> rusqlite::Result<Option<Ends>> {
    let sql = "SELECT pruned_number, pruned_hash, head_number, head_hash FROM audit_ends";
    let read = connection.prepare_cached(sql)?.query_row([], |row| {
        let ends = || -> rusqlite::Result<_> {
            Ok(Ends { pruned: (row.get(0)?, AuditHash(row.get(1)?)), head: (row.get(2)?, AuditHash(row.get(3)?)) })
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
