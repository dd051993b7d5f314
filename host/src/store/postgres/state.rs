//! What servers write: last-seen times and scopes.

use super::Site;
use super::connection::Connection;
use super::error::Cause;
use crate::model::StoredToken;
use crate::store::{LastSeen, Scope, ScopeKey, Seen, StateStore, StoreError};
use std::collections::HashMap;
use std::sync::Arc;

/// What servers write.
pub struct PostgresState {
    site: Arc<Site>,
}

impl PostgresState {
    pub(super) fn new(site: Arc<Site>) -> Self {
        Self { site }
    }

    /// Calls `work` with a connection.
    fn with<T>(&self, work: impl FnOnce(&Connection) -> Result<T, Cause>) -> Result<T, StoreError> {
        let done = self.site.connect().and_then(|connection| {
            let done = work(&connection);
            self.site.put_back(connection);
            done
        });
        done.map_err(|cause| self.site.error(cause))
    }
}

impl StateStore for PostgresState {
    /// One statement, and its rows in the order of their keys, so that two servers can't wait for
    /// each other. Nobody is notified.
    fn record_last_seen(&self, times: &[LastSeen], now: i64) -> Result<(), StoreError> {
        let sql = "INSERT INTO jerakia.last_seen AS old (token, secret, at, address)
            SELECT seen.* FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::text[]) AS seen (token, secret, at, address)
            WHERE EXISTS (SELECT 1 FROM jerakia.token WHERE token.id = seen.token) ORDER BY token, secret
            ON CONFLICT (token, secret) DO UPDATE SET at = excluded.at, address = excluded.address
            WHERE old.at < excluded.at OR old.at > $5";
        let tokens: Vec<_> = times.iter().map(|it| it.token).collect();
        let secrets: Vec<_> = times.iter().map(|it| i64::from(it.secret)).collect();
        let at: Vec<_> = times.iter().map(|it| it.seen.at).collect();
        let addresses: Vec<_> =
            times.iter().map(|it| it.seen.from.map(|it| it.to_string()).unwrap_or_default()).collect();
        self.with(|connection| connection.execute(sql, &[&tokens, &secrets, &at, &addresses, &now]).map(drop))
    }

    fn last_seen(&self, tokens: &[StoredToken], now: i64) -> Result<Vec<[Option<Seen>; 2]>, StoreError> {
        let sql = "SELECT token, secret, at, address FROM jerakia.last_seen WHERE token = ANY($1) AND at <= $2";
        let ids: Vec<_> = tokens.iter().map(|it| it.id).collect();
        self.with(|connection| {
            let mut times = HashMap::new();
            for row in connection.rows(sql, &[&ids, &now])? {
                let from = row.try_get::<_, &str>(3)?.parse().ok();
                times.insert((row.try_get(0)?, row.try_get(1)?), Seen { at: row.try_get(2)?, from });
            }
            let of = |token: i64, secret: u32| times.get(&(token, i64::from(secret))).copied();
            let both = |it: &StoredToken| [of(it.id, it.secret.number), of(it.id, it.secret.number.saturating_sub(1))];
            Ok(tokens.iter().map(both).collect())
        })
    }

    fn put_scope(&self, of: ScopeKey<'_>, data: &str, api_id: &str, now: i64, most: u64) -> Result<String, StoreError> {
        let sql = "SELECT jerakia.store_scope($1, $2, $3, $4, $5, $6, $7)";
        let (uuid, most) = (uuid::Uuid::new_v4().to_string(), i64::try_from(most).unwrap_or(i64::MAX));
        self.with(|connection| {
            let stored = connection.one(sql, &[&of.realm, &of.identifier, &uuid, &data, &api_id, &now, &most]);
            match stored {
                Err(Cause::NoRoom) => Err(Cause::ScopesFull(most)),
                stored => Ok(stored?.try_get(0)?),
            }
        })
    }

    fn scope(&self, of: ScopeKey<'_>) -> Result<Option<Scope>, StoreError> {
        let sql = "SELECT uuid, data FROM jerakia.scope WHERE realm = $1 AND identifier = $2";
        self.with(|connection| {
            let Some(row) = connection.optional(sql, &[&of.realm, &of.identifier])? else { return Ok(None) };
            Ok(Some(Scope { uuid: row.try_get(0)?, data: row.try_get(1)? }))
        })
    }

    fn delete_scope(&self, of: ScopeKey<'_>) -> Result<bool, StoreError> {
        let sql = "DELETE FROM jerakia.scope WHERE realm = $1 AND identifier = $2";
        self.with(|connection| Ok(connection.execute(sql, &[&of.realm, &of.identifier])? > 0))
    }
}

/// Deletes the last-seen times and the scopes of deleted tokens (number, API ID). In the order of
/// the keys: see [`PostgresState::record_last_seen`].
pub(super) fn forget(connection: &Connection, deleted: &[(i64, String)]) -> Result<(), Cause> {
    let tokens: Vec<_> = deleted.iter().map(|(id, _)| *id).collect();
    let api_ids: Vec<_> = deleted.iter().map(|(_, api_id)| api_id.as_str()).collect();
    let sql = "DELETE FROM jerakia.last_seen WHERE (token, secret) IN (SELECT token, secret FROM jerakia.last_seen
        WHERE token = ANY($1) ORDER BY token, secret FOR UPDATE)";
    connection.execute(sql, &[&tokens])?;
    connection.execute("DELETE FROM jerakia.scope WHERE api_id = ANY($1)", &[&api_ids]).map(drop)
}
