//! The administrator's acts. Each is one statement, which is one transaction.

use super::{ActError, Store, StoreError};
use crate::model::{Digest, Status};
use rusqlite::{ErrorCode, params};

/// A token as `jerakia token list` shows it. Times are seconds since the epoch.
#[derive(Debug, PartialEq, Eq)]
pub struct TokenRow {
    /// Whom it belongs to.
    pub api_id: String,
    /// Whether it may be used.
    pub status: Status,
    /// When the API ID was created.
    pub created_at: i64,
    /// When its present token was made: at creation, or when last regenerated.
    pub issued_at: i64,
    /// When it was last granted something; none: never.
    pub last_seen: Option<i64>,
}

impl Store {
    /// Stores a new token.
    ///
    /// # Errors
    /// [`ActError::Exists`]
    pub fn create(&self, api_id: &str, digest: &Digest, now: i64) -> Result<(), ActError> {
        let sql = "INSERT INTO token (api_id, digest, created_at, issued_at) VALUES (?1, ?2, ?3, ?3)";
        match self.connection.execute(sql, params![api_id, digest, now]) {
            Ok(_) => Ok(()),
            Err(error) if error.sqlite_error_code() == Some(ErrorCode::ConstraintViolation) => {
                Err(ActError::Exists(api_id.into()))
            }
            Err(error) => Err(self.error(error).into()),
        }
    }

    /// Replaces a token: the old one is no longer good. Its status stays.
    ///
    /// # Errors
    /// [`ActError::NotFound`]
    pub fn regenerate(&self, api_id: &str, digest: &Digest, now: i64) -> Result<(), ActError> {
        let sql = "UPDATE token SET digest = ?2, issued_at = ?3 WHERE api_id = ?1";
        self.act(api_id, self.connection.execute(sql, params![api_id, digest, now]))
    }

    /// Enables or disables a token.
    ///
    /// # Errors
    /// [`ActError::NotFound`]
    pub fn set_status(&self, api_id: &str, status: Status) -> Result<(), ActError> {
        let sql = "UPDATE token SET active = ?2 WHERE api_id = ?1";
        self.act(api_id, self.connection.execute(sql, params![api_id, status == Status::Active]))
    }

    /// Deletes a token for good.
    ///
    /// # Errors
    /// [`ActError::NotFound`]
    pub fn delete(&self, api_id: &str) -> Result<(), ActError> {
        self.act(api_id, self.connection.execute("DELETE FROM token WHERE api_id = ?1", [api_id]))
    }

    /// Whether there is a token with this API ID.
    ///
    /// # Errors
    /// The database can't be read.
    pub fn contains(&self, api_id: &str) -> Result<bool, StoreError> {
        let sql = "SELECT EXISTS (SELECT 1 FROM token WHERE api_id = ?1)";
        self.connection.query_row(sql, [api_id], |row| row.get(0)).map_err(|error| self.error(error))
    }

    /// All tokens, by API ID.
    ///
    /// # Errors
    /// The database can't be read.
    pub fn list(&self) -> Result<Vec<TokenRow>, StoreError> {
        let sql = "SELECT api_id, active, created_at, issued_at, last_seen FROM token ORDER BY api_id";
        self.connection
            .prepare(sql)
            .and_then(|mut it| it.query_map([], token_row)?.collect())
            .map_err(|error| self.error(error))
    }

    fn act(&self, api_id: &str, changed: rusqlite::Result<usize>) -> Result<(), ActError> {
        match changed {
            Ok(0) => Err(ActError::NotFound(api_id.into())),
            Ok(_) => Ok(()),
            Err(error) => Err(self.error(error).into()),
        }
    }
}

fn token_row(row: &rusqlite::Row<'_>) -> rusqlite::Result<TokenRow> {
    Ok(TokenRow {
        api_id: row.get(0)?,
        status: status(row.get(1)?),
        created_at: row.get(2)?,
        issued_at: row.get(3)?,
        last_seen: row.get(4)?,
    })
}

pub(super) fn status(active: bool) -> Status {
    if active { Status::Active } else { Status::Disabled }
}
