//! Administration: every change to a token is one [`Act`], which a store performs in one
//! transaction, by the rules that are here. The commands of `jerakia token` and the HTTP API are
//! interfaces to this module. It knows no store.

mod actor;
mod attributes;
mod audit;
mod change;
mod given;
mod refusal;

pub use actor::{Actor, READ, WRITE};
pub use attributes::{Attributes, Update};
pub use audit::{AuditEntry, AuditHash, BadAuditHash};
pub use change::{Change, STILL_USED};
pub use given::{BadToken, GivenToken};
pub use refusal::ActRefusal;

pub(crate) use audit::{NewAuditEntry, Shown, changed};

use crate::model::{ApiId, StoredToken};
use crate::sandbox::{IssueRefusal, Issued, Sandbox, SandboxError};
use change::Situation;
use rand::TryRng as _;
use rand::rngs::{SysError, SysRng};
use zeroize::Zeroizing;

/// One change to one token.
#[derive(Clone, Debug)]
pub struct Act {
    /// The token's API ID.
    pub api_id: ApiId,
    /// The change.
    pub change: Change,
    /// Who performs it.
    pub actor: Actor,
    /// When, in seconds since the epoch.
    pub at: i64,
    /// The request that asks for it, over HTTP.
    pub request_id: Option<String>,
    /// The token's number and version, where the act is about that version alone.
    pub expected: Option<(i64, i64)>,
}

impl Act {
    /// An act on the token as it is then.
    #[must_use]
    pub fn new(api_id: ApiId, change: Change, actor: Actor, at: i64) -> Self {
        Self { api_id, change, actor, at, request_id: None, expected: None }
    }

    /// The token after the act; none: it is deleted. `before` is the token as it is stored,
    /// `caller` that of [`Actor::token`], and `former_seen` when the former secret was last
    /// granted access, where [`Self::depends_on_use`].
    pub(crate) fn decide(
        &self,
        before: Option<&StoredToken>,
        caller: Option<&StoredToken>,
        former_seen: Option<i64>,
    ) -> Result<Option<StoredToken>, ActRefusal> {
        let is_expected = |it: &StoredToken| self.expected.is_none_or(|expected| expected == (it.id, it.version));
        if before.is_some_and(|it| !is_expected(it)) {
            return Err(ActRefusal::Stale(self.api_id.clone()));
        }
        let situation = Situation { at: self.at, former_seen };
        let after = self.change.apply(&self.api_id, before.cloned(), &situation)?;
        if let Actor::Token { id, secret, .. } = &self.actor {
            let caller = caller.filter(|it| it.id == *id);
            actor::check(caller, *secret, &self.change, [before, after.as_ref()], self.at)?;
        }
        Ok(after)
    }

    /// Whether it matters when the former secret was last used.
    pub(crate) fn depends_on_use(&self) -> bool {
        self.change == (Change::FinishRotation { force: false })
    }

    /// The act's entry in the audit trail.
    pub(crate) fn audit_entry<'a>(&'a self, changed: String, outcome: &'a str) -> NewAuditEntry<'a> {
        let Self { api_id, change, actor, at, request_id, .. } = self;
        let (act, request_id) = (change.name(), request_id.as_deref());
        NewAuditEntry { at: *at, actor, act, api_id, changed, outcome, request_id }
    }
}

/// Why no token was made.
#[derive(Debug, thiserror::Error)]
pub enum IssueError {
    /// The operating system gave no random numbers.
    #[error("the operating system's random generator failed: {0}")]
    Entropy(#[from] SysError),
    /// The component refused.
    #[error("the token component refuses to make a token ({0:?})")]
    Refused(IssueRefusal),
    /// The component gave no answer.
    #[error(transparent)]
    Sandbox(#[from] SandboxError),
}

/// Makes a token for `api_id`. It is good once an [`Act`] has stored its digest. Its text can't be
/// recovered later.
///
/// # Errors
/// See [`IssueError`].
pub fn issue(sandbox: &Sandbox, api_id: &ApiId) -> Result<Issued, IssueError> {
    let mut entropy = Zeroizing::new([0; 40]);
    SysRng.try_fill_bytes(&mut *entropy)?;
    sandbox.issue(api_id, &*entropy)?.map_err(IssueError::Refused)
}
