//! Making tokens: what `jerakia token create` and `regenerate` do.

use crate::sandbox::{IssueRefusal, Issued, Sandbox, SandboxError};
use crate::store::{ActError, Store, StoreError};
use crate::{Secret, clock};
use rand::TryRng as _;
use rand::rngs::SysRng;
use zeroize::Zeroizing;

/// No token was made, and nothing has changed.
#[derive(Debug, thiserror::Error)]
pub enum TokenError {
    /// The component refused.
    #[error(
        "{0} can't be an API ID: use 1 to 64 of the characters A-Z a-z 0-9 _ . @ - and begin with a letter, a digit or _"
    )]
    BadApiId(String),
    /// The operating system gave no random numbers, or none worth the name.
    #[error("the operating system gives no random numbers: {0}")]
    Entropy(String),
    /// The component gave no answer.
    #[error(transparent)]
    Sandbox(#[from] SandboxError),
    /// The store did not do it.
    #[error(transparent)]
    Act(#[from] ActError),
}

impl From<StoreError> for TokenError {
    fn from(error: StoreError) -> Self {
        Self::Act(error.into())
    }
}

/// Creates the token of a new API ID, and answers it. It can't be had again.
///
/// # Errors
/// See [`TokenError`].
pub fn create(sandbox: &Sandbox, store: &mut Store, api_id: &str) -> Result<Secret, TokenError> {
    let issued = issue(sandbox, api_id)?;
    store.create(api_id, &issued.digest, clock::now())?;
    Ok(issued.token)
}

/// Replaces the token of an API ID, and answers the new one.
///
/// # Errors
/// See [`TokenError`].
pub fn regenerate(sandbox: &Sandbox, store: &mut Store, api_id: &str) -> Result<Secret, TokenError> {
    // Asked first for the better message: what can't be an API ID is not there.
    if !store.contains(api_id)? {
        return Err(ActError::NotFound(api_id.into()).into());
    }
    let issued = issue(sandbox, api_id)?;
    store.regenerate(api_id, &issued.digest, clock::now())?;
    Ok(issued.token)
}

fn issue(sandbox: &Sandbox, api_id: &str) -> Result<Issued, TokenError> {
    let mut entropy = Zeroizing::new([0; 40]);
    SysRng.try_fill_bytes(&mut *entropy).map_err(|error| TokenError::Entropy(error.to_string()))?;
    sandbox.issue(api_id, &*entropy)?.map_err(|refusal| match refusal {
        IssueRefusal::BadApiId => TokenError::BadApiId(api_id.into()),
        IssueRefusal::BadEntropySize | IssueRefusal::ConstantEntropy => {
            TokenError::Entropy("the token component refuses what it gave".into())
        }
    })
}
