//! Reads and writes tokens: a [`StoredToken`] is a row.

use crate::model::{FormerSecret, Grants, Labels, SecretHash, StoredSecret, StoredToken};
use rusqlite::{Connection, OptionalExtension as _, Row, RowIndex, named_params, params};

/// The columns of a [`StoredToken`].
pub(super) const COLUMNS: &str = "SELECT id, api_id, active, digest, bcrypt, secret, issued_at,
    former_digest, former_ends_at, former_ended_at, ends_at, grants, description, labels, created_at, version FROM token";

/// The token of `api_id`.
pub(super) fn find(connection: &Connection, api_id: &str) -> rusqlite::Result<Option<StoredToken>> {
    connection.prepare_cached(&format!("{COLUMNS} WHERE api_id = ?1"))?.query_row([api_id], stored).optional()
}

/// The first `limit` tokens after `api_id`, or from the first on.
pub(super) fn page(connection: &Connection, api_id: Option<&str>, limit: usize) -> rusqlite::Result<Vec<StoredToken>> {
    let compare = if api_id.is_some() { ">" } else { ">=" };
    let sql = format!("{COLUMNS} WHERE api_id {compare} ?1 ORDER BY api_id LIMIT ?2");
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    connection.prepare_cached(&sql)?.query_map(params![api_id.unwrap_or_default(), limit], stored)?.collect()
}

/// The token in a row of [`COLUMNS`].
pub(super) fn stored(row: &Row<'_>) -> rusqlite::Result<StoredToken> {
    let hash = match optional_text(row, "bcrypt")? {
        Some(hash) => SecretHash::Bcrypt(hash),
        None => SecretHash::Sha256(row.get("digest")?),
    };
    let former = match row.get("former_digest")? {
        Some(digest) => Some(FormerSecret {
            digest,
            ends_at: row.get::<_, Option<i64>>("former_ends_at")?.unwrap_or_default(),
            ended_at: row.get("former_ended_at")?,
        }),
        None => None,
    };
    Ok(StoredToken {
        id: row.get("id")?,
        api_id: text(row, "api_id")?,
        active: row.get("active")?,
        secret: StoredSecret { hash, number: row.get("secret")?, issued_at: row.get("issued_at")? },
        former,
        ends_at: row.get("ends_at")?,
        grants: Grants::stored(grants(row, "grants")?),
        description: text(row, "description")?,
        labels: Labels::stored(&text(row, "labels")?),
        created_at: row.get("created_at")?,
        version: row.get("version")?,
    })
}

/// A text. Where somebody stored bytes that are no UTF-8, these are replaced, so that the
/// token can still be shown and revoked.
pub(super) fn text(row: &Row<'_>, column: impl RowIndex) -> rusqlite::Result<String> {
    optional_text(row, column).map(Option::unwrap_or_default)
}

/// The same; none for a NULL.
pub(super) fn optional_text(row: &Row<'_>, column: impl RowIndex) -> rusqlite::Result<Option<String>> {
    let bytes = row.get_ref(column)?.as_bytes_or_null()?;
    Ok(bytes.map(|it| String::from_utf8_lossy(it).into_owned()))
}

/// Grants. Those that are no UTF-8 get an empty line, so that they permit nothing.
pub(super) fn grants(row: &Row<'_>, column: impl RowIndex) -> rusqlite::Result<String> {
    let bytes = row.get_ref(column)?.as_bytes()?;
    let malformed = if std::str::from_utf8(bytes).is_ok() { "" } else { "\n" };
    Ok(String::from_utf8_lossy(bytes).into_owned() + malformed)
}

/// Writes the result of an act: inserts, updates or deletes a row.
pub(super) fn write(
    connection: &Connection,
    before: Option<&StoredToken>,
    after: Option<&StoredToken>,
) -> rusqlite::Result<()> {
    let Some(token) = after else {
        connection.execute("DELETE FROM token WHERE id = ?1", [before.map(|it| it.id)])?;
        return Ok(());
    };
    let sql = if before.is_none() {
        "INSERT INTO token (api_id, active, digest, bcrypt, secret, issued_at, former_digest, former_ends_at,
            former_ended_at, ends_at, grants, description, labels, created_at, version)
         VALUES (:api_id, :active, :digest, :bcrypt, :secret, :issued_at, :former_digest, :former_ends_at,
            :former_ended_at, :ends_at, :grants, :description, :labels, :created_at, :version)"
    } else {
        "UPDATE token SET active = :active, digest = :digest, bcrypt = :bcrypt, secret = :secret,
            issued_at = :issued_at, former_digest = :former_digest, former_ends_at = :former_ends_at,
            former_ended_at = :former_ended_at, ends_at = :ends_at, grants = :grants, description = :description,
            labels = :labels, created_at = :created_at, version = :version
         WHERE api_id = :api_id"
    };
    let (digest, bcrypt) = match &token.secret.hash {
        SecretHash::Sha256(digest) => (*digest, None),
        SecretHash::Bcrypt(hash) => ([0; 32], Some(hash)),
    };
    let former = token.former.as_ref();
    connection.prepare_cached(sql)?.execute(named_params! {
        ":api_id": token.api_id,
        ":active": token.active,
        ":digest": digest,
        ":bcrypt": bcrypt,
        ":secret": token.secret.number,
        ":issued_at": token.secret.issued_at,
        ":former_digest": former.map(|it| it.digest),
        ":former_ends_at": former.map(|it| it.ends_at),
        ":former_ended_at": former.and_then(|it| it.ended_at),
        ":ends_at": token.ends_at,
        ":grants": token.grants.text(),
        ":description": token.description,
        ":labels": serde_json::to_string(&token.labels).unwrap_or_default(),
        ":created_at": token.created_at,
        ":version": token.version,
    })?;
    Ok(())
}
