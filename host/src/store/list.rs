//! Lists tokens page by page: in constant memory, and without one long read, which would keep
//! SQLite's write-ahead log from being emptied while a terminal shows the list.

use super::{AdminStore, Seen, StateStore, StoreError, TokenFilter};
use crate::log_limit;
use crate::model::{FormerToken, StoredToken, Token};
use jiff::Timestamp;
use std::sync::Arc;
use std::vec;

/// How many tokens are read at a time.
const PAGE: usize = 1_000;

/// Tokens, by API ID. A token that is created or deleted meanwhile may be listed or not.
pub struct Tokens<'a> {
    store: &'a dyn AdminStore,
    /// None if it can't be used: then no token has a last-seen time.
    state: Option<Arc<dyn StateStore>>,
    filter: TokenFilter,
    now: i64,
    /// The last API ID that was read.
    after: Option<String>,
    page: vec::IntoIter<Token>,
    ended: bool,
}

impl<'a> Tokens<'a> {
    pub(super) fn of(store: &'a dyn AdminStore, filter: TokenFilter, now: i64) -> Result<Self, StoreError> {
        let state = store.state().inspect_err(unreadable).ok();
        let (after, page) = (filter.after.clone(), Vec::new().into_iter());
        let mut tokens = Self { store, state, filter, now, after, page, ended: false };
        tokens.turn_page()?;
        Ok(tokens)
    }

    /// Reads pages until one has a selected token.
    fn turn_page(&mut self) -> Result<(), StoreError> {
        while self.page.as_slice().is_empty() && !self.ended {
            let rows = self.store.tokens_after(self.after.as_deref(), PAGE)?;
            let Some(last) = rows.last() else {
                self.ended = true;
                return Ok(());
            };
            self.after = Some(last.api_id.clone());
            let seen = self.state.as_ref();
            let seen = seen.and_then(|it| it.last_seen(&rows, self.now).inspect_err(unreadable).ok());
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

/// A token as an administrator sees it at `now`, in seconds since the epoch.
pub(super) fn shown(store: &dyn AdminStore, stored: StoredToken, now: i64) -> Token {
    let seen = store.state().and_then(|it| it.last_seen(std::slice::from_ref(&stored), now));
    let seen = seen.inspect_err(unreadable).ok().and_then(|mut it| it.pop()).unwrap_or_default();
    with_times(stored, seen, now)
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
