//! Scope data: what a client says of itself once, so that its lookups need not repeat
//! it. Knows nothing of HTTP.

mod data;

pub use data::Encoding;

use crate::clock;
use crate::lookup::Value;
use crate::store::{Scope, ScopeKey, State, StoreError};
use std::error::Error;
use std::sync::Arc;

/// The longest realm, in bytes.
pub const MAX_REALM_LEN: usize = 128;

/// The longest identifier, in bytes.
pub const MAX_IDENTIFIER_LEN: usize = 256;

/// How deep lists and maps may be nested.
pub const MAX_DEPTH: usize = 64;

/// Whose data it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScopeId {
    realm: String,
    identifier: String,
}

/// Why scope data can't be kept or had.
#[derive(Debug, thiserror::Error)]
pub enum ScopeError {
    /// It has more bytes than are taken.
    #[error("Scope data may have {0} bytes")]
    TooLarge(usize),
    /// It can't be kept as it is, or the names in its id can't be stored.
    #[error("{0}")]
    Malformed(String),
    /// Nothing is stored under these names.
    #[error("No scope data found")]
    NotFound,
    /// There is no room for more.
    #[error("no room for scope data: {0}")]
    Full(#[source] StoreError),
    /// It can't be read or written.
    #[error("scope data can't be read or written: {0}")]
    Unavailable(#[source] Box<dyn Error + Send + Sync>),
}

/// Keeps scope data.
pub struct Scopes {
    state: Arc<State>,
    limits: ScopeLimits,
}

/// How much scope data is kept, in bytes.
#[derive(Clone, Copy, Debug)]
pub struct ScopeLimits {
    /// The largest body.
    pub largest: usize,
    /// All scopes together, with their names and 100 bytes each; half of it is for those that
    /// one token has stored.
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
    /// [`ScopeError::Malformed`], when one of them is empty or too long.
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
    /// Data is kept in `state`, within `limits`.
    #[must_use]
    pub fn new(state: Arc<State>, limits: ScopeLimits) -> Self {
        Self { state, limits }
    }

    /// The largest body that is taken, in bytes.
    #[must_use]
    pub fn largest(&self) -> usize {
        self.limits.largest
    }

    /// Keeps `body` for the token of `api_id`, in place of what was there; answers its
    /// uuid, which stays when the data does.
    ///
    /// # Errors
    /// When it can't be kept as it is: nothing is changed then.
    pub fn put(&self, id: &ScopeId, api_id: &str, encoding: Encoding, body: &[u8]) -> Result<String, ScopeError> {
        if body.len() > self.limits.largest {
            return Err(ScopeError::TooLarge(self.limits.largest));
        }
        let text = data::to_text(&data::read(encoding, body).map_err(ScopeError::Malformed)?)?;
        Ok(self.state.store_scope(id.key(), &text, api_id, clock::now(), self.limits.total)?)
    }

    /// The data: a map.
    ///
    /// # Errors
    /// When there is none, or it can't be read.
    pub fn get(&self, id: &ScopeId) -> Result<Value, ScopeError> {
        data::from_text(&self.find(id)?.data)
    }

    /// Its uuid alone: another one when the data is another.
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
