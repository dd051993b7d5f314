//! Performs acts in a transaction, in which the token, the journal and the audit trail change
//! together. Triggers write the last two at the commit.

use super::connection::{Connection, Work};
use super::error::Cause;
use super::tokens;
use crate::admin::{self, Act, ActRefusal, NewAuditEntry};
use crate::clock::BootTime;
use crate::model::StoredToken;
use crate::store::Performed;

/// What came of acts that could be decided.
pub(super) enum Attempted {
    /// They were committed before this time.
    Done(BootTime),
    /// This one was refused, and none was performed.
    Refused(usize, ActRefusal),
}

/// Performs all of `acts`, or none.
pub(super) fn attempt(
    connection: &mut Connection,
    acts: &[Act],
    each: &mut dyn FnMut(usize, Performed),
) -> Result<Attempted, Cause> {
    let work = connection.begin()?;
    check_journal(&work)?;
    // All at once and in order, so that two that are about the same tokens can't wait for each other.
    let api_ids: Vec<&str> = acts.iter().map(|it| &*it.api_id).collect();
    tokens::lock_all(&work, &api_ids)?;
    for (at, act) in acts.iter().enumerate() {
        match execute(&work, act)? {
            Ok(performed) => each(at, performed),
            Err(refused) => return Ok(Attempted::Refused(at, refused)),
        }
    }
    work.commit().map(Attempted::Done)
}

/// Does what an act does before its commit, and takes it back.
pub(super) fn rehearse(connection: &mut Connection) -> Result<(), Cause> {
    let work = connection.begin()?;
    check_journal(&work)?;
    let sql = "INSERT INTO jerakia.act (at, actor, act, api_id, changed, outcome, request_id)
        VALUES (0, '', 'rehearse', '', '{}', '', '')";
    work.execute(sql, &[]).map(drop)
}

/// Adds an entry to the audit trail, in a transaction of its own.
pub(super) fn note(connection: &mut Connection, entry: &NewAuditEntry<'_>) -> Result<(), Cause> {
    let work = connection.begin()?;
    add(&work, entry)?;
    work.commit().map(drop)
}

/// Adds an entry to the audit trail when the transaction is committed.
pub(super) fn add(work: &Work<'_>, entry: &NewAuditEntry<'_>) -> Result<(), Cause> {
    let NewAuditEntry { at, actor, act, api_id, changed, outcome, request_id } = entry;
    let sql = "INSERT INTO jerakia.act (at, actor, act, api_id, changed, outcome, request_id)
        VALUES ($1, $2, $3, $4, $5, $6, $7)";
    let request_id = request_id.unwrap_or_default();
    work.execute(sql, &[at, &actor.to_string(), act, api_id, changed, outcome, &request_id]).map(drop)
}

/// Checks that changes are journalled: without the trigger no server would see them.
fn check_journal(work: &Work<'_>) -> Result<(), Cause> {
    let sql = "SELECT FROM pg_trigger WHERE tgrelid = 'jerakia.token'::regclass AND tgname = 'token_journal'
        AND tgenabled = 'A'";
    if work.rows(sql, &[])?.is_empty() { Err(Cause::NoJournal) } else { Ok(()) }
}

fn execute(work: &Work<'_>, act: &Act) -> Result<Result<Performed, ActRefusal>, Cause> {
    let caller_id = act.actor.token().map(|it| &**it);
    let names: Vec<&str> = [Some(&*act.api_id), caller_id].into_iter().flatten().collect();
    let locked = tokens::lock(work, &names)?;
    let of = |api_id: &str| locked.iter().find(|it| it.api_id == api_id);
    let (before, caller) = (of(&act.api_id), caller_id.and_then(of));
    let after = match act.decide(before, caller, former_seen(work, act, before)?) {
        Ok(after) => after,
        Err(refused) => return Ok(Err(refused)),
    };
    match tokens::write(work, before, after.as_ref()) {
        // Created by another session after we looked.
        Err(Cause::Duplicate(_)) => return Ok(Err(ActRefusal::Exists(act.api_id.clone()))),
        written => written?,
    }
    add(work, &act.audit_entry(admin::changed(before, after.as_ref()), "done"))?;
    Ok(Ok(Performed { before: before.cloned(), after }))
}

/// When the former secret was last seen, where the act depends on it.
fn former_seen(work: &Work<'_>, act: &Act, token: Option<&StoredToken>) -> Result<Option<i64>, Cause> {
    let Some(token) = token.filter(|_| act.depends_on_use()) else { return Ok(None) };
    let former = i64::from(token.secret.number.saturating_sub(1));
    let sql = "SELECT at FROM jerakia.last_seen WHERE token = $1 AND secret = $2 AND at <= $3";
    let rows = work.rows(sql, &[&token.id, &former, &act.at])?;
    Ok(rows.first().map(|row| row.try_get(0)).transpose()?)
}
