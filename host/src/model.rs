//! The words that the whole host shares: what a token is to it.

use jiff::Timestamp;
use serde::Serialize;
use std::borrow::Borrow;
use std::fmt;
use std::ops::Deref;
use std::str::FromStr;

/// An API ID: the public half of a token, which names the application that it was
/// made for. 1 to 64 of `A-Z a-z 0-9 _ . @ -`, of which the first is none of `. @ -`.
/// Parsed once, valid from then on.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ApiId(Box<str>);

/// A text that is not an [`ApiId`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0} can't be an API ID: use 1 to 64 of the characters A-Z a-z 0-9 _ . @ - and begin with a letter, a digit or _"
)]
pub struct BadApiId(pub String);

impl TryFrom<String> for ApiId {
    type Error = BadApiId;

    fn try_from(text: String) -> Result<Self, BadApiId> {
        if jerakia_core::api_id::is_valid(&text) { Ok(Self(text.into())) } else { Err(BadApiId(text)) }
    }
}

impl FromStr for ApiId {
    type Err = BadApiId;

    fn from_str(text: &str) -> Result<Self, BadApiId> {
        text.to_owned().try_into()
    }
}

impl From<ApiId> for String {
    fn from(api_id: ApiId) -> Self {
        api_id.0.into()
    }
}

impl Deref for ApiId {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl Borrow<str> for ApiId {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ApiId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// SHA-256 over a token's whole text.
pub type Digest = [u8; 32];

/// Whether a token may be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// It may.
    Active,
    /// It is refused until it is enabled again.
    Disabled,
}

impl Status {
    /// Its name, in lists and in JSON.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Disabled => "disabled",
        }
    }
}

/// What a server knows of a token: what the decision is made on, and which token it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TokenRecord {
    /// The store's own number of the token, never given to another one, even with the
    /// same API ID.
    pub id: i64,
    /// The digest of its text.
    pub digest: Digest,
    /// Whether it may be used.
    pub status: Status,
}

/// A token as an administrator sees it. Its JSON is what `jerakia token list -o json`
/// prints: times are RFC 3339, in UTC; none where the database has a time that no
/// calendar has.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Token {
    /// The name of the application, as it is stored: not an [`ApiId`] where somebody
    /// edited the database.
    pub api_id: String,
    /// Whether it may be used.
    pub status: Status,
    /// When it was last granted something; none: never.
    pub last_seen: Option<Timestamp>,
    /// When the API ID was created.
    pub created_at: Option<Timestamp>,
    /// When its present secret was made: at creation, or when last regenerated.
    pub issued_at: Option<Timestamp>,
}

#[cfg(test)]
mod tests {
    use super::{ApiId, BadApiId};

    #[test]
    fn an_api_id_is_valid_or_says_what_would_be() {
        let api_id = ApiId::try_from(String::from("my_app")).map(|it| it.to_string());
        assert_eq!(api_id, Ok("my_app".into()));
        for bad in ["", "-q", "a:b", "-nobody-"] {
            let error = ApiId::try_from(String::from(bad)).map_err(|it| it.to_string());
            assert_eq!(error, Err(BadApiId(bad.into()).to_string()));
        }
    }
}
