//! Performing an [`Act`]: one statement in one transaction.

use super::{State, Store, StoreError, watch};
use crate::admin::{Act, ActError, Change};
use rusqlite::{Connection, ErrorCode, params};
use std::thread;

impl Store {
    /// Performs an act in one transaction. On success it is durable, and every server that
    /// runs on this database sees it.
    ///
    /// # Errors
    /// See [`ActError`].
    pub fn perform(&mut self, act: &Act) -> Result<(), ActError> {
        let outcome = match self.attempt(act) {
            Err(error) if self.makes_room_for(act, &error) => self.attempt(act)?,
            attempted => attempted?,
        };
        match outcome {
            Outcome::Exists => return Err(ActError::Exists(act.api_id.clone())),
            Outcome::NotFound => return Err(ActError::NotFound(act.api_id.to_string())),
            Outcome::Done => {}
        }
        let (api_id, change, actor) = (&*act.api_id, act.change.name(), &act.actor);
        tracing::debug!(api_id, change, %actor, at = act.at, "a token was changed");
        if act.change == Change::Delete {
            self.forget_state(api_id);
        }
        // A server may still run unseen, its lock file removed or its directory moved. It has
        // noticed by the end of this wait.
        if act.change.revokes() {
            thread::sleep(watch::NOTICED_WITHIN);
        }
        Ok(())
    }

    /// Gives up the room that is kept for acts on a full disk, where that may help.
    fn makes_room_for(&self, act: &Act, error: &StoreError) -> bool {
        act.change.revokes() && error.is_for_want_of_room() && self.reserve.give_up()
    }

    /// The token is gone whether or not this succeeds.
    fn forget_state(&self, api_id: &str) {
        if let Err(error) = State::open(&self.location).and_then(|state| state.forget(api_id)) {
            tracing::warn!(%error, "the token is deleted, but its last-seen time and its scopes stay");
        }
    }
}

/// What came of an act.
pub(super) enum Outcome {
    Done,
    Exists,
    NotFound,
}

/// Runs the statement of an act.
pub(super) fn execute(transaction: &Connection, act: &Act) -> rusqlite::Result<Outcome> {
    let (api_id, at) = (&*act.api_id, act.at);
    let changed = match &act.change {
        Change::Create(digest) => {
            let sql = "INSERT INTO token (api_id, digest, created_at, issued_at) VALUES (?1, ?2, ?3, ?3)";
            match transaction.execute(sql, params![api_id, digest, at]) {
                Err(error) if error.sqlite_error_code() == Some(ErrorCode::ConstraintViolation) => {
                    return Ok(Outcome::Exists);
                }
                inserted => inserted?,
            }
        }
        Change::Regenerate(digest) => {
            let sql = "UPDATE token SET digest = ?2, issued_at = ?3 WHERE api_id = ?1";
            transaction.execute(sql, params![api_id, digest, at])?
        }
        Change::Enable => transaction.execute("UPDATE token SET active = 1 WHERE api_id = ?1", [api_id])?,
        Change::Disable => transaction.execute("UPDATE token SET active = 0 WHERE api_id = ?1", [api_id])?,
        Change::Delete => transaction.execute("DELETE FROM token WHERE api_id = ?1", [api_id])?,
    };
    Ok(if changed == 0 { Outcome::NotFound } else { Outcome::Done })
}
