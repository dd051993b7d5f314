//! Importing tokens of Jerakia 3: one transaction, and their last-seen times.

use super::state::{LastSeen, Seen};
use super::{Jerakia3Token, Store, StoreError};
use crate::admin::{Act, ActError, Actor, Change};
use crate::model::{ApiId, BadApiId, BadBcrypt, check_bcrypt};

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

impl Store {
    /// Imports all of `tokens`, or none. They work unchanged from then on.
    ///
    /// # Errors
    /// One of their API IDs exists already, or the database can't be used.
    pub fn import(&mut self, tokens: &[(ApiId, Jerakia3Token)], actor: &Actor, at: i64) -> Result<(), ActError> {
        let act = |(api_id, token): &(ApiId, Jerakia3Token)| {
            let change = Change::Import { bcrypt: token.bcrypt.clone(), active: token.active };
            Act::new(api_id.clone(), change, actor.clone(), at)
        };
        let acts: Vec<_> = tokens.iter().map(act).collect();
        if !acts.is_empty() {
            self.perform_all(&acts)?;
        }
        if let Err(error) = self.record_imported(tokens, at) {
            tracing::warn!(%error, "the tokens are imported, but not when they were last seen");
        }
        Ok(())
    }

    fn record_imported(&self, tokens: &[(ApiId, Jerakia3Token)], now: i64) -> Result<(), StoreError> {
        let mut times = Vec::new();
        for (api_id, token) in tokens {
            let (Some(at), Some(stored)) = (token.last_seen, self.token(api_id)?) else { continue };
            let seen = Seen { at, from: None };
            times.push(LastSeen { api_id: (**api_id).into(), token: stored.id, secret: stored.secret.number, seen });
        }
        if times.is_empty() { Ok(()) } else { self.state()?.record_last_seen(&times, now) }
    }
}
