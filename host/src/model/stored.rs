//! A token as the store has it. Administrators' acts change it.

use super::{Digest, FormerToken, Grants, Labels, Status, Token};
use jiff::Timestamp;

/// A token as the store has it. All times are seconds since the epoch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredToken {
    /// Its number in the store; 0 before it is stored.
    pub id: i64,
    /// Not an [`ApiId`](super::ApiId) where somebody edited the database.
    pub api_id: String,
    /// Whether it is enabled.
    pub active: bool,
    /// The secret in use.
    pub secret: StoredSecret,
    /// The secret that it replaced.
    pub former: Option<FormerSecret>,
    /// The first second in which the token is no longer good; none: never.
    pub ends_at: Option<i64>,
    /// What it may do.
    pub grants: Grants,
    /// What it is for, in the words of its administrator.
    pub description: String,
    /// The labels that select it.
    pub labels: Labels,
    /// When its API ID was created.
    pub created_at: i64,
    /// 1 when it is created, and one more after each act.
    pub version: i64,
}

/// The secret in use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredSecret {
    /// How it is recognised.
    pub hash: SecretHash,
    /// 1 for the first secret, and one more for each new one.
    pub number: u32,
    /// When it was made.
    pub issued_at: i64,
}

/// How a secret is recognised.
#[derive(Clone, PartialEq, Eq)]
pub enum SecretHash {
    /// SHA-256 of the token's text.
    Sha256(Digest),
    /// Jerakia 3's bcrypt hash, until the token is first used.
    Bcrypt(String),
}

impl std::fmt::Debug for SecretHash {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(if matches!(self, Self::Sha256(_)) { "Sha256([redacted])" } else { "Bcrypt([redacted])" })
    }
}

/// A secret that the current one replaced. Its number is one less than the current one's.
#[derive(Clone, PartialEq, Eq)]
pub struct FormerSecret {
    /// SHA-256 of the token's text.
    pub digest: Digest,
    /// The first second in which it is no longer good.
    pub ends_at: i64,
    /// When a command ended it; none: no command did.
    pub ended_at: Option<i64>,
}

impl std::fmt::Debug for FormerSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { ends_at, ended_at, .. } = self;
        f.debug_struct("FormerSecret").field("ends_at", ends_at).field("ended_at", ended_at).finish_non_exhaustive()
    }
}

impl FormerSecret {
    /// Whether it is still good at `now`.
    #[must_use]
    pub fn is_good(&self, now: i64) -> bool {
        self.ended_at.is_none() && now < self.ends_at
    }
}

impl StoredToken {
    /// The first of disabled, expired, imported and active that applies.
    #[must_use]
    pub fn status(&self, now: i64) -> Status {
        if !self.active {
            Status::Disabled
        } else if self.ends_at.is_some_and(|end| now >= end) {
            Status::Expired
        } else if matches!(self.secret.hash, SecretHash::Bcrypt(_)) {
            Status::Imported
        } else {
            Status::Active
        }
    }

    /// As an administrator sees it at `now`, without the last-seen times, which are in the state
    /// database.
    #[must_use]
    pub fn shown(self, now: i64) -> Token {
        let status = self.status(now);
        let former = self.former.map(|former| FormerToken {
            ends_at: timestamp(former.ended_at.unwrap_or(former.ends_at)),
            last_seen: None,
            last_address: None,
        });
        Token {
            version: (self.id, self.version),
            api_id: self.api_id,
            status,
            description: self.description,
            labels: self.labels,
            grants: self.grants,
            created_at: timestamp(self.created_at),
            issued_at: timestamp(self.secret.issued_at),
            expires_at: self.ends_at.and_then(timestamp),
            last_seen: None,
            last_address: None,
            former,
        }
    }
}

/// None for a time beyond the calendar: somebody edited the database.
fn timestamp(seconds: i64) -> Option<Timestamp> {
    Timestamp::from_second(seconds).ok()
}
