//! Importing tokens of Jerakia 3: one transaction, and their last-seen times.

use super::{ActError, AdminStore, LastSeen, Seen, StoreError};
use crate::admin::{Act, Actor, Change};
use crate::model::{ApiId, BadApiId, BadBcrypt, check_bcrypt};

/// A token of Jerakia 3.
pub struct Jerakia3Token {
    /// Any text: Jerakia 3 takes more than this program does. Cut after 65 characters.
    pub api_id: String,
    /// Its bcrypt hash, of the digits of the token. Any text, cut after 61 characters.
    pub bcrypt: String,
    /// Whether it may be used.
    pub active: bool,
    /// When it was last used, in seconds since the epoch.
    pub last_seen: Option<i64>,
}

/// Why a token of Jerakia 3 can't be imported.
#[derive(Debug, thiserror::Error)]
pub enum NotImportable {
    /// Its name.
    #[error(transparent)]
    ApiId(#[from] BadApiId),
    /// Its hash.
    #[error(transparent)]
    Bcrypt(#[from] BadBcrypt),
}

impl Jerakia3Token {
    /// The API ID that the token keeps.
    ///
    /// # Errors
    /// This program has no such API IDs, or does not compare such hashes.
    pub fn importable(&self) -> Result<ApiId, NotImportable> {
        let api_id = self.api_id.parse()?;
        check_bcrypt(&self.bcrypt)?;
        Ok(api_id)
    }
}

pub(super) fn import(
    store: &mut dyn AdminStore,
    tokens: &[(ApiId, Jerakia3Token)],
    actor: &Actor,
    at: i64,
) -> Result<(), ActError> {
    let act = |(api_id, token): &(ApiId, Jerakia3Token)| {
        let change = Change::Import { bcrypt: token.bcrypt.clone(), active: token.active };
        Act::new(api_id.clone(), change, actor.clone(), at)
    };
    let acts: Vec<_> = tokens.iter().map(act).collect();
    if !acts.is_empty() {
        store.perform_all(&acts)?;
    }
    if let Err(error) = record_last_seen(store, tokens, at) {
        tracing::warn!(%error, "the tokens are imported, but not when they were last seen");
    }
    Ok(())
}

fn record_last_seen(store: &dyn AdminStore, tokens: &[(ApiId, Jerakia3Token)], now: i64) -> Result<(), StoreError> {
    let mut times = Vec::new();
    for (api_id, token) in tokens {
        let (Some(at), Some(stored)) = (token.last_seen, store.token(api_id)?) else { continue };
        let seen = Seen { at, from: None };
        times.push(LastSeen { api_id: (**api_id).into(), token: stored.id, secret: stored.secret.number, seen });
    }
    if times.is_empty() { Ok(()) } else { store.state()?.record_last_seen(&times, now) }
}
