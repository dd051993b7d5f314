//! What a server's cache holds of a token: what the decision is made on.

use super::Digest;

/// A token, as a decision needs it. Small, as there may be millions: what most tokens
/// don't have is in [`Limits`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenRecord {
    /// The store's own number of the token, never given to another one, even with the
    /// same API ID.
    pub id: i64,
    /// The digest of its current secret; 32 zero bytes for a token that was imported and
    /// not used yet.
    pub digest: Digest,
    /// Which of its secrets that is: 1 for the first one, and one more each time.
    pub secret: u32,
    /// Whether it may be used. Else it is refused until it is enabled again.
    pub active: bool,
    /// What else limits it.
    pub limits: Option<Box<Limits>>,
}

/// What limits a token. All times are seconds since the epoch.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Limits {
    /// The first second in which it is no longer good; none: never.
    pub ends_at: Option<i64>,
    /// The secret that the current one has replaced.
    pub former: Option<Former>,
    /// Patterns over permissions, one a line; empty: everything but `tokens:`.
    pub grants: Box<str>,
    /// The bcrypt hash of the secret of a token that was imported and not used yet.
    pub bcrypt: Option<Box<str>>,
}

/// A secret that another one has replaced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Former {
    /// Its digest.
    pub digest: Digest,
    /// The first second in which it is no longer good; 0 where a command has ended it, so
    /// that no clock brings it back.
    pub ends_at: i64,
}
