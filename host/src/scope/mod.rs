//! Scope data: what a client says of itself once, so that its lookups need not repeat
//! it. Knows nothing of HTTP.

mod data;

pub use data::Encoding;

use crate::clock;
use crate::lookup::Value;
use crate::service::Service;
use crate::store::{Scope, StoreError};
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
    service: Arc<Service>,
    /// The largest body, in bytes.
    largest: usize,
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
}

impl Scopes {
    /// Data is kept where `service` has its tokens, of at most `largest` bytes each.
    #[must_use]
    pub fn new(service: Arc<Service>, largest: usize) -> Self {
        Self { service, largest }
    }

    /// The largest body that is taken, in bytes.
    #[must_use]
    pub fn largest(&self) -> usize {
        self.largest
    }

    /// Keeps `body`, in place of what was there; answers its uuid, which stays when the
    /// data does.
    ///
    /// # Errors
    /// When it can't be kept as it is: nothing is changed then.
    pub fn put(&self, owner: &Owner, encoding: Encoding, body: &[u8]) -> Result<String, ScopeError> {
        if body.len() > self.largest {
            return Err(ScopeError::TooLarge(self.largest));
        }
        let text = data::to_text(&data::read(encoding, body).map_err(ScopeError::Malformed)?)?;
        let Owner { realm, identifier } = owner;
        let stored = self.service.cache().store().write(|it| it.store_scope(realm, identifier, &text, clock::now()));
        stored.map_err(ScopeError::from)
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

    fn find(&self, Owner { realm, identifier }: &Owner) -> Result<Scope, ScopeError> {
        let found = self.service.cache().store().read(|it| it.scope(realm, identifier))?;
        found.ok_or(ScopeError::NotFound)
    }
}

impl From<StoreError> for ScopeError {
    fn from(error: StoreError) -> Self {
        match error.is_full() {
            true => Self::Full(error),
            false => Self::Unavailable(error.to_string()),
        }
    }
}
