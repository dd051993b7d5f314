//! Reads and writes tokens: a [`StoredToken`] is a row.

use super::connection::{Connection, Work};
use super::error::Cause;
use crate::model::{FormerSecret, Grants, Labels, SecretHash, StoredSecret, StoredToken};
use tokio_postgres::Row;

const SELECT: &str = "SELECT id, api_id, active, digest, bcrypt, secret, issued_at, former_digest, former_ends_at,
    former_ended_at, ends_at, grants, description, labels, created_at, version FROM jerakia.token";

/// The token of `api_id`.
pub(super) fn find(connection: &Connection, api_id: &str) -> Result<Option<StoredToken>, Cause> {
    connection.optional(&format!("{SELECT} WHERE api_id = $1"), &[&api_id])?.as_ref().map(stored).transpose()
}

/// The tokens of `api_ids`, locked until the transaction ends: in one order, so that two acts
/// can't wait for each other.
pub(super) fn lock(work: &Work<'_>, api_ids: &[&str]) -> Result<Vec<StoredToken>, Cause> {
    let sql = format!("{SELECT} WHERE api_id = ANY($1) ORDER BY api_id FOR UPDATE");
    work.rows(&sql, &[&api_ids])?.iter().map(stored).collect()
}

/// Locks the tokens of `api_ids`, in the same order.
pub(super) fn lock_all(work: &Work<'_>, api_ids: &[&str]) -> Result<(), Cause> {
    let sql =
        "SELECT count(*) FROM (SELECT FROM jerakia.token WHERE api_id = ANY($1) ORDER BY api_id FOR UPDATE) AS token";
    work.rows(sql, &[&api_ids]).map(drop)
}

/// The first `limit` tokens after `api_id`.
pub(super) fn page(connection: &Connection, api_id: Option<&str>, limit: usize) -> Result<Vec<StoredToken>, Cause> {
    let sql = format!("{SELECT} WHERE $1::text IS NULL OR api_id > $1 ORDER BY api_id LIMIT $2");
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    connection.rows(&sql, &[&api_id, &limit])?.iter().map(stored).collect()
}

fn stored(row: &Row) -> Result<StoredToken, Cause> {
    let hash = match row.try_get("bcrypt")? {
        Some(hash) => SecretHash::Bcrypt(hash),
        None => SecretHash::Sha256(digest(row.try_get("digest")?)?),
    };
    let former = match row.try_get::<_, Option<&[u8]>>("former_digest")? {
        Some(bytes) => Some(FormerSecret {
            digest: digest(bytes)?,
            ends_at: row.try_get::<_, Option<i64>>("former_ends_at")?.unwrap_or_default(),
            ended_at: row.try_get("former_ended_at")?,
        }),
        None => None,
    };
    Ok(StoredToken {
        id: row.try_get("id")?,
        api_id: row.try_get("api_id")?,
        active: row.try_get("active")?,
        secret: StoredSecret { hash, number: number(row.try_get("secret")?), issued_at: row.try_get("issued_at")? },
        former,
        ends_at: row.try_get("ends_at")?,
        grants: Grants::stored(row.try_get("grants")?),
        description: row.try_get("description")?,
        labels: Labels::stored(row.try_get("labels")?),
        created_at: row.try_get("created_at")?,
        version: row.try_get("version")?,
    })
}

/// A digest; its length is checked by the schema.
pub(super) fn digest(bytes: &[u8]) -> Result<[u8; 32], Cause> {
    bytes.try_into().map_err(|_| Cause::Other("a digest has not 32 bytes".into()))
}

/// A secret's number; its range is checked by the schema.
pub(super) fn number(value: i64) -> u32 {
    u32::try_from(value).unwrap_or(u32::MAX)
}

/// Writes the result of an act: inserts, updates or deletes a row.
pub(super) fn write(work: &Work<'_>, before: Option<&StoredToken>, after: Option<&StoredToken>) -> Result<(), Cause> {
    let Some(token) = after else {
        return work.execute("DELETE FROM jerakia.token WHERE id = $1", &[&before.map(|it| it.id)]).map(drop);
    };
    let sql = if before.is_none() {
        "INSERT INTO jerakia.token (api_id, active, digest, bcrypt, secret, issued_at, former_digest, former_ends_at,
            former_ended_at, ends_at, grants, description, labels, created_at, version)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)"
    } else {
        "UPDATE jerakia.token SET active = $2, digest = $3, bcrypt = $4, secret = $5, issued_at = $6,
            former_digest = $7, former_ends_at = $8, former_ended_at = $9, ends_at = $10, grants = $11,
            description = $12, labels = $13, created_at = $14, version = $15
         WHERE api_id = $1"
    };
    let (digest, bcrypt) = match &token.secret.hash {
        SecretHash::Sha256(digest) => (&digest[..], None),
        SecretHash::Bcrypt(hash) => (&[0; 32][..], Some(hash)),
    };
    let former = token.former.as_ref();
    let labels = serde_json::to_string(&token.labels).unwrap_or_default();
    work.execute(
        sql,
        &[
            &token.api_id,
            &token.active,
            &digest,
            &bcrypt,
            &i64::from(token.secret.number),
            &token.secret.issued_at,
            &former.map(|it| &it.digest[..]),
            &former.map(|it| it.ends_at),
            &former.and_then(|it| it.ended_at),
            &token.ends_at,
            &token.grants.text(),
            &token.description,
            &labels,
            &token.created_at,
            &token.version,
        ],
    )
    .map(drop)
}
