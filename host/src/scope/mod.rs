//! Scope data: what a client says of itself once, so that its lookups need not repeat
//! it. Knows nothing of HTTP.

mod data;

pub use data::Encoding;

use crate::clock;
use crate::lookup::Value;
use crate::store::{Client, Scope, State, StoreError};
use std::sync::Arc;

/// The longest realm, in bytes.
pub const LONGEST_REALM: usize = 128;

/// The longest identifier, in bytes.
pub const LONGEST_IDENTIFIER: usize = 256;

/// How deep lists and maps may be nested.
pub const DEEPEST: usize = 64;

/// Whose data it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Owner {
    realm: String,
    identifier: String,
}

/// Why scope data can't be kept or had.
#[derive(Debug, thiserror::Error)]
pub enum ScopeError {
    /// It has more bytes than are taken.
    #[error("Scope data may have {0} bytes")]
    TooLarge(usize),
    /// It can't be kept as it is, or its owner's names can't be meant so.
    #[error("{0}")]
    Malformed(String),
    /// Nothing is stored under these names.
    #[error("No scope data found")]
    NotFound,
    /// There is no room for more.
    #[error("no room for scope data: {0}")]
    Full(StoreError),
    /// It can't be read or written.
    #[error("scope data can't be read or written: {0}")]
    Unavailable(String),
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

impl Owner {
    /// The client `identifier` of `realm`.
    ///
    /// # Errors
    /// [`ScopeError::Malformed`], when one of them is empty or too long.
    pub fn new(realm: &str, identifier: &str) -> Result<Self, ScopeError> {
        for (what, name, longest) in [("realm", realm, LONGEST_REALM), ("identifier", identifier, LONGEST_IDENTIFIER)] {
            if name.is_empty() || name.len() > longest {
                return Err(ScopeError::Malformed(format!("The scope's {what} must have 1 to {longest} bytes")));
            }
        }
        Ok(Self { realm: realm.into(), identifier: identifier.into() })
    }

    fn client(&self) -> Client<'_> {
        Client { realm: &self.realm, identifier: &self.identifier }
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
    pub fn put(&self, owner: &Owner, api_id: &str, encoding: Encoding, body: &[u8]) -> Result<String, ScopeError> {
        if body.len() > self.limits.largest {
            return Err(ScopeError::TooLarge(self.limits.largest));
        }
        let text = data::to_text(&data::read(encoding, body).map_err(ScopeError::Malformed)?)?;
        Ok(self.state.store_scope(owner.client(), &text, api_id, clock::now(), self.limits.total)?)
    }

    /// The data: a map.
    ///
    /// # Errors
    /// When there is none, or it can't be read.
    pub fn get(&self, owner: &Owner) -> Result<Value, ScopeError> {
        data::from_text(&self.find(owner)?.data)
    }

    /// Its uuid alone: another one when the data is another.
    ///
    /// # Errors
    /// When there is none, or it can't be read.
    pub fn uuid(&self, owner: &Owner) -> Result<String, ScopeError> {
        Ok(self.find(owner)?.uuid)
    }

    /// Deletes the data.
    ///
    /// # Errors
    /// When there is none, or it can't be deleted.
    pub fn delete(&self, owner: &Owner) -> Result<(), ScopeError> {
        if self.state.delete_scope(owner.client())? { Ok(()) } else { Err(ScopeError::NotFound) }
    }

    fn find(&self, owner: &Owner) -> Result<Scope, ScopeError> {
        self.state.scope(owner.client())?.ok_or(ScopeError::NotFound)
    }
}

impl From<StoreError> for ScopeError {
    fn from(error: StoreError) -> Self {
        if error.is_full() { Self::Full(error) } else { Self::Unavailable(error.to_string()) }
    }
}
