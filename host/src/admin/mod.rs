//! Administration: every change to a token is one [`Act`], which
//! [`Store::perform`](crate::store::Store::perform) performs in one transaction. The commands of
//! `jerakia token` and the HTTP API are interfaces to this module.

mod actor;
mod attributes;
mod audit;
mod change;
mod given;

pub use actor::{Actor, READ, WRITE};
pub use attributes::{Attributes, Update};
pub use audit::{AuditEntry, AuditHash, BadAuditHash};
pub use change::{Change, STILL_USED};
pub use given::{BadToken, GivenToken};

pub(crate) use actor::check;
pub(crate) use audit::{Noted, Shown, changed, outcome};
pub(crate) use change::Situation;

use crate::model::ApiId;
use crate::sandbox::{IssueRefusal, Issued, Sandbox, SandboxError};
use crate::store::StoreError;
use jiff::Timestamp;
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
}

/// Why an act failed. Nothing was changed, unless a [`StoreError`] says that the change is
/// stored.
#[derive(Debug, thiserror::Error)]
pub enum ActError {
    /// There is no token with this API ID.
    #[error("No such API ID {0}")]
    NotFound(String),
    /// There is one already.
    #[error("API ID {0} already exists")]
    Exists(ApiId),
    /// It is not at the version that was expected.
    #[error("The token of {0} was changed in the meantime: look at it again")]
    Stale(ApiId),
    /// Its former secret is still good.
    #[error(
        "{api_id} was rotated already, and its former token is good until {}: wait, end it with --finish, or use --force",
        time(*.until)
    )]
    InGrace {
        /// Whose.
        api_id: ApiId,
        /// Until when, in seconds since the epoch.
        until: i64,
    },
    /// It has no former secret that is good.
    #[error("{0} has no former token that is still good")]
    NoRotation(ApiId),
    /// Its former secret is still in use.
    #[error(
        "The former token of {api_id} was last used at {}, less than 15 minutes ago: give its client the new one first, or use --force",
        time(*.seen)
    )]
    StillUsed {
        /// Whose.
        api_id: ApiId,
        /// When, in seconds since the epoch.
        seen: i64,
    },
    /// It was imported and not used yet, so its secret has no digest.
    #[error(
        "The token of {0} was imported and not used yet, so that it can't be rotated: use it once, or regenerate it"
    )]
    Imported(ApiId),
    /// It no longer has the bcrypt hash that a client's token was compared with.
    #[error("The token of {0} is no longer the one that was imported")]
    NotImported(ApiId),
    /// The token that performs the act lacks the power.
    #[error("The token that asks for this may not do it: {0}")]
    NotPermitted(&'static str),
    /// The database can't be used.
    #[error("{0}")]
    Store(#[from] StoreError),
}

fn time(at: i64) -> String {
    Timestamp::from_second(at).map_or_else(|_| at.to_string(), |it| it.to_string())
}

/// Why no token was made.
#[derive(Debug, thiserror::Error)]
pub enum IssueError {
    /// The operating system gave no random numbers.
    #[error("the operating system gives no random numbers: {0}")]
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
