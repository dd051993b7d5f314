//! How an act waits after its commit: until each server has acknowledged it, or the server's
//! lease must be over.

use super::connection::Connection;
use super::error::Cause;
use super::lease::with_margin;
use crate::clock::BootTime;
use crate::store::{Position, Reach};
use std::collections::BTreeMap;
use std::thread;
use std::time::Duration;

/// The first and the longest pause between two looks at the leases.
const PAUSES: [Duration; 2] = [Duration::from_millis(1), Duration::from_millis(20)];

/// For so long after the last lease must be over an act tries to reach the database again.
const PATIENCE: Duration = Duration::from_secs(5);

/// What is waited for.
struct Awaited {
    /// The last change in the journal: the act's, or a later one.
    position: Position,
    /// Whether the table of leases has every server that can have one.
    is_complete: bool,
    longest_lease: Duration,
}

/// How the act came to the table of leases.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Table {
    /// It was committed beside it: once it has waited, the table has every server.
    OfThisHistory,
    /// On another connection, perhaps to a database that took over after the commit. A server may
    /// have renewed its lease on the former one after the commit, so that this act's wait proves
    /// nothing to later acts.
    Reached,
}

/// A row of the table of leases.
struct Server {
    renewals: i64,
    length: Duration,
    is_dead: bool,
    has_acknowledged: bool,
}

/// Waits for the servers after a commit that had returned at `since`. If the connection is lost,
/// `reopen` opens another.
///
/// # Errors
/// The change is stored, but it is not known whether it is in force, or it is lost again.
pub(super) fn wait(
    connection: &Connection,
    since: BootTime,
    reopen: impl Fn() -> Result<Connection, Cause>,
) -> Result<Reach, Cause> {
    let awaited = match Awaited::read(connection) {
        Err(Cause::NoHead) => return Err(Cause::NoHead),
        read => read.map_err(|it| Cause::Unacknowledged(it.to_string()))?,
    };
    let mut failed = match awaited.by_servers(connection, since, Table::OfThisHistory) {
        Ok(reach) => return Ok(reach),
        Err(cause) => cause,
    };
    // All leases from before the commit are over then, and later ones have seen it: if it is there.
    let until = since + with_margin(awaited.longest_lease) + PATIENCE;
    while BootTime::now() < until {
        thread::sleep(PAUSES[1]);
        let again = reopen().and_then(|it| {
            if awaited.is_in_journal(&it)? {
                Awaited::read(&it)?.by_servers(&it, since, Table::Reached)
            } else {
                Err(Cause::Lost)
            }
        });
        match again {
            Ok(reach) => return Ok(reach),
            Err(Cause::Lost) => return Err(Cause::Lost),
            Err(cause) => failed = cause,
        }
    }
    Err(Cause::Unacknowledged(failed.to_string()))
}

impl Awaited {
    fn read(connection: &Connection) -> Result<Self, Cause> {
        let sql = "SELECT head.revision, head.mark, cluster.epoch = jerakia.epoch(), cluster.longest_lease
            FROM (SELECT revision, mark FROM jerakia.journal ORDER BY revision DESC LIMIT 1) AS head
            CROSS JOIN jerakia.cluster";
        let row = connection.optional(sql, &[])?.ok_or(Cause::NoHead)?;
        Ok(Self {
            position: Position { revision: row.try_get(0)?, mark: row.try_get(1)? },
            is_complete: row.try_get(2)?,
            longest_lease: millis(row.try_get(3)?),
        })
    }

    fn is_in_journal(&self, connection: &Connection) -> Result<bool, Cause> {
        let sql = "SELECT EXISTS (SELECT 1 FROM jerakia.journal WHERE revision = $1 AND mark = $2)";
        Ok(connection.one(sql, &[&self.position.revision, &self.position.mark])?.try_get(0)?)
    }

    fn by_servers(&self, connection: &Connection, since: BootTime, table: Table) -> Result<Reach, Cause> {
        if !self.is_complete {
            self.wait_for_all(since);
            if table == Table::OfThisHistory {
                connection.execute("UPDATE jerakia.cluster SET epoch = jerakia.epoch()", &[])?;
            }
        }
        let mut waiting = self.servers(connection)?;
        // After the rows were read: from here on their counters must not move.
        let read = BootTime::now();
        waiting.retain(|_, it| !it.is_dead);
        let (mut servers, mut cut_off) = (0, 0);
        let [mut pause, longest] = PAUSES;
        loop {
            let now = self.servers(connection)?;
            let at = BootTime::now();
            waiting.retain(|id, then| match now.get(id) {
                None => false, // it has stopped, and ended its lease before
                Some(row) if row.has_acknowledged => {
                    servers += 1;
                    false
                }
                Some(row) if row.is_dead => {
                    cut_off += 1;
                    false
                }
                Some(row) if at >= read + with_margin(then.length) => {
                    cut_off += 1;
                    if row.renewals == then.renewals {
                        declare_dead(connection, id, then.renewals);
                    }
                    false
                }
                Some(_) => true,
            });
            if waiting.is_empty() {
                return Ok(Reach::Acknowledged { servers, cut_off });
            }
            thread::sleep(pause);
            pause = (pause * 2).min(longest);
        }
    }

    /// Waits until every lease that can have been granted by another table, or in another history
    /// of this one, is over.
    fn wait_for_all(&self, since: BootTime) {
        let until = since + with_margin(self.longest_lease);
        while let Some(left) = Some(until.since(BootTime::now())).filter(|it| !it.is_zero()) {
            thread::sleep(left);
        }
    }

    /// All rows. One has acknowledged the change if its position is in the journal, and not before
    /// the change.
    fn servers(&self, connection: &Connection) -> Result<BTreeMap<String, Server>, Cause> {
        let sql = "SELECT id, renewals, length, dead, EXISTS (SELECT 1 FROM jerakia.journal
                WHERE journal.revision = lease.revision AND journal.mark = lease.mark AND journal.revision >= $1)
            FROM jerakia.lease";
        let server = |row: &tokio_postgres::Row| {
            let (renewals, length) = (row.try_get(1)?, millis(row.try_get(2)?));
            Ok((
                row.try_get(0)?,
                Server { renewals, length, is_dead: row.try_get(3)?, has_acknowledged: row.try_get(4)? },
            ))
        };
        connection.rows(sql, &[&self.position.revision])?.iter().map(server).collect()
    }
}

/// Marks a row whose counter has not moved, so that the next act does not wait for it, and no
/// renewal counts any more.
fn declare_dead(connection: &Connection, id: &str, renewals: i64) {
    let sql = "UPDATE jerakia.lease SET dead = true WHERE id = $1 AND renewals = $2";
    if let Err(cause) = connection.execute(sql, &[&id, &renewals]) {
        tracing::debug!(%cause, "the next act waits for this server, too");
    }
}

fn millis(value: i64) -> Duration {
    Duration::from_millis(u64::try_from(value).unwrap_or(0))
}
