//! Why the store can't be used, and why an act failed, worded for an administrator.

use crate::admin::ActRefusal;
use std::error::Error;
use std::ffi::OsString;

/// The database can't be used. The text says which one, why, and what to do.
#[derive(Debug, thiserror::Error)]
#[error("The database {} {cause}", database.display())]
pub struct StoreError {
    /// A path, or a URL without its password.
    database: OsString,
    is_full: bool,
    in_short: &'static str,
    #[source]
    cause: Box<dyn Error + Send + Sync>,
}

impl StoreError {
    /// An error of an engine. The cause continues the sentence "The database ...". `in_short` is
    /// for everybody, and names no file and no host. `is_full`: there is no room for more scopes.
    pub(super) fn new(
        database: impl Into<OsString>,
        is_full: bool,
        in_short: &'static str,
        cause: impl Into<Box<dyn Error + Send + Sync>>,
    ) -> Self {
        Self { database: database.into(), is_full, in_short, cause: cause.into() }
    }

    /// Whether there is no room for more scopes, by their own limit or on the disk.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.is_full
    }

    /// Why, in words for everybody: they name no file.
    pub(crate) fn in_short(&self) -> &'static str {
        self.in_short
    }

    pub(super) fn database(&self) -> &OsString {
        &self.database
    }

    /// The cause, if it is of this type.
    pub(super) fn cause<T: Error + 'static>(&self) -> Option<&T> {
        self.cause.downcast_ref()
    }
}

/// Why an act failed. Nothing was changed, unless a [`StoreError`] says that the change is
/// stored.
#[derive(Debug, thiserror::Error)]
pub enum ActError {
    /// The rules of administration don't allow it.
    #[error(transparent)]
    Refused(#[from] ActRefusal),
    /// The database can't be used.
    #[error("{0}")]
    Store(#[from] StoreError),
}
