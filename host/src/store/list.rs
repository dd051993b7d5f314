//! Lists tokens page by page: in constant memory, and without one long read, which would keep
//! the write-ahead log from being emptied while a terminal shows the list.

use super::state::Seen;
use super::{State, Store, StoreError, tokens};
use crate::log_limit;
use crate::model::{FormerToken, Label, Status, StoredToken, Token};
use jiff::Timestamp;
use rusqlite::params;
use std::sync::Arc;
use std::vec;

/// How many tokens are read at a time.
const PAGE: usize = 1_000;

/// Which tokens to list: those that meet all conditions.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// Tokens with all of these labels.
    pub labels: Vec<Label>,
    /// Tokens of one of these statuses; empty: of any.
    pub statuses: Vec<Status>,
    /// Tokens that were neither used nor made since this time, in seconds since the epoch.
    pub unused_since: Option<i64>,
    /// Tokens that end before this time, in seconds since the epoch, or have ended.
    pub ending_before: Option<i64>,
    /// Tokens whose API ID comes after this one.
    pub after: Option<String>,
}

/// Tokens, by API ID. A token that is created or deleted meanwhile may be listed or not.
pub struct Tokens<'a> {
    store: &'a Store,
    /// None if it can't be used: then no token has a last-seen time.
    state: Option<Arc<State>>,
    filter: Filter,
    now: i64,
    /// The last API ID that was read.
    after: Option<String>,
    page: vec::IntoIter<Token>,
    ended: bool,
}

impl Store {
    /// The tokens that `filter` selects, by API ID. Omits last-seen times after `now`, in seconds
    /// since the epoch: a clock was wrong.
    ///
    /// # Errors
    /// A database can't be read.
    pub fn list(&self, filter: Filter, now: i64) -> Result<Tokens<'_>, StoreError> {
        let state = self.state().inspect_err(unreadable).ok();
        let (after, page) = (filter.after.clone(), Vec::new().into_iter());
        let mut tokens = Tokens { store: self, state, filter, now, after, page, ended: false };
        tokens.turn_page()?;
        Ok(tokens)
    }

    /// A token as an administrator sees it at `now`, in seconds since the epoch.
    ///
    /// # Errors
    /// A database can't be read.
    pub fn show(&self, api_id: &str, now: i64) -> Result<Option<Token>, StoreError> {
        Ok(self.token(api_id)?.map(|it| self.shown(it, now)))
    }

    /// Like [`Self::show`], for a token that was read already.
    #[must_use]
    pub fn shown(&self, stored: StoredToken, now: i64) -> Token {
        let state = self.state().inspect_err(unreadable).ok();
        let seen = state.and_then(|it| it.last_seen([key(&stored)].into_iter(), now).inspect_err(unreadable).ok());
        let seen = seen.and_then(|mut it| it.pop()).unwrap_or_default();
        with_times(stored, seen, now)
    }
}

impl Tokens<'_> {
    /// Reads pages until one has a selected token.
    fn turn_page(&mut self) -> Result<(), StoreError> {
        while self.page.as_slice().is_empty() && !self.ended {
            let rows = self.read_page().map_err(|error| self.store.error(error))?;
            let Some(last) = rows.last() else {
                self.ended = true;
                return Ok(());
            };
            self.after = Some(last.api_id.clone());
            let seen = self.state.as_ref();
            let seen = seen.and_then(|it| it.last_seen(rows.iter().map(key), self.now).inspect_err(unreadable).ok());
            if seen.is_none() {
                self.state = None; // reported once
            }
            let seen = seen.unwrap_or_else(|| vec![[None; 2]; rows.len()]);
            let shown = rows.into_iter().zip(seen).map(|(stored, seen)| with_times(stored, seen, self.now));
            let page: Vec<_> = shown.filter(|token| self.filter.matches(token)).collect();
            self.page = page.into_iter();
        }
        Ok(())
    }

    fn read_page(&self) -> rusqlite::Result<Vec<StoredToken>> {
        let compare = if self.after.is_some() { ">" } else { ">=" };
        let sql = format!("{} WHERE api_id {compare} ?1 ORDER BY api_id LIMIT ?2", tokens::COLUMNS);
        let after = self.after.as_deref().unwrap_or_default();
        let mut select = self.store.connection.prepare_cached(&sql)?;
        select.query_map(params![after, PAGE as i64], tokens::stored)?.collect()
    }
}

impl Iterator for Tokens<'_> {
    type Item = Result<Token, StoreError>;

    fn next(&mut self) -> Option<Self::Item> {
        if let Err(error) = self.turn_page() {
            self.ended = true;
            return Some(Err(error));
        }
        self.page.next().map(Ok)
    }
}

impl Filter {
    /// All tokens.
    #[must_use]
    pub fn all() -> Self {
        Self::default()
    }

    fn matches(&self, token: &Token) -> bool {
        let before = |time: Option<Timestamp>, limit: i64| time.is_none_or(|it| it.as_second() < limit);
        self.labels.iter().all(|it| token.labels.has(it))
            && (self.statuses.is_empty() || self.statuses.contains(&token.status))
            && self.unused_since.is_none_or(|it| before(token.last_used(), it) && before(token.issued_at, it))
            && self.ending_before.is_none_or(|it| token.expires_at.is_some_and(|end| end.as_second() < it))
    }
}

fn key(stored: &StoredToken) -> (&str, i64, u32) {
    (&stored.api_id, stored.id, stored.secret.number)
}

/// The token with the last-seen times of its current and its former secret.
fn with_times(stored: StoredToken, [current, former]: [Option<Seen>; 2], now: i64) -> Token {
    let at = |it: Option<Seen>| it.and_then(|it| Timestamp::from_second(it.at).ok());
    let token = stored.shown(now);
    let former_token =
        token.former.map(|it| FormerToken { last_seen: at(former), last_address: former.and_then(|it| it.from), ..it });
    Token { last_seen: at(current), last_address: current.and_then(|it| it.from), former: former_token, ..token }
}

/// Logs the error. The tokens are listed anyway.
fn unreadable(error: &StoreError) {
    if !log_limit::OUTAGES.allows() {
        return;
    }
    tracing::warn!(%error, "last-seen times can't be read, and are shown as never; to lose them, move that file away: no token is lost");
}
