//! Listing tokens, page by page: in constant memory, and without one long read, which
//! would keep the write-ahead log from being emptied while a terminal shows the list.

use super::changes::status;
use super::{State, Store, StoreError};
use crate::model::Token;
use jiff::Timestamp;
use rusqlite::params;
use std::vec;

/// How many tokens are read at a time.
const PAGE: usize = 1_000;

/// All tokens, by API ID. One that is created or deleted meanwhile may be there or not.
pub struct Tokens<'a> {
    store: &'a Store,
    /// None where it can't be used: then no token has a last-seen time.
    state: Option<State>,
    now: i64,
    /// The last API ID that was read.
    after: Option<String>,
    page: vec::IntoIter<Token>,
}

impl Store {
    /// All tokens, by API ID. A last-seen time that is later than `now`, in seconds since
    /// the epoch, is left out: a clock was wrong.
    ///
    /// # Errors
    /// A database can't be read.
    pub fn list(&self, now: i64) -> Result<Tokens<'_>, StoreError> {
        let state = State::open(&self.location).inspect_err(unreadable).ok();
        let mut tokens = Tokens { store: self, state, now, after: None, page: Vec::new().into_iter() };
        tokens.turn_page()?;
        Ok(tokens)
    }
}

impl Tokens<'_> {
    fn turn_page(&mut self) -> Result<(), StoreError> {
        let rows = self.read_page().map_err(|error| self.store.error(error))?;
        let named = || rows.iter().map(|(id, token)| (token.api_id.as_str(), *id));
        let last_seen = self.state.as_ref().and_then(|it| it.last_seen(named(), self.now).inspect_err(unreadable).ok());
        if last_seen.is_none() {
            self.state = None; // said once
        }
        let last_seen = last_seen.unwrap_or_else(|| vec![None; rows.len()]);
        let with_time =
            |((_, token), at): ((i64, Token), Option<i64>)| Token { last_seen: at.and_then(timestamp), ..token };
        let page: Vec<_> = rows.into_iter().zip(last_seen).map(with_time).collect();
        if let Some(last) = page.last() {
            self.after = Some(last.api_id.clone());
        }
        self.page = page.into_iter();
        Ok(())
    }

    /// The next tokens and their numbers, without last-seen times.
    fn read_page(&self) -> rusqlite::Result<Vec<(i64, Token)>> {
        let compare = if self.after.is_some() { ">" } else { ">=" };
        let sql = format!(
            "SELECT id, api_id, active, created_at, issued_at FROM token
             WHERE api_id {compare} ?1 ORDER BY api_id LIMIT ?2"
        );
        let token = |row: &rusqlite::Row<'_>| {
            let (created_at, issued_at) = (timestamp(row.get(3)?), timestamp(row.get(4)?));
            let token =
                Token { api_id: row.get(1)?, status: status(row.get(2)?), last_seen: None, created_at, issued_at };
            Ok((row.get(0)?, token))
        };
        let after = self.after.as_deref().unwrap_or_default();
        self.store.connection.prepare_cached(&sql)?.query_map(params![after, PAGE as i64], token)?.collect()
    }
}

impl Iterator for Tokens<'_> {
    type Item = Result<Token, StoreError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.page.as_slice().is_empty()
            && let Err(error) = self.turn_page()
        {
            return Some(Err(error));
        }
        self.page.next().map(Ok)
    }
}

/// The tokens are listed all the same.
fn unreadable(error: &StoreError) {
    tracing::warn!(%error, "last-seen times can't be read, and are shown as never; to lose them, move that file away: no token is lost");
}

/// None for what no calendar has: somebody edited the database.
fn timestamp(seconds: i64) -> Option<Timestamp> {
    Timestamp::from_second(seconds).ok()
}
