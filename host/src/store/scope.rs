//! Scopes: facts that a client stores about itself once, so that its lookups need not
//! repeat them.

/// A stored scope.
#[derive(Debug, PartialEq, Eq)]
pub struct Scope {
    /// Changes with the data, so that a client can tell whether it must store its data again.
    pub uuid: String,
    /// The data as it was stored.
    pub data: String,
}

/// A scope with its key, as it is copied into another database.
pub(super) struct StoredScope {
    pub(super) realm: String,
    pub(super) identifier: String,
    pub(super) uuid: String,
    pub(super) data: String,
    /// The token that stored it.
    pub(super) api_id: String,
    /// In seconds since the epoch.
    pub(super) stored_at: i64,
}

/// The key of a scope: its client.
#[derive(Clone, Copy, Debug)]
pub struct ScopeKey<'a> {
    /// The kind of client, in the client's own words.
    pub realm: &'a str,
    /// The client within that kind.
    pub identifier: &'a str,
}
