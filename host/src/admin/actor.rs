//! Who performs an act, and which acts a token may perform on others.

use super::{ActRefusal, Change};
use crate::model::{ApiId, StoredToken};
use jerakia_core::grants;
use std::fmt;

/// The permission to change tokens.
pub const WRITE: &str = "tokens:write";

/// The permission to see them.
pub const READ: &str = "tokens:read";

/// Who performs an act.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Actor {
    /// A user of the operating system, who runs a command.
    User {
        /// The user ID.
        uid: u32,
        /// The user's name, if the system knows one.
        name: Option<String>,
    },
    /// A token, over HTTP. Its power is checked against the token as it is stored when the act is
    /// performed.
    Token {
        /// Its API ID.
        api_id: ApiId,
        /// Its number in the store.
        id: i64,
        /// The number of the secret that was presented.
        secret: u32,
    },
}

impl Actor {
    /// The API ID of the token that acts; none: a user does.
    pub(crate) fn token(&self) -> Option<&ApiId> {
        match self {
            Self::Token { api_id, .. } => Some(api_id),
            Self::User { .. } => None,
        }
    }
}

impl fmt::Display for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::User { uid, name: Some(name) } => write!(f, "{name} (uid {uid})"),
            Self::User { uid, name: None } => write!(f, "uid {uid}"),
            Self::Token { api_id, .. } => write!(f, "token {api_id}"),
        }
    }
}

/// Checks whether `caller`, the token that performs an act at `at` with its secret number
/// `secret`, may change `before` into `after`.
pub(super) fn check(
    caller: Option<&StoredToken>,
    secret: u32,
    change: &Change,
    [before, after]: [Option<&StoredToken>; 2],
    at: i64,
) -> Result<(), ActRefusal> {
    let caller = caller.filter(|it| is_good(it, secret, at)).ok_or(ActRefusal::NotPermitted(GONE))?;
    let own = before.is_some_and(|it| it.id == caller.id);
    if own && matches!(change, Change::Delete | Change::Adopt { .. }) {
        return Ok(());
    }
    if !grants::permit(caller.grants.text(), WRITE) {
        return Err(ActRefusal::NotPermitted("it has no grant for tokens:write"));
    }
    if !change.hands_out_power() {
        return Ok(());
    }
    if secret != caller.secret.number {
        return Err(ActRefusal::NotPermitted("it was rotated: use its new secret to hand out power"));
    }
    for token in [before, after].into_iter().flatten() {
        if !caller.grants.contain(&token.grants) {
            return Err(ActRefusal::NotPermitted("the other token's grants are not within its own"));
        }
        if caller.ends_at.is_some_and(|end| token.ends_at.is_none_or(|it| it > end)) {
            return Err(ActRefusal::NotPermitted("the other token ends later than it"));
        }
    }
    Ok(())
}

const GONE: &str = "it is no longer good";

fn is_good(caller: &StoredToken, secret: u32, at: i64) -> bool {
    let former = caller.former.as_ref().filter(|it| it.is_good(at)).map(|_| caller.secret.number.saturating_sub(1));
    let ended = caller.ends_at.is_some_and(|end| at >= end);
    caller.active && !ended && (secret == caller.secret.number || former == Some(secret))
}
