//! What an administrator does: each act one statement in one transaction.

use super::changes::status;
use super::{ActError, State, Store, StoreError};
use crate::model::{Digest, Status};
use rusqlite::{ErrorCode, params};
use std::collections::HashMap;

/// A token as an administrator sees it. Times are seconds since the epoch.
#[derive(Debug, PartialEq, Eq)]
pub struct TokenRow {
    /// The name of the application.
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

/// Whether an act may use the room that is kept for a full disk.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Room {
    /// It takes access away, so it must succeed.
    Reserved,
    Free,
}

impl Store {
    /// Stores a new token.
    ///
    /// # Errors
    /// [`ActError::Exists`]
    pub fn create(&mut self, api_id: &str, digest: &Digest, now: i64) -> Result<(), ActError> {
        let sql = "INSERT INTO token (api_id, digest, created_at, issued_at) VALUES (?1, ?2, ?3, ?3)";
        self.perform(Room::Free, api_id, |act| match act.execute(sql, params![api_id, digest, now]) {
            Err(error) if error.sqlite_error_code() == Some(ErrorCode::ConstraintViolation) => Ok(Outcome::Exists),
            done => done.map(|_| Outcome::Done),
        })
    }

    /// Replaces a token: the old one is no longer good. Its status stays.
    ///
    /// # Errors
    /// [`ActError::NotFound`]
    pub fn regenerate(&mut self, api_id: &str, digest: &Digest, now: i64) -> Result<(), ActError> {
        let sql = "UPDATE token SET digest = ?2, issued_at = ?3 WHERE api_id = ?1";
        self.perform(Room::Reserved, api_id, |act| act.execute(sql, params![api_id, digest, now]).map(Outcome::of))
    }

    /// Enables or disables a token.
    ///
    /// # Errors
    /// [`ActError::NotFound`]
    pub fn set_status(&mut self, api_id: &str, status: Status) -> Result<(), ActError> {
        let sql = "UPDATE token SET active = ?2 WHERE api_id = ?1";
        let active = status == Status::Active;
        let room = if active { Room::Free } else { Room::Reserved };
        self.perform(room, api_id, |act| act.execute(sql, params![api_id, active]).map(Outcome::of))
    }

    /// Deletes a token for good.
    ///
    /// # Errors
    /// [`ActError::NotFound`]
    pub fn delete(&mut self, api_id: &str) -> Result<(), ActError> {
        let sql = "DELETE FROM token WHERE api_id = ?1";
        self.perform(Room::Reserved, api_id, |act| act.execute(sql, [api_id]).map(Outcome::of))?;
        // The token is gone whether or not this can be forgotten too.
        if let Err(error) = State::open(&self.location).and_then(|state| state.forget(api_id)) {
            tracing::debug!(%error, "the last-seen time of a deleted token stays");
        }
        Ok(())
    }

    /// Whether there is a token with this API ID.
    ///
    /// # Errors
    /// The database can't be read.
    pub fn contains(&self, api_id: &str) -> Result<bool, StoreError> {
        let sql = "SELECT EXISTS (SELECT 1 FROM token WHERE api_id = ?1)";
        self.connection.query_row(sql, [api_id], |row| row.get(0)).map_err(|error| self.error(error))
    }

    /// All tokens, by API ID. A last-seen time that is later than `now` is left out: a
    /// clock was wrong.
    ///
    /// # Errors
    /// A database can't be read.
    pub fn list(&self, now: i64) -> Result<Vec<TokenRow>, StoreError> {
        let seen = State::open(&self.location).and_then(|it| it.last_seen(now)).unwrap_or_else(|error| {
            tracing::warn!(%error, "last-seen times can't be read, all are shown as never; moving that file away loses no token");
            HashMap::new()
        });
        let sql = "SELECT id, api_id, active, created_at, issued_at FROM token ORDER BY api_id";
        let row = |row: &rusqlite::Row<'_>| {
            Ok(TokenRow {
                last_seen: seen.get(&row.get(0)?).copied(),
                api_id: row.get(1)?,
                status: status(row.get(2)?),
                created_at: row.get(3)?,
                issued_at: row.get(4)?,
            })
        };
        let read =
            || -> rusqlite::Result<Vec<TokenRow>> { self.connection.prepare(sql)?.query_map([], row)?.collect() };
        read().map_err(|error| self.error(error))
    }
}

/// What an act came to.
pub(super) enum Outcome {
    Done,
    Exists,
    NotFound,
}

impl Outcome {
    /// Of a statement that changed so many rows.
    fn of(rows: usize) -> Self {
        if rows == 0 { Self::NotFound } else { Self::Done }
    }

    pub(super) fn into_result(self, api_id: &str) -> Result<(), ActError> {
        match self {
            Self::Done => Ok(()),
            Self::Exists => Err(ActError::Exists(api_id.into())),
            Self::NotFound => Err(ActError::NotFound(api_id.into())),
        }
    }
}
