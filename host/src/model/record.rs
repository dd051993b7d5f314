//! A token as a server's cache holds it: the input of decisions.

use super::Digest;

/// A token, as a decision needs it. Small, since there can be millions: fields that most
/// tokens don't have are in [`Limits`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenRecord {
    /// The token's number in the store. A token that is deleted and created again gets another.
    pub id: i64,
    /// The digest of its current secret; 32 zero bytes for an imported token that was not used
    /// yet.
    pub digest: Digest,
    /// The number of that secret: 1 for the first, and one more for each new one.
    pub secret: u32,
    /// Whether it is enabled.
    pub active: bool,
    /// Its limits, if it has any.
    pub limits: Option<Box<Limits>>,
}

/// The limits of a token. All times are seconds since the epoch.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Limits {
    /// The first second in which it is no longer good; none: never.
    pub ends_at: Option<i64>,
    /// The secret that the current one replaced.
    pub former: Option<Former>,
    /// Patterns over permissions, one per line; empty: everything except `tokens:`.
    pub grants: Box<str>,
    /// The bcrypt hash of the secret, for an imported token that was not used yet.
    pub bcrypt: Option<Box<str>>,
}

/// A secret that the current one replaced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Former {
    /// Its digest.
    pub digest: Digest,
    /// The first second in which it is no longer good; 0 if a command ended it, so that a clock
    /// that is set back doesn't make it good again.
    pub ends_at: i64,
}
