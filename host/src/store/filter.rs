//! Selects tokens for lists and for acts on many.

use crate::model::{Label, Status, Token};
use jiff::Timestamp;

/// Which tokens to list: those that meet all conditions.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TokenFilter {
    /// Tokens with all of these labels.
    pub labels: Vec<Label>,
    /// Tokens of one of these statuses; empty: of any.
    pub statuses: Vec<Status>,
    /// Tokens that were neither used nor made since this time, in seconds since the epoch.
    pub unused_since: Option<i64>,
    /// Tokens that end before this time, in seconds since the epoch, or have ended.
    pub ending_before: Option<i64>,
    /// Tokens whose API ID comes after this one.
    pub after: Option<String>,
}

impl TokenFilter {
    /// All tokens.
    #[must_use]
    pub fn all() -> Self {
        Self::default()
    }

    pub(super) fn matches(&self, token: &Token) -> bool {
        let before = |time: Option<Timestamp>, limit: i64| time.is_none_or(|it| it.as_second() < limit);
        self.labels.iter().all(|it| token.labels.has(it))
            && (self.statuses.is_empty() || self.statuses.contains(&token.status))
            && self.unused_since.is_none_or(|it| before(token.last_used(), it) && before(token.issued_at, it))
            && self.ending_before.is_none_or(|it| token.expires_at.is_some_and(|end| end.as_second() < it))
    }
}
