//! The service: is this credential good? Knows nothing of HTTP.

use crate::cache::{Cache, Unconfirmed};
use crate::clock;
use crate::sandbox::{Refusal, Request, Sandbox, SandboxError};
use std::time::Instant;

/// Decides on credentials.
pub struct Service {
    sandbox: Sandbox,
    cache: Cache,
}

/// Access, to whom it was granted.
#[derive(Debug, PartialEq, Eq)]
pub struct Granted {
    /// The API ID of the token.
    pub api_id: String,
}

/// No access. Why is for the log only.
#[derive(Debug, thiserror::Error)]
pub enum Denied {
    /// The credential is not good.
    #[error("refused: {}", reason.name())]
    Refused {
        /// The component's verdict.
        reason: Refusal,
        /// The API ID that it names, believed or not.
        api_id: Option<String>,
    },
    /// Nobody can say at the moment.
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
}

/// Why nobody can say.
#[derive(Debug, thiserror::Error)]
pub enum Unavailable {
    /// The cache is not known to be current.
    #[error(transparent)]
    Cache(#[from] Unconfirmed),
    /// The component gave no answer.
    #[error(transparent)]
    Sandbox(#[from] SandboxError),
    /// A background thread has panicked.
    #[error("a background thread is down, see the errors before this one; it is restarted")]
    Maintenance,
}

impl Service {
    /// A service on `cache`, deciding in `sandbox`.
    #[must_use]
    pub fn new(sandbox: Sandbox, cache: Cache) -> Self {
        Self { sandbox, cache }
    }

    /// The tokens it knows.
    #[must_use]
    pub fn cache(&self) -> &Cache {
        &self.cache
    }

    /// Decides on `credential`, exactly as the client sent it. Reads no row of the
    /// database unless somebody has changed one, and never writes.
    ///
    /// # Errors
    /// See [`Denied`].
    pub fn authorize(&self, credential: &str, request: Request<'_>) -> Result<Granted, Denied> {
        self.cache.confirm(Instant::now()).map_err(Unavailable::from)?;
        let now = clock::now();
        let mut found = None;
        let decision = self
            .sandbox
            .decide(credential, request, now.cast_unsigned(), |api_id| {
                found = self.cache.find(api_id);
                found.map(|it| it.known)
            })
            .map_err(Unavailable::from)?;
        match (decision.verdict, decision.api_id, found) {
            (Ok(()), Some(api_id), Some(found)) => {
                self.cache.set_last_seen(&api_id, found, now);
                Ok(Granted { api_id })
            }
            (Ok(()), api_id, _) => Err(Denied::Refused { reason: Refusal::Unknown, api_id }),
            (Err(reason), api_id, _) => Err(Denied::Refused { reason, api_id }),
        }
    }

    /// Whether it could decide just now.
    ///
    /// # Errors
    /// Why not.
    pub fn ready(&self) -> Result<(), Unavailable> {
        self.cache.confirm(Instant::now())?;
        self.sandbox.decide("", Request { method: "", path: "" }, 0, |_| None)?;
        if self.cache.store().liveness().all_run() { Ok(()) } else { Err(Unavailable::Maintenance) }
    }
}
