//! The messages by which a server registers and renews its lease.

use super::connection::Connection;
use super::error::Cause;
use crate::store::Position;
use std::time::Duration;

/// What a renewal returned.
pub(super) struct Renewed {
    /// Whether it counts. If not, the row is dead or gone.
    pub(super) is_alive: bool,
    /// The last change at the time of the renewal.
    pub(super) head: Position,
}

/// Adds a row with the new, random `id`.
pub(super) fn register(
    connection: &Connection,
    id: &str,
    length: Duration,
    [name, address]: [&str; 2],
) -> Result<(), Cause> {
    let length = i64::try_from(length.as_millis()).unwrap_or(i64::MAX);
    let sql = "SELECT FROM jerakia.register($1, $2, $3, $4, $5)";
    connection.execute(sql, &[&id, &length, &name, &address, &env!("CARGO_PKG_VERSION")]).map(drop)
}

/// Notes where the server listens, for people.
pub(super) fn set_address(connection: &Connection, id: &str, address: &str) -> Result<(), Cause> {
    connection.execute("UPDATE jerakia.lease SET address = $2 WHERE id = $1", &[&id, &address]).map(drop)
}

/// Renews the lease of `id`, whose cache is at `position`. One message, so that a server that is
/// stopped holds no lock; and only as durable as the next commit, which is before any change
/// that follows it.
pub(super) fn renew(
    connection: &Connection,
    id: &str,
    position: Option<&Position>,
    length: Duration,
) -> Result<Renewed, Cause> {
    let (revision, mark) = match position {
        Some(Position { revision, mark }) => (*revision, base16ct::lower::encode_string(mark)),
        None => (0, String::new()),
    };
    let third = length / 3;
    let message = format!(
        "SET TRANSACTION ISOLATION LEVEL READ COMMITTED; SET LOCAL lock_timeout = '{}ms';
        SET LOCAL synchronous_commit = off;
        SELECT alive, head_revision, encode(head_mark, 'hex') FROM jerakia.renew('{id}', {revision}, '\\x{mark}')",
        third.as_millis(),
    );
    let fields = connection.message(&message, third * 2)?;
    let [Some(alive), Some(revision), Some(mark)] = <[_; 3]>::try_from(fields).unwrap_or_default() else {
        return Err(Cause::NoHead);
    };
    let malformed = || Cause::Other("its journal is malformed".into());
    let mark = base16ct::lower::decode_vec(mark).map_err(|_| malformed())?;
    let revision = revision.parse().map_err(|_| malformed())?;
    Ok(Renewed { is_alive: alive == "t", head: Position { revision, mark } })
}

/// Removes the row of a server whose lease has ended, so that no act waits for it.
pub(super) fn leave(connection: &Connection, id: &str) -> Result<(), Cause> {
    connection.execute("DELETE FROM jerakia.lease WHERE id = $1", &[&id]).map(drop)
}
