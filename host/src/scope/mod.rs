//! Scope data: facts that a client stores about itself once, so that its lookups need not
//! repeat them. Independent of HTTP.

mod data;

pub use data::Encoding;

use crate::clock;
use crate::lookup::Value;
use crate::store::{Scope, ScopeKey, StateStore, StoreError};
use std::error::Error;
use std::sync::Arc;

/// The longest realm, in bytes.
pub const MAX_REALM_LEN: usize = 128;

/// The longest identifier, in bytes.
pub const MAX_IDENTIFIER_LEN: usize = 256;

/// How deep lists and maps may be nested.
pub const MAX_DEPTH: usize = 64;

/// Identifies the client that scope data belongs to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScopeId {
    realm: String,
    identifier: String,
}

/// Why scope data can't be stored or returned.
#[derive(Debug, thiserror::Error)]
pub enum ScopeError {
    /// It exceeds the limit, in bytes.
    #[error("Scope data can have at most {0} bytes")]
    TooLarge(usize),
    /// It can't be stored unchanged, or its realm or identifier has a bad length.
    #[error("{0}")]
    Malformed(String),
    /// Nothing is stored for this client.
    #[error("No scope data found")]
    NotFound,
    /// There is no room for more.
    #[error("no room for scope data: {0}")]
    Full(#[source] StoreError),
    /// It can't be read or written.
    #[error("scope data can't be read or written: {0}")]
    Unavailable(#[source] Box<dyn Error + Send + Sync>),
}

/// Stores scope data within limits.
pub struct Scopes {
    state: Arc<dyn StateStore>,
    limits: ScopeLimits,
}

/// The limits of scope data, in bytes.
#[derive(Clone, Copy, Debug)]
pub struct ScopeLimits {
    /// The largest body.
    pub largest: usize,
    /// All scopes together, each counted with its names and another 100 bytes. The scopes of
    /// one token can take half of it.
    pub total: u64,
}

impl Default for ScopeLimits {
    fn default() -> Self {
        Self { largest: 256 << 10, total: 256 << 20 }
    }
}

impl ScopeId {
    /// The client `identifier` of `realm`.
    ///
    /// # Errors
    /// [`ScopeError::Malformed`] when one of them is empty or too long.
    pub fn new(realm: &str, identifier: &str) -> Result<Self, ScopeError> {
        for (what, name, max) in [("realm", realm, MAX_REALM_LEN), ("identifier", identifier, MAX_IDENTIFIER_LEN)] {
            if name.is_empty() || name.len() > max {
                return Err(ScopeError::Malformed(format!("The scope's {what} must have 1 to {max} bytes")));
            }
        }
        Ok(Self { realm: realm.into(), identifier: identifier.into() })
    }

    fn key(&self) -> ScopeKey<'_> {
        ScopeKey { realm: &self.realm, identifier: &self.identifier }
    }
}

impl Scopes {
    /// Stores data in `state`, within `limits`.
    #[must_use]
    pub fn new(state: Arc<dyn StateStore>, limits: ScopeLimits) -> Self {
        Self { state, limits }
    }

    /// The largest accepted body, in bytes.
    #[must_use]
    pub fn largest(&self) -> usize {
        self.limits.largest
    }

    /// Stores `body` on behalf of the token `api_id`, replacing earlier data. Returns its uuid,
    /// which changes only when the data does.
    ///
    /// # Errors
    /// When it can't be stored unchanged; then nothing changes.
    pub fn put(&self, id: &ScopeId, api_id: &str, encoding: Encoding, body: &[u8]) -> Result<String, ScopeError> {
        if body.len() > self.limits.largest {
            return Err(ScopeError::TooLarge(self.limits.largest));
        }
        let text = data::to_text(&data::read(encoding, body).map_err(ScopeError::Malformed)?)?;
        Ok(self.state.put_scope(id.key(), &text, api_id, clock::now(), self.limits.total)?)
    }

    /// The stored data: a map.
    ///
    /// # Errors
    /// When there is none, or it can't be read.
    pub fn get(&self, id: &ScopeId) -> Result<Value, ScopeError> {
        data::from_text(&self.find(id)?.data)
    }

    /// The uuid of the stored data, which changes when the data does.
    ///
    /// # Errors
    /// When there is none, or it can't be read.
    pub fn uuid(&self, id: &ScopeId) -> Result<String, ScopeError> {
        Ok(self.find(id)?.uuid)
    }

    /// Deletes the data.
    ///
    /// # Errors
    /// When there is none, or it can't be deleted.
    pub fn delete(&self, id: &ScopeId) -> Result<(), ScopeError> {
        if self.state.delete_scope(id.key())? { Ok(()) } else { Err(ScopeError::NotFound) }
    }

    fn find(&self, id: &ScopeId) -> Result<Scope, ScopeError> {
        self.state.scope(id.key())?.ok_or(ScopeError::NotFound)
    }
}

impl From<StoreError> for ScopeError {
    fn from(error: StoreError) -> Self {
        if error.is_full() { Self::Full(error) } else { Self::Unavailable(error.into()) }
    }
}
