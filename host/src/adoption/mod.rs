//! The first use of a token of Jerakia 3: its bcrypt hash is compared on a blocking thread,
//! and the digest takes its place.

mod turns;

pub(crate) use turns::{Busy, HashTurns};

use crate::admin::{Act, Actor, Change};
use crate::authenticator::{Authenticator, Unavailable};
use crate::cache::Cache;
use crate::clock::{self, BootTime};
use crate::model::{ApiId, TokenRecord, matches_bcrypt};
use crate::request_id::{self, RequestId};
use crate::store::ActError;
use crate::{log_limit, worker};
use std::net::IpAddr;
use std::sync::Arc;
use zeroize::Zeroizing;

/// A token that was imported and not used yet.
pub(crate) struct Imported {
    api_id: ApiId,
    id: i64,
    secret: u32,
    bcrypt: Box<str>,
}

impl Imported {
    /// The token of `record`; none where it has a digest, or may not be used at `now`, so that
    /// nobody makes the server work for it.
    pub(crate) fn of(api_id: &str, record: &TokenRecord, now: i64) -> Option<Self> {
        let limits = record.limits.as_ref().filter(|_| record.active)?;
        let bcrypt = limits.bcrypt.clone().filter(|_| limits.ends_at.is_none_or(|end| now < end))?;
        Some(Self { api_id: api_id.parse().ok()?, id: record.id, secret: record.secret, bcrypt })
    }

    /// Compares `credential`, and has the store take its digest if it is right. The component
    /// decides afterwards, on the record as it is then, so the answer does not matter here.
    ///
    /// bcrypt reads 72 bytes of the 80 digits. So `credential` must be one that the component
    /// has refused as wrong: it has the exact form of a token, and this API ID.
    ///
    /// # Errors
    /// It can't be compared now, or the digest can't be stored.
    pub(crate) async fn adopt(
        self,
        authenticator: &Arc<Authenticator>,
        credential: &[u8],
        from: Option<IpAddr>,
    ) -> Result<(), Unavailable> {
        let turn = authenticator.first_uses().turn(from).await?;
        let (authenticator, credential) = (authenticator.clone(), Zeroizing::new(credential.to_vec()));
        // The turn goes with the work: a client that hangs up does not end that.
        let id = RequestId::current().unwrap_or_else(RequestId::new);
        let work = tokio::task::spawn_blocking(move || {
            let _turn = turn;
            worker::give_way();
            id.scope(|| self.compare(authenticator.cache(), &credential))
        });
        work.await.unwrap_or(Err(Unavailable::Panicked))
    }

    fn compare(self, cache: &Cache, credential: &[u8]) -> Result<(), Unavailable> {
        cache.confirm(BootTime::now())?;
        if !cache.with(&self.api_id, |it| it.is_some_and(|it| self.is_still(it.record()))) {
            return Ok(()); // another request was first, or somebody has changed the token
        }
        let digits = credential.rsplit(|it| *it == b':').next().unwrap_or_default();
        match matches_bcrypt(&self.bcrypt, digits) {
            Ok(true) => self.store(cache, jerakia_core::digest::of(credential)),
            Ok(false) => Ok(()),
            Err(error) => {
                if log_limit::OUTAGES.allows() {
                    let (request_id, api_id) = (request_id::logged(), &*self.api_id);
                    tracing::error!(request_id, api_id, %error, "an imported token can't be used: regenerate it");
                }
                Ok(())
            }
        }
    }

    fn is_still(&self, record: &TokenRecord) -> bool {
        let bcrypt = record.limits.as_ref().and_then(|it| it.bcrypt.as_ref());
        record.id == self.id && bcrypt == Some(&self.bcrypt)
    }

    fn store(self, cache: &Cache, digest: [u8; 32]) -> Result<(), Unavailable> {
        let Self { api_id, id, secret, bcrypt } = self;
        let actor = Actor::Token { api_id: api_id.clone(), id, secret };
        let act = Act::new(api_id.clone(), Change::Adopt { bcrypt: bcrypt.into(), digest }, actor, clock::now());
        match cache.store().administrator()?.perform(&act) {
            Ok(_) => {
                tracing::info!(
                    request_id = request_id::logged(),
                    api_id = &*api_id,
                    "the first use of an imported token"
                );
                Ok(())
            }
            Err(ActError::Store(error)) => Err(error.into()),
            Err(ActError::Refused(changed)) => {
                tracing::debug!(api_id = &*api_id, %changed, "not adopted");
                Ok(())
            }
        }
    }
}
