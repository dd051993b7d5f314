//! The database as an administrator uses it.

use super::acts::{self, Attempted};
use super::connection::Connection;
use super::error::Cause;
use super::state::PostgresState;
use super::{Address, Fill, Node, Site, acknowledgement, audit, nodes, tokens};
use crate::admin::{Act, Actor, AuditEntry, AuditHash};
use crate::clock::BootTime;
use crate::model::StoredToken;
use crate::store::{
    ActError, AdminStore, AuditFault, AuditFilter, AuditHead, Performed, Reach, StateStore, StoreError,
};
use std::sync::Arc;

/// How often an act begins again after a conflict with another.
const ATTEMPTS: usize = 5;

/// An administrator's connection.
pub struct PostgresAdmin {
    site: Arc<Site>,
    /// None only between two.
    connection: Option<Connection>,
    waits: bool,
}

impl PostgresAdmin {
    /// Opens the database, and creates or migrates its schema.
    ///
    /// # Errors
    /// It can't be used.
    pub fn open(address: &Address) -> Result<Self, StoreError> {
        Self::of(&Site::open(address)?)
    }

    /// The servers that have registered, the latest first: also those that are dead, for a day.
    ///
    /// # Errors
    /// The database can't be read.
    pub fn nodes(&self) -> Result<Vec<Node>, StoreError> {
        self.connection().and_then(nodes::nodes).map_err(|it| self.error(it))
    }

    /// Begins to fill the database, which must be empty.
    pub(in crate::store) fn fill(&mut self) -> Result<Fill<'_>, StoreError> {
        let site = self.site.clone();
        let begun = self.connection_mut().and_then(|it| Fill::begin(it.begin()?));
        begun.map_err(|it| site.error(it))
    }

    /// Tries an act up to its commit, and takes it back.
    pub(super) fn rehearse(&mut self) -> Result<(), StoreError> {
        let rehearsed = self.connection_mut().and_then(acts::rehearse);
        rehearsed.map_err(|it| self.error(it))
    }

    pub(super) fn of(site: &Arc<Site>) -> Result<Self, StoreError> {
        let connection = Some(site.connect().map_err(|it| site.error(it))?);
        Ok(Self { site: site.clone(), connection, waits: true })
    }

    fn connection(&self) -> Result<&Connection, Cause> {
        self.connection.as_ref().filter(|it| it.is_open()).ok_or_else(|| Cause::Closed("it was lost before".into()))
    }

    fn connection_mut(&mut self) -> Result<&mut Connection, Cause> {
        self.connection.as_mut().filter(|it| it.is_open()).ok_or_else(|| Cause::Closed("it was lost before".into()))
    }

    fn error(&self, cause: Cause) -> StoreError {
        self.site.error(cause)
    }

    /// Performs the acts, again if another session was in the way.
    fn attempt(&mut self, acts: &[Act], each: &mut dyn FnMut(usize, Performed)) -> Result<Attempted, Cause> {
        for _ in 1..ATTEMPTS {
            match acts::attempt(self.connection_mut()?, acts, each) {
                Err(Cause::Conflict) => {}
                attempted => return attempted,
            }
        }
        acts::attempt(self.connection_mut()?, acts, each)
    }

    fn wait(&self, since: BootTime) -> Result<Reach, Cause> {
        acknowledgement::wait(self.connection()?, since, || self.site.connect())
    }
}

impl AdminStore for PostgresAdmin {
    fn perform_each(&mut self, acts: &[Act], each: &mut dyn FnMut(usize, Performed)) -> Result<Reach, ActError> {
        if acts.is_empty() {
            return Ok(Reach::Unawaited);
        }
        let mut deleted = Vec::new();
        let mut note = |at: usize, performed: Performed| {
            if at == 0 {
                deleted.clear();
            }
            if let Performed { before: Some(gone), after: None } = &performed {
                deleted.push((gone.id, gone.api_id.clone()));
            }
            each(at, performed);
        };
        let committed = match self.attempt(acts, &mut note).map_err(|it| self.error(it))? {
            Attempted::Done(at) => at,
            Attempted::Refused(at, refused) => {
                let entry = acts[at].audit_entry("{}".into(), refused.outcome());
                let noted = self.connection_mut().and_then(|it| acts::note(it, &entry));
                if let Err(cause) = noted {
                    tracing::warn!(%cause, "an act that failed is not in the audit trail");
                }
                return Err(refused.into());
            }
        };
        for act in acts {
            let (api_id, change, actor) = (&*act.api_id, act.change.name(), &act.actor);
            tracing::debug!(api_id, change, %actor, at = act.at, "a token was changed");
        }
        let reach = if self.waits { self.wait(committed) } else { Ok(Reach::Unawaited) };
        if !deleted.is_empty()
            && let Err(cause) = self.connection().and_then(|it| super::state::forget(it, &deleted))
        {
            tracing::warn!(%cause, "a token is deleted, but its last-seen time and its scopes stay");
        }
        Ok(reach.map_err(|it| self.error(it))?)
    }

    fn set_no_wait(&mut self) {
        self.waits = false;
    }

    fn token(&self, api_id: &str) -> Result<Option<StoredToken>, StoreError> {
        self.connection().and_then(|it| tokens::find(it, api_id)).map_err(|it| self.error(it))
    }

    fn tokens_after(&self, api_id: Option<&str>, limit: usize) -> Result<Vec<StoredToken>, StoreError> {
        self.connection().and_then(|it| tokens::page(it, api_id, limit)).map_err(|it| self.error(it))
    }

    fn state(&self) -> Result<Arc<dyn StateStore>, StoreError> {
        Ok(Arc::new(PostgresState::new(self.site.clone())))
    }

    fn audit(&self, filter: &AuditFilter, limit: usize) -> Result<Vec<AuditEntry>, StoreError> {
        self.connection().and_then(|it| audit::page(it, filter, limit)).map_err(|it| self.error(it))
    }

    fn verify_audit(&self, noted: Option<AuditHash>) -> Result<Result<AuditHead, AuditFault>, StoreError> {
        self.connection().and_then(|it| audit::verify(it, noted)).map_err(|it| self.error(it))
    }

    fn prune_audit(&mut self, before: i64, actor: &Actor, at: i64) -> Result<Result<i64, AuditFault>, StoreError> {
        let pruned = self.connection_mut().and_then(|it| audit::prune(it, before, actor, at));
        pruned.map_err(|it| self.error(it))
    }
}

/// The next who needs a connection gets this one.
impl Drop for PostgresAdmin {
    fn drop(&mut self) {
        if let Some(connection) = self.connection.take() {
            self.site.put_back(connection);
        }
    }
}
