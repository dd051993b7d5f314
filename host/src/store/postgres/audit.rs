//! Reads, checks and prunes the audit trail.

use super::acts;
use super::connection::{Connection, Work};
use super::error::Cause;
use crate::admin::{Actor, AuditEntry, AuditHash, NewAuditEntry};
use crate::store::audit::{AuditCheck, AuditEnds};
use crate::store::{AuditFault, AuditFilter, AuditHead};
use std::time::Duration;
use tokio_postgres::Row;

/// How many entries are read at a time.
const PAGE: usize = 1_000;

/// The longest time for checking the whole trail.
const WHOLE: Duration = Duration::from_secs(600);

const ENTRY: &str = "audit.number, audit.at, audit.actor, audit.act, audit.api_id, audit.changed, audit.outcome,
    audit.request_id, audit.hash";

/// The entries of `filter`, in order: at most `limit`.
pub(super) fn page(connection: &Connection, filter: &AuditFilter, limit: usize) -> Result<Vec<AuditEntry>, Cause> {
    let sql = format!(
        "SELECT {ENTRY} FROM jerakia.audit
         WHERE number > $1 AND ($2::text IS NULL OR api_id = $2) AND ($3::bigint IS NULL OR at >= $3)
         ORDER BY number LIMIT $4"
    );
    let limit = limit.min(PAGE) as i64;
    connection.rows(&sql, &[&filter.after, &filter.api_id, &filter.since, &limit])?.iter().map(entry).collect()
}

/// The entries after the one with the number `after`, in a transaction.
pub(super) fn page_of(work: &Work<'_>, after: i64) -> Result<Vec<AuditEntry>, Cause> {
    let sql = format!("SELECT {ENTRY} FROM jerakia.audit WHERE number > $1 ORDER BY number LIMIT $2");
    work.rows(&sql, &[&after, &(PAGE as i64)])?.iter().map(entry).collect()
}

/// Checks the trail. One statement, so that it is one view of the database.
pub(super) fn verify(
    connection: &Connection,
    noted: Option<AuditHash>,
) -> Result<Result<AuditHead, AuditFault>, Cause> {
    let sql = format!(
        "SELECT {ENTRY}, start.number, start.hash, head.number, head.hash
         FROM jerakia.audit_start AS start CROSS JOIN jerakia.audit_head AS head
         LEFT JOIN jerakia.audit ON true ORDER BY audit.number"
    );
    let mut checked: Option<Result<AuditCheck, AuditFault>> = None;
    connection.stream(&sql, WHOLE, |row| {
        let check = match checked.take() {
            None => AuditCheck::new(ends(row)?, noted),
            Some(Ok(check)) => check,
            fault => {
                checked = fault;
                return Ok(());
            }
        };
        checked = Some(follow(check, row)?);
        Ok(())
    })?;
    Ok(match checked {
        None => Err(AuditFault::NoEnds),
        Some(Ok(check)) => check.finish(),
        Some(Err(fault)) => Err(fault),
    })
}

/// Checks the entry in a row, if it has one: an empty trail has a row without.
fn follow(mut check: AuditCheck, row: &Row) -> Result<Result<AuditCheck, AuditFault>, Cause> {
    let Some(number) = row.try_get(0)? else { return Ok(Ok(check)) };
    Ok(check.follow(Some(number), Some(entry(row)?)).map(|()| check))
}

/// Removes the entries before the first one that is not older than `before`, and adds an entry
/// that says so.
pub(super) fn prune(
    connection: &mut Connection,
    before: i64,
    actor: &Actor,
    at: i64,
) -> Result<Result<i64, AuditFault>, Cause> {
    if let Err(fault) = verify(connection, None)? {
        return Ok(Err(fault));
    }
    let work = connection.begin()?;
    let sql = "UPDATE jerakia.audit_start SET (number, hash) = (SELECT number, hash FROM jerakia.audit
            WHERE number < (SELECT min(number) FROM jerakia.audit WHERE at >= $1) ORDER BY number DESC LIMIT 1)
        WHERE EXISTS (SELECT 1 FROM jerakia.audit
            WHERE number < (SELECT min(number) FROM jerakia.audit WHERE at >= $1))";
    // Nothing is recent: up to the last entry.
    let all = "UPDATE jerakia.audit_start SET (number, hash) =
            (SELECT number, hash FROM jerakia.audit ORDER BY number DESC LIMIT 1)
        WHERE EXISTS (SELECT 1 FROM jerakia.audit) AND NOT EXISTS (SELECT 1 FROM jerakia.audit WHERE at >= $1)";
    work.execute(sql, &[&before])?;
    work.execute(all, &[&before])?;
    let sql = "DELETE FROM jerakia.audit WHERE number <= (SELECT number FROM jerakia.audit_start)";
    let removed = work.execute(sql, &[])?;
    let removed = i64::try_from(removed).unwrap_or(i64::MAX);
    if removed > 0 {
        acts::add(&work, &NewAuditEntry::of_prune(removed, actor, at))?;
        work.commit()?;
    }
    Ok(Ok(removed))
}

fn ends(row: &Row) -> Result<AuditEnds, Cause> {
    Ok(AuditEnds { pruned: (row.try_get(9)?, hash(row, 10)?), head: (row.try_get(11)?, hash(row, 12)?) })
}

fn entry(row: &Row) -> Result<AuditEntry, Cause> {
    Ok(AuditEntry {
        number: row.try_get(0)?,
        at: row.try_get(1)?,
        actor: row.try_get(2)?,
        act: row.try_get(3)?,
        api_id: row.try_get(4)?,
        changed: row.try_get(5)?,
        outcome: row.try_get(6)?,
        request_id: row.try_get(7)?,
        hash: hash(row, 8)?,
    })
}

/// A hash; its length is checked by the schema.
fn hash(row: &Row, column: usize) -> Result<AuditHash, Cause> {
    super::tokens::digest(row.try_get(column)?).map(AuditHash)
}
