//! Performing acts: one transaction, in which the token, the journal and the audit trail
//! change together.

use super::error::Cause;
use super::files::Location;
use super::{State, Store, StoreError, audit, changes, servers_see, tokens, watch};
use crate::admin::{self, Act, ActError, Actor, Change, Noted, Situation};
use crate::model::StoredToken;
use rusqlite::{Connection, TransactionBehavior};
use std::sync::Arc;
use std::thread;

/// What a token was before an act, and is after it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Performed {
    /// None where there was none.
    pub before: Option<StoredToken>,
    /// None where there is none any more.
    pub after: Option<StoredToken>,
}

impl Store {
    /// Performs an act in one transaction. On success it is durable, and every server that
    /// runs on this database sees it.
    ///
    /// # Errors
    /// See [`ActError`].
    pub fn perform(&mut self, act: &Act) -> Result<Performed, ActError> {
        let mut performed = self.perform_all(std::slice::from_ref(act))?;
        performed.pop().ok_or_else(|| ActError::NotFound(act.api_id.to_string()))
    }

    /// Performs all of `acts` in one transaction, or none.
    ///
    /// # Errors
    /// That of the first act that fails.
    pub fn perform_all(&mut self, acts: &[Act]) -> Result<Vec<Performed>, ActError> {
        let mut all = Vec::with_capacity(acts.len());
        self.perform_each(acts, &mut |at, performed| {
            all.truncate(at);
            all.push(performed);
        })?;
        Ok(all)
    }

    /// The same, for many acts: `each` gets the number of an act, from 0 on, and what it
    /// did. None of it holds before the function returns. Where a full disk makes it begin
    /// again, `each` is called from 0 on again.
    ///
    /// # Errors
    /// That of the first act that fails.
    pub fn perform_each(&mut self, acts: &[Act], each: &mut dyn FnMut(usize, Performed)) -> Result<(), ActError> {
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
        Ok(())
    }

    /// The token of `api_id`, as it is stored.
    ///
    /// # Errors
    /// The database can't be read.
    pub fn token(&self, api_id: &str) -> Result<Option<StoredToken>, StoreError> {
        tokens::find(&self.connection, api_id).map_err(|error| self.error(error))
    }

    fn attempt(&mut self, acts: &[Act], each: &mut dyn FnMut(usize, Performed)) -> Result<(), ActError> {
        let (location, state) = (&self.location, &self.state);
        let error = |cause: Cause| StoreError::new(&location.named, cause);
        let begun = self.connection.transaction_with_behavior(TransactionBehavior::Immediate);
        let mut transaction = begun.map_err(|it| error(it.into()))?;
        servers_see(location, &self.files).map_err(|it| error(it.before()))?;
        for (at, act) in acts.iter().enumerate() {
            let former_seen = former_seen(location, state, &transaction, act)?;
            let revision = changes::revision(&transaction).map_err(|it| error(it.into()))?;
            // Of its own, so that of an act that fails only the entry in the trail stays.
            let attempt = transaction.savepoint().map_err(|it| error(it.into()))?;
            match execute(&attempt, act, former_seen).map_err(|cause| ActError::Store(error(cause)))? {
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
                    return Err(refused);
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

    /// Adds an act that failed to the trail. Nothing else has changed, so a disk that is full
    /// only costs the entry.
    fn note_refusal(&mut self, act: &Act, refused: &ActError) {
        let Some(outcome) = admin::outcome(refused) else { return };
        let written = (|| {
            let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            audit::append(&transaction, noted(act, "{}".into(), outcome))?;
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
        if let Err(error) = self.state().and_then(|state| state.forget(gone)) {
            tracing::warn!(%error, "a token is deleted, but its last-seen time and its scopes stay");
        }
    }
}

/// When the former secret was last seen, where the act depends on it.
fn former_seen(
    location: &Location,
    state: &Option<Arc<State>>,
    view: &Connection,
    act: &Act,
) -> Result<Option<i64>, StoreError> {
    if act.change != (Change::FinishRotation { force: false }) {
        return Ok(None);
    }
    let found = tokens::find(view, &act.api_id).map_err(|it| StoreError::new(&location.named, it.into()))?;
    let Some(token) = found else { return Ok(None) };
    let state = state.clone().map_or_else(|| State::open(location).map(Arc::new), Ok)?;
    let seen = state.last_seen_of(&token.api_id, token.id, token.secret.number.saturating_sub(1), act.at)?;
    Ok(seen.map(|it| it.at))
}

/// Changes the token, and adds the act to the trail.
fn execute(
    transaction: &Connection,
    act: &Act,
    former_seen: Option<i64>,
) -> Result<Result<Performed, ActError>, Cause> {
    let before = tokens::find(transaction, &act.api_id)?;
    let after = match decide(transaction, act, before.clone(), former_seen)? {
        Ok(after) => after,
        Err(refused) => return Ok(Err(refused)),
    };
    tokens::write(transaction, before.as_ref(), after.as_ref())?;
    audit::append(transaction, noted(act, admin::changed(before.as_ref(), after.as_ref()), "done"))?;
    Ok(Ok(Performed { before, after }))
}

fn noted<'a>(act: &'a Act, changed: String, outcome: &'a str) -> Noted<'a> {
    let Act { api_id, change, actor, at, request_id, .. } = act;
    let request_id = request_id.as_deref();
    Noted { at: *at, actor, act: change.name(), api_id, changed, outcome, request_id }
}

/// What the act makes of the token, if it may.
fn decide(
    transaction: &Connection,
    act: &Act,
    before: Option<StoredToken>,
    former_seen: Option<i64>,
) -> Result<Result<Option<StoredToken>, ActError>, Cause> {
    let caller = match &act.actor {
        Actor::Token { api_id, id, secret } => {
            let caller = tokens::find(transaction, api_id)?.filter(|it| it.id == *id);
            Some((caller, *secret))
        }
        Actor::User { .. } => None,
    };
    let situation = Situation { at: act.at, former_seen };
    Ok((|| {
        let is_expected = |it: &StoredToken| act.expected.is_none_or(|expected| expected == (it.id, it.version));
        if before.as_ref().is_some_and(|it| !is_expected(it)) {
            return Err(ActError::Stale(act.api_id.clone()));
        }
        let after = act.change.apply(&act.api_id, before.clone(), &situation)?;
        if let Some((caller, secret)) = &caller {
            admin::check(caller.as_ref(), *secret, &act.change, [before.as_ref(), after.as_ref()], act.at)?;
        }
        Ok(after)
    })())
}
