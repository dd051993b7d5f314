//! Whether something that needs the disk works, as last tried: read without a wait for the disk.

use super::StoreError;
use std::sync::{Mutex, PoisonError};

/// None while it works; else why it does not, in words that name no file.
#[derive(Default)]
pub(crate) struct Condition(Mutex<Option<&'static str>>);

impl Condition {
    /// Notes how the last attempt ended.
    pub(crate) fn set(&self, error: Option<&StoreError>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = error.map(StoreError::in_short);
    }

    /// Why it does not work.
    pub(crate) fn trouble(&self) -> Option<&'static str> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
