//! Fills an empty database with the contents of another one.

use super::acts;
use super::audit;
use super::connection::Work;
use super::error::Cause;
use crate::admin::{AuditEntry, NewAuditEntry};
use crate::model::{SecretHash, StoredToken};
use crate::store::scope::StoredScope;
use crate::store::{AuditCheck, AuditEnds, AuditFault, LastSeen};

/// The transaction that fills it.
pub(in crate::store) struct Fill<'a>(Work<'a>);

impl<'a> Fill<'a> {
    /// Refuses a database that has anything. Until the commit nobody else writes to it.
    pub(super) fn begin(work: Work<'a>) -> Result<Self, Cause> {
        // The journal gets one entry in place of one for each token.
        work.batch(
            "LOCK TABLE jerakia.token, jerakia.audit, jerakia.act, jerakia.last_seen, jerakia.scope IN EXCLUSIVE MODE;
             ALTER TABLE jerakia.token DISABLE TRIGGER token_journal",
        )?;
        let sql = "SELECT EXISTS (SELECT 1 FROM jerakia.token) OR EXISTS (SELECT 1 FROM jerakia.audit)
            OR EXISTS (SELECT 1 FROM jerakia.last_seen) OR EXISTS (SELECT 1 FROM jerakia.scope)";
        let rows = work.rows(sql, &[])?;
        match rows.first().map(|row| row.try_get(0)).transpose()? {
            Some(false) => Ok(Self(work)),
            _ => Err(Cause::NotEmpty),
        }
    }

    pub(in crate::store) fn tokens(&self, all: &[StoredToken]) -> Result<(), Cause> {
        let sql = "INSERT INTO jerakia.token (id, api_id, active, digest, bcrypt, secret, issued_at, former_digest,
                former_ends_at, former_ended_at, ends_at, grants, description, labels, created_at, version)
            SELECT * FROM unnest($1::bigint[], $2::text[], $3::boolean[], $4::bytea[], $5::text[], $6::bigint[],
                $7::bigint[], $8::bytea[], $9::bigint[], $10::bigint[], $11::bigint[], $12::text[], $13::text[],
                $14::text[], $15::bigint[], $16::bigint[])";
        fn column<'t, T>(all: &'t [StoredToken], field: impl Fn(&'t StoredToken) -> T) -> Vec<T> {
            all.iter().map(field).collect()
        }
        let digest = |it: &StoredToken| match &it.secret.hash {
            SecretHash::Sha256(digest) => digest.to_vec(),
            SecretHash::Bcrypt(_) => vec![0; 32],
        };
        let bcrypt = |it: &StoredToken| match &it.secret.hash {
            SecretHash::Sha256(_) => None,
            SecretHash::Bcrypt(hash) => Some(hash.clone()),
        };
        let former = |it: &StoredToken| it.former.clone();
        let inserted = self.0.execute(
            sql,
            &[
                &column(all, |it| it.id),
                &column(all, |it| &*it.api_id),
                &column(all, |it| it.active),
                &column(all, digest),
                &column(all, bcrypt),
                &column(all, |it| i64::from(it.secret.number)),
                &column(all, |it| it.secret.issued_at),
                &column(all, |it| former(it).map(|it| it.digest.to_vec())),
                &column(all, |it| former(it).map(|it| it.ends_at)),
                &column(all, |it| former(it).and_then(|it| it.ended_at)),
                &column(all, |it| it.ends_at),
                &column(all, |it| it.grants.text()),
                &column(all, |it| &*it.description),
                &column(all, |it| serde_json::to_string(&it.labels).unwrap_or_default()),
                &column(all, |it| it.created_at),
                &column(all, |it| it.version),
            ],
        )?;
        expect(inserted, all.len())
    }

    pub(in crate::store) fn entries(&self, all: &[AuditEntry]) -> Result<(), Cause> {
        let sql = "INSERT INTO jerakia.audit (number, at, actor, act, api_id, changed, outcome, request_id, hash)
            SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::text[], $4::text[], $5::text[], $6::text[],
                $7::text[], $8::text[], $9::bytea[])";
        let text = |field: fn(&AuditEntry) -> &str| all.iter().map(field).collect::<Vec<_>>();
        let numbers: Vec<_> = all.iter().map(|it| it.number).collect();
        let times: Vec<_> = all.iter().map(|it| it.at).collect();
        let hashes: Vec<_> = all.iter().map(|it| it.hash.0.to_vec()).collect();
        let (actors, acts, api_ids) = (text(|it| &it.actor), text(|it| &it.act), text(|it| &it.api_id));
        let (changed, outcomes, requests) = (text(|it| &it.changed), text(|it| &it.outcome), text(|it| &it.request_id));
        let inserted = self
            .0
            .execute(sql, &[&numbers, &times, &actors, &acts, &api_ids, &changed, &outcomes, &requests, &hashes])?;
        expect(inserted, all.len())
    }

    /// Those of tokens that are there. Returns how many.
    pub(in crate::store) fn last_seen(&self, all: &[LastSeen]) -> Result<u64, Cause> {
        let sql = "INSERT INTO jerakia.last_seen (token, secret, at, address)
            SELECT token, secret, at, address
            FROM unnest($1::text[], $2::bigint[], $3::bigint[], $4::bigint[], $5::text[])
                AS seen (api_id, token, secret, at, address)
            WHERE EXISTS (SELECT 1 FROM jerakia.token WHERE token.id = seen.token AND token.api_id = seen.api_id)";
        let api_ids: Vec<_> = all.iter().map(|it| &*it.api_id).collect();
        let tokens: Vec<_> = all.iter().map(|it| it.token).collect();
        let secrets: Vec<_> = all.iter().map(|it| i64::from(it.secret)).collect();
        let times: Vec<_> = all.iter().map(|it| it.seen.at).collect();
        let from = |it: &LastSeen| it.seen.from.map(|it| it.to_string()).unwrap_or_default();
        let addresses: Vec<_> = all.iter().map(from).collect();
        self.0.execute(sql, &[&api_ids, &tokens, &secrets, &times, &addresses])
    }

    pub(in crate::store) fn scopes(&self, all: &[StoredScope]) -> Result<(), Cause> {
        let sql = "INSERT INTO jerakia.scope (realm, identifier, uuid, data, api_id, stored_at)
            VALUES ($1, $2, $3, $4, $5, $6)";
        for StoredScope { realm, identifier, uuid, data, api_id, stored_at } in all {
            self.0.execute(sql, &[realm, identifier, uuid, data, api_id, stored_at])?;
        }
        Ok(())
    }

    /// Sets the ends of the audit trail, and reads the trail back: the first fault, if it has one.
    pub(in crate::store) fn ends(&self, ends: AuditEnds) -> Result<Result<(), AuditFault>, Cause> {
        let [(first, first_hash), (last, last_hash)] = [ends.pruned, ends.head];
        let set = |table: &str| format!("UPDATE jerakia.{table} SET number = $1, hash = $2");
        self.0.execute(&set("audit_start"), &[&first, &&first_hash.0[..]])?;
        self.0.execute(&set("audit_head"), &[&last, &&last_hash.0[..]])?;
        let (mut check, mut after) = (AuditCheck::new(ends, None), i64::MIN);
        loop {
            let page = audit::page_of(&self.0, after)?;
            let Some(end) = page.last() else { return Ok(check.finish().map(drop)) };
            after = end.number;
            for entry in page {
                if let Err(fault) = check.follow(Some(entry.number), Some(entry)) {
                    return Ok(Err(fault));
                }
            }
        }
    }

    /// How many tokens, entries, last-seen times and scopes there are.
    pub(in crate::store) fn counts(&self) -> Result<[i64; 4], Cause> {
        let sql = "SELECT (SELECT count(*) FROM jerakia.token), (SELECT count(*) FROM jerakia.audit),
            (SELECT count(*) FROM jerakia.last_seen), (SELECT count(*) FROM jerakia.scope)";
        let rows = self.0.rows(sql, &[])?;
        let row = rows.first().ok_or_else(|| Cause::Other("it gave no counts".into()))?;
        Ok([row.try_get(0)?, row.try_get(1)?, row.try_get(2)?, row.try_get(3)?])
    }

    /// Commits, with an entry about the copy. New tokens get numbers after `last_number`. The
    /// journal begins anew, so that a server that runs already reads everything.
    pub(in crate::store) fn finish(self, last_number: i64, entry: &NewAuditEntry<'_>) -> Result<(), Cause> {
        self.0
            .rows("SELECT setval(pg_get_serial_sequence('jerakia.token', 'id'), $1) WHERE $1 > 0", &[&last_number])?;
        acts::add(&self.0, entry)?;
        self.0.batch(
            "ALTER TABLE jerakia.token ENABLE ALWAYS TRIGGER token_journal;
             SELECT pg_advisory_xact_lock(1246907201, 1);
             WITH head AS (SELECT max(revision) AS revision FROM jerakia.journal),
                gone AS (DELETE FROM jerakia.journal)
             INSERT INTO jerakia.journal (revision, api_id) SELECT revision + 1, '' FROM head;
             SELECT pg_notify('jerakia_tokens', '')",
        )?;
        self.0.commit().map(drop)
    }
}

/// All rows must have been taken.
fn expect(inserted: u64, given: usize) -> Result<(), Cause> {
    if inserted == given as u64 { Ok(()) } else { Err(Cause::Other(format!("it took {inserted} of {given} rows"))) }
}
