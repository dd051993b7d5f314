//! When a secret was last granted access.

use std::net::IpAddr;

/// The last grant to a secret of a token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LastSeen {
    /// The API ID.
    pub api_id: Box<str>,
    /// The token's number in the store. A token that is deleted and created again gets another.
    pub token: i64,
    /// The secret's number: see [`TokenRecord::secret`](crate::model::TokenRecord::secret).
    pub secret: u32,
    /// When, and from where.
    pub seen: Seen,
}

/// When and where a secret was last granted access.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seen {
    /// In seconds since the epoch.
    pub at: i64,
    /// The client's address; none over a Unix socket.
    pub from: Option<IpAddr>,
}
