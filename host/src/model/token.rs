//! A token as an administrator sees it.

use super::{Grants, Labels};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::net::IpAddr;
use std::str::FromStr;
use utoipa::ToSchema;

/// The status of a token: the first of these that applies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// It is refused until it is enabled again.
    Disabled,
    /// It has ended.
    Expired,
    /// It was imported from Jerakia 3, and not used yet.
    Imported,
    /// It is good.
    Active,
}

impl Status {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Disabled, Self::Expired, Self::Imported, Self::Active];

    /// Its name, in lists and in JSON.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Disabled => "disabled",
            Self::Expired => "expired",
            Self::Imported => "imported",
            Self::Active => "active",
        }
    }
}

/// A text that is not a [`Status`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a status: use disabled, expired, imported or active")]
pub struct BadStatus(pub String);

impl FromStr for Status {
    type Err = BadStatus;

    fn from_str(text: &str) -> Result<Self, BadStatus> {
        Self::ALL.into_iter().find(|it| it.name() == text).ok_or_else(|| BadStatus(text.into()))
    }
}

/// A token as an administrator sees it: the JSON of commands and of the HTTP API. Times are
/// RFC 3339, in UTC; null if there is none, or if the database has a time beyond the
/// calendar.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Token {
    /// The name of the application, as it is stored: not an [`ApiId`](super::ApiId) where
    /// somebody edited the database.
    pub api_id: String,
    /// Whether it is good, and if not, why.
    pub status: Status,
    /// What it is for.
    pub description: String,
    /// The labels that select it.
    pub labels: Labels,
    /// What it may do; empty: everything except administer tokens.
    pub grants: Grants,
    /// When the API ID was created.
    pub created_at: Option<Timestamp>,
    /// When its current secret was made.
    pub issued_at: Option<Timestamp>,
    /// When it ends.
    pub expires_at: Option<Timestamp>,
    /// When its current secret was last granted access.
    pub last_seen: Option<Timestamp>,
    /// The client's address at that time.
    #[schema(value_type = Option<String>)]
    pub last_address: Option<IpAddr>,
    /// The former secret: `previous` in JSON.
    #[serde(rename = "previous")]
    pub former: Option<FormerToken>,
    /// The token's number and version: see [`Act::expected`](crate::admin::Act::expected).
    #[serde(skip)]
    pub version: (i64, i64),
}

/// The former secret, as an administrator sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct FormerToken {
    /// When it ends, or has ended.
    pub ends_at: Option<Timestamp>,
    /// When it was last granted access.
    pub last_seen: Option<Timestamp>,
    /// The client's address at that time.
    #[schema(value_type = Option<String>)]
    pub last_address: Option<IpAddr>,
}

impl Token {
    /// When it was last granted access, with either secret.
    #[must_use]
    pub fn last_used(&self) -> Option<Timestamp> {
        self.last_seen.max(self.former.as_ref().and_then(|it| it.last_seen))
    }
}
