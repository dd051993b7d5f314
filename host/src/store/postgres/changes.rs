//! Reads tokens for a server's cache: all of them, or the changes since a position.

use super::connection::Connection;
use super::error::Cause;
use super::tokens;
use crate::model::{Former, Limits, TokenRecord};
use crate::store::{Changes, Position};
use std::time::Duration;
use tokio_postgres::Row;

/// The longest time for reading all tokens.
const ALL: Duration = Duration::from_secs(120);

/// The columns of a token, from number 4 on.
const TOKEN: &str = "token.id, token.digest, token.secret, token.active, token.ends_at, token.former_digest,
    token.former_ends_at, token.former_ended_at, token.grants, token.bcrypt";

const HEAD: &str = "SELECT revision, mark FROM jerakia.journal ORDER BY revision DESC LIMIT 1";

/// The changes since a position, or why there are none.
pub(super) enum Since {
    Changes(Changes),
    /// The journal was pruned beyond the position.
    Pruned,
    /// The journal has another history.
    Another,
}

/// All tokens. One statement, so that it is one view of the database.
pub(super) fn everything(connection: &Connection) -> Result<Changes, Cause> {
    let sql = format!(
        "SELECT head.revision, head.mark, true, token.api_id, {TOKEN}
         FROM ({HEAD}) AS head LEFT JOIN jerakia.token ON true"
    );
    let mut all = Changes { position: None, complete: true, rows: Vec::new(), deleted: Vec::new() };
    connection.stream(&sql, ALL, |row| {
        if all.position.is_none() {
            all.position = Some(position(row)?);
        }
        if let Some(api_id) = row.try_get::<_, Option<&str>>(3)? {
            all.rows.push((api_id.into(), record(row)?));
        }
        Ok(())
    })?;
    if all.position.is_none() { Err(Cause::NoHead) } else { Ok(all) }
}

/// The changes since `then`. One statement, too.
pub(super) fn since(connection: &Connection, then: &Position) -> Result<Since, Cause> {
    let sql = format!(
        "SELECT head.revision, head.mark, known.is_known, changed.api_id, {TOKEN},
            (SELECT min(revision) FROM jerakia.journal)
         FROM ({HEAD}) AS head
         CROSS JOIN (SELECT EXISTS
            (SELECT 1 FROM jerakia.journal WHERE revision = $1 AND mark = $2) AS is_known) AS known
         LEFT JOIN LATERAL
            (SELECT DISTINCT api_id FROM jerakia.journal WHERE known.is_known AND revision > $1) AS changed ON true
         LEFT JOIN jerakia.token ON token.api_id = changed.api_id"
    );
    let rows = connection.rows(&sql, &[&then.revision, &then.mark])?;
    let first = rows.first().ok_or(Cause::NoHead)?;
    if !first.try_get::<_, bool>(2)? {
        let oldest: i64 = first.try_get(14)?;
        return Ok(if then.revision < oldest { Since::Pruned } else { Since::Another });
    }
    let mut changes =
        Changes { position: Some(position(first)?), complete: false, rows: Vec::new(), deleted: Vec::new() };
    for row in &rows {
        let Some(api_id) = row.try_get::<_, Option<&str>>(3)? else { continue };
        if row.try_get::<_, Option<i64>>(4)?.is_some() {
            changes.rows.push((api_id.into(), record(row)?));
        } else {
            changes.deleted.push(api_id.into());
        }
    }
    Ok(Since::Changes(changes))
}

fn position(row: &Row) -> Result<Position, Cause> {
    Ok(Position { revision: row.try_get(0)?, mark: row.try_get(1)? })
}

fn record(row: &Row) -> Result<TokenRecord, Cause> {
    let limits = limits(row)?;
    Ok(TokenRecord {
        id: row.try_get(4)?,
        digest: tokens::digest(row.try_get(5)?)?,
        secret: tokens::number(row.try_get(6)?),
        active: row.try_get(7)?,
        limits: (limits != Limits::default()).then(|| limits.into()),
    })
}

fn limits(row: &Row) -> Result<Limits, Cause> {
    let former = match row.try_get::<_, Option<&[u8]>>(9)? {
        Some(bytes) => {
            let ends_at: Option<i64> = row.try_get(10)?;
            // A missing end, or an end by a command, is past for every clock.
            let is_open = row.try_get::<_, Option<i64>>(11)?.is_none();
            Some(Former { digest: tokens::digest(bytes)?, ends_at: ends_at.filter(|_| is_open).unwrap_or(0) })
        }
        None => None,
    };
    Ok(Limits {
        ends_at: row.try_get(8)?,
        former,
        grants: row.try_get::<_, &str>(12)?.into(),
        bcrypt: row.try_get::<_, Option<&str>>(13)?.map(Into::into),
    })
}
