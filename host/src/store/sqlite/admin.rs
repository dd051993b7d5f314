//! Performing acts: one transaction, in which the token, the journal and the audit trail
//! change together.

use super::error::Cause;
use super::state::State;
use super::{SqliteAdmin, StoreError, audit, changes, opened, servers_see, tokens, watch};
use crate::admin::{self, Act, ActRefusal, Actor, AuditEntry, AuditHash, Change};
use crate::model::StoredToken;
use crate::store::{ActError, AdminStore, AuditFault, AuditFilter, AuditHead, Performed, Reach, StateStore};
use rusqlite::{Connection, TransactionBehavior};
use std::sync::Arc;
use std::thread;

impl AdminStore for SqliteAdmin {
    fn perform_each(&mut self, acts: &[Act], each: &mut dyn FnMut(usize, Performed)) -> Result<Reach, ActError> {
        let revokes = acts.iter().any(|it| it.change.revokes());
        match self.attempt(acts, each) {
            Err(ActError::Store(error)) if revokes && error.is_for_want_of_room() && self.reserve.give_up() => {
                self.attempt(acts, each)?;
            }
            attempted => attempted?,
        }
        for act in acts {
            let (api_id, change, actor) = (&*act.api_id, act.change.name(), &act.actor);
            tracing::debug!(api_id, change, %actor, at = act.at, "a token was changed");
        }
        self.forget_state(acts);
        // A server may still run unseen, its lock file removed or its directory moved. It has
        // noticed by the end of this wait.
        if revokes {
            thread::sleep(watch::NOTICED_WITHIN);
        }
        Ok(Reach::Everywhere)
    }

    fn token(&self, api_id: &str) -> Result<Option<StoredToken>, StoreError> {
        tokens::find(&self.connection, api_id).map_err(|error| self.error(error))
    }

    fn tokens_after(&self, api_id: Option<&str>, limit: usize) -> Result<Vec<StoredToken>, StoreError> {
        tokens::page(&self.connection, api_id, limit).map_err(|error| self.error(error))
    }

    fn state(&self) -> Result<Arc<dyn StateStore>, StoreError> {
        Ok(self.opened_state()?)
    }

    fn audit(&self, filter: &AuditFilter, limit: usize) -> Result<Vec<AuditEntry>, StoreError> {
        audit::page(&self.connection, filter, limit).map_err(|error| self.error(error))
    }

    fn verify_audit(&self, noted: Option<AuditHash>) -> Result<Result<AuditHead, AuditFault>, StoreError> {
        // In one view, since an act can add an entry meanwhile.
        let view = self.connection.unchecked_transaction().map_err(|error| self.error(error))?;
        audit::verify(&view, noted).map_err(|error| self.error(error))
    }

    fn prune_audit(&mut self, before: i64, actor: &Actor, at: i64) -> Result<Result<i64, AuditFault>, StoreError> {
        let pruned = audit::prune(&mut self.connection, before, actor, at);
        pruned.map_err(|cause| StoreError::of_file(&self.location.named, cause))
    }
}

impl SqliteAdmin {
    fn attempt(&mut self, acts: &[Act], each: &mut dyn FnMut(usize, Performed)) -> Result<(), ActError> {
        let location = &self.location;
        let error = |cause: Cause| StoreError::of_file(&location.named, cause);
        let begun = self.connection.transaction_with_behavior(TransactionBehavior::Immediate);
        let mut transaction = begun.map_err(|it| error(it.into()))?;
        servers_see(location, &self.files).map_err(|it| error(it.before()))?;
        for (at, act) in acts.iter().enumerate() {
            let former_seen = former_seen(&transaction, act, error, || opened(&self.state, location))?;
            let revision = changes::revision(&transaction).map_err(|it| error(it.into()))?;
            // Of its own, so that of an act that fails only the entry in the trail stays.
            let attempt = transaction.savepoint().map_err(|it| error(it.into()))?;
            match execute(&attempt, act, former_seen).map_err(&error)? {
                Ok(performed) => {
                    if changes::revision(&attempt).map_err(|it| error(it.into()))? <= revision {
                        return Err(error(Cause::NoJournal).into());
                    }
                    attempt.commit().map_err(|it| error(it.into()))?;
                    each(at, performed);
                }
                Err(refused) => {
                    drop(attempt);
                    drop(transaction);
                    self.note_refusal(act, &refused);
                    return Err(refused.into());
                }
            }
        }
        transaction.commit().map_err(|it| error(it.into()))?;
        // Files may have been replaced, or a server started, since the check above.
        servers_see(location, &self.files).map_err(|it| error(it.after()))?;
        // So that a plain copy of the file has this act too. It is durable without.
        drop(self.connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(())));
        Ok(())
    }

    /// Adds an act that was refused to the trail. Nothing else has changed, so a disk that is full
    /// only costs the entry.
    fn note_refusal(&mut self, act: &Act, refused: &ActRefusal) {
        let written = (|| {
            let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            audit::append(&transaction, act.audit_entry("{}".into(), refused.outcome()))?;
            Ok::<_, Cause>(transaction.commit()?)
        })();
        if let Err(error) = written {
            tracing::warn!(%error, "an act that failed is not in the audit trail");
        }
    }

    /// The tokens are gone whether or not this succeeds.
    fn forget_state(&self, acts: &[Act]) {
        let mut gone = acts.iter().filter(|it| it.change == Change::Delete).map(|it| &*it.api_id).peekable();
        if gone.peek().is_none() {
            return;
        }
        if let Err(error) = self.opened_state().and_then(|state| state.forget(gone)) {
            tracing::warn!(%error, "a token is deleted, but its last-seen time and its scopes stay");
        }
    }
}

/// When the former secret was last seen, where the act depends on it.
fn former_seen(
    view: &Connection,
    act: &Act,
    error: impl Fn(Cause) -> StoreError,
    state: impl FnOnce() -> Result<Arc<State>, StoreError>,
) -> Result<Option<i64>, StoreError> {
    if !act.depends_on_use() {
        return Ok(None);
    }
    let Some(token) = tokens::find(view, &act.api_id).map_err(|it| error(it.into()))? else { return Ok(None) };
    let former = token.secret.number.saturating_sub(1);
    Ok(state()?.last_seen_of(&token.api_id, token.id, former, act.at)?.map(|it| it.at))
}

/// Changes the token, and adds the act to the trail.
fn execute(
    transaction: &Connection,
    act: &Act,
    former_seen: Option<i64>,
) -> Result<Result<Performed, ActRefusal>, Cause> {
    let before = tokens::find(transaction, &act.api_id)?;
    let caller = match act.actor.token() {
        Some(api_id) => tokens::find(transaction, api_id)?,
        None => None,
    };
    let after = match act.decide(before.as_ref(), caller.as_ref(), former_seen) {
        Ok(after) => after,
        Err(refused) => return Ok(Err(refused)),
    };
    tokens::write(transaction, before.as_ref(), after.as_ref())?;
    audit::append(transaction, act.audit_entry(admin::changed(before.as_ref(), after.as_ref()), "done"))?;
    Ok(Ok(Performed { before, after }))
}
