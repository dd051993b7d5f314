//! What servers write: last-seen times and scopes. Losing it loses no token.

use super::{LastSeen, Scope, ScopeKey, Seen, StoreError};
use crate::model::StoredToken;

/// What servers write. Used by many threads at once, on blocking threads.
pub trait StateStore: Send + Sync {
    /// Stores last-seen times in one transaction. An earlier time doesn't replace a later one,
    /// which another server may have stored, unless the later one is after `now`, in seconds since
    /// the epoch, because of a wrong clock.
    ///
    /// # Errors
    /// The database can't be written, and nothing was stored.
    fn record_last_seen(&self, times: &[LastSeen], now: i64) -> Result<(), StoreError>;

    /// The last grants to the current and the former secret of each of `tokens`, in their order.
    /// Ignores times after `now`.
    ///
    /// # Errors
    /// The database can't be read.
    fn last_seen(&self, tokens: &[StoredToken], now: i64) -> Result<Vec<[Option<Seen>; 2]>, StoreError>;

    /// Stores the scope of a client on behalf of the token `api_id`, replacing an earlier one.
    /// Returns its uuid, which changes only when the data does. All scopes together may take
    /// `most` bytes, each counted with its names and another 100 bytes, and those of one token
    /// half of that.
    ///
    /// # Errors
    /// The database can't be written, or is full ([`StoreError::is_full`]).
    fn put_scope(&self, of: ScopeKey<'_>, data: &str, api_id: &str, now: i64, most: u64) -> Result<String, StoreError>;

    /// The scope of a client, if there is one.
    ///
    /// # Errors
    /// The database can't be read.
    fn scope(&self, of: ScopeKey<'_>) -> Result<Option<Scope>, StoreError>;

    /// Deletes the scope of a client; false if there was none.
    ///
    /// # Errors
    /// The database can't be written.
    fn delete_scope(&self, of: ScopeKey<'_>) -> Result<bool, StoreError>;
}
