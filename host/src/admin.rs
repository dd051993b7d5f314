//! Administration: every change to a token is one [`Act`], which
//! [`Store::perform`](crate::store::Store::perform) carries out in one transaction. The
//! commands of `jerakia token` are a face of this module.

use crate::model::{ApiId, Digest};
use crate::sandbox::{IssueRefusal, Issued, Sandbox, SandboxError};
use crate::store::StoreError;
use rand::TryRng as _;
use rand::rngs::{SysError, SysRng};
use std::fmt;
use zeroize::Zeroizing;

/// One change to one token.
#[derive(Clone, Debug)]
pub struct Act {
    /// The token's API ID.
    pub api_id: ApiId,
    /// What becomes of it.
    pub change: Change,
    /// Who does it.
    pub actor: Actor,
    /// When, in seconds since the epoch.
    pub at: i64,
}

/// What becomes of a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// It is made, and has this digest. [`ActError::Exists`] where its API ID has one.
    Create(Digest),
    /// It has this digest, and the secret before it is no longer good. Its status stays.
    Regenerate(Digest),
    /// It may be used again.
    Enable,
    /// It is refused until it is enabled.
    Disable,
    /// It is gone for good.
    Delete,
}

impl Change {
    /// Its name, for logs.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Create(_) => "create",
            Self::Regenerate(_) => "regenerate",
            Self::Enable => "enable",
            Self::Disable => "disable",
            Self::Delete => "delete",
        }
    }

    /// Whether it takes access away. Such a change succeeds on a full disk as well.
    #[must_use]
    pub fn revokes(&self) -> bool {
        matches!(self, Self::Regenerate(_) | Self::Disable | Self::Delete)
    }
}

/// Who performs an act.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Actor {
    /// A user of the operating system, who runs a command.
    User {
        /// Their number.
        uid: u32,
        /// Their name, where the system knows one.
        name: Option<String>,
    },
}

impl fmt::Display for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::User { uid, name: Some(name) } => write!(f, "{name} (uid {uid})"),
            Self::User { uid, name: None } => write!(f, "uid {uid}"),
        }
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
    /// The database can't be used.
    #[error("{0}")]
    Store(#[from] StoreError),
}

/// No token was made.
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

/// Makes a token for `api_id`. It is good once an [`Act`] has stored its digest; its text
/// can't be had again.
///
/// # Errors
/// See [`IssueError`].
pub fn issue(sandbox: &Sandbox, api_id: &ApiId) -> Result<Issued, IssueError> {
    let mut entropy = Zeroizing::new([0; 40]);
    SysRng.try_fill_bytes(&mut *entropy)?;
    sandbox.issue(api_id, &*entropy)?.map_err(IssueError::Refused)
}
