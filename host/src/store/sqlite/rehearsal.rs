//! Tries whether acts can be stored: performs one up to its commit, and takes it back.

use super::error::{Cause, is_full};
use super::{SqliteAdmin, StoreError, audit, changes, servers_see};
use crate::admin::{Actor, NewAuditEntry};
use crate::clock;
use rusqlite::TransactionBehavior;
use std::time::Duration;

/// How long to wait for the act of another process. One takes some milliseconds.
const WAIT: Duration = Duration::from_secs(1);

impl SqliteAdmin {
    /// Changes the last token to what it is, adds an entry to the audit trail, and rolls both
    /// back: this finds a lock, a mode, and damage where each act reads and writes.
    pub(super) fn rehearse(&mut self) -> Result<(), StoreError> {
        let Self { connection, location, files, .. } = self;
        let mut rehearse = || -> Result<(), Cause> {
            connection.busy_timeout(WAIT)?;
            let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            servers_see(location, files).map_err(|it| it.before())?;
            let revision = changes::revision(&transaction)?;
            let change = "UPDATE token SET version = version WHERE id = (SELECT max(id) FROM token)";
            if transaction.execute(change, [])? > 0 && changes::revision(&transaction)? <= revision {
                return Err(Cause::NoJournal);
            }
            let (actor, changed) = (Actor::User { uid: 0, name: None }, String::new());
            let (at, act) = (clock::now(), "rehearsal");
            let entry = NewAuditEntry { at, actor: &actor, act, api_id: "", changed, outcome: "", request_id: None };
            audit::append(&transaction, entry)?;
            transaction.rollback()?;
            // SQLite asks for room only when it commits.
            if is_full(&location.file) { Err(Cause::Full) } else { Ok(()) }
        };
        rehearse().map_err(|cause| StoreError::of_file(&location.named, cause))
    }
}
