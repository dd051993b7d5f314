//! The servers of the cluster, for people who look at it.

use super::connection::Connection;
use super::error::Cause;
use std::time::Duration;
use tokio_postgres::Row;

/// A server that has registered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
    /// Its machine and process.
    pub name: String,
    /// Where it listens; empty if it has not said.
    pub address: String,
    /// The version of its program.
    pub version: String,
    /// The length of its lease.
    pub lease: Duration,
    /// The revision of the journal that it decides by; none: it is not known to the journal.
    pub revision: Option<i64>,
    /// How many changes there were since.
    pub behind: Option<i64>,
    /// How long ago it renewed its lease, by the clock of the database; none: not yet.
    pub renewed: Option<Duration>,
    /// An act has waited for its lease to end: it answers 503 until it registers anew.
    pub is_dead: bool,
}

pub(super) fn nodes(connection: &Connection) -> Result<Vec<Node>, Cause> {
    let sql = "SELECT name, address, version, length, revision, (SELECT max(revision) FROM jerakia.journal) - revision,
            (extract(epoch FROM clock_timestamp() - renewed_at) * 1000)::bigint, dead
        FROM jerakia.lease ORDER BY started_at DESC, id";
    connection.rows(sql, &[])?.iter().map(node).collect()
}

fn node(row: &Row) -> Result<Node, Cause> {
    let millis = |value: i64| Duration::from_millis(u64::try_from(value).unwrap_or(0));
    Ok(Node {
        name: row.try_get(0)?,
        address: row.try_get(1)?,
        version: row.try_get(2)?,
        lease: millis(row.try_get(3)?),
        revision: row.try_get(4)?,
        behind: row.try_get(5)?,
        renewed: row.try_get::<_, Option<i64>>(6)?.map(millis),
        is_dead: row.try_get(7)?,
    })
}
