//! The authenticator: is this credential good for this permission? Knows nothing of
//! HTTP.

use crate::adoption::{Busy, HashTurns, Imported};
use crate::cache::{Cache, Entry, Unconfirmed};
use crate::clock::{self, BootTime};
use crate::model::{ApiId, BadApiId, TokenRecord};
use crate::sandbox::{self, Refusal, Sandbox, SandboxError, SecretSlot};
use crate::store::{Seen, StoreError};
use crate::tally::Tally;
use jerakia_core::{NEVER, NOBODY};
use std::net::IpAddr;
use std::sync::Arc;

/// Decides on credentials.
pub struct Authenticator {
    sandbox: Sandbox,
    cache: Cache,
    first_uses: Arc<HashTurns>,
    /// None where nobody reads it.
    tally: Option<Tally>,
}

/// For a request that no permission describes, as its parts can be read in more than one
/// way. Good for it is a token without grants, but none with grants, not even with `**`.
pub const UNDESCRIBED: &str = "\0";

/// Access, granted.
#[derive(Debug, PartialEq, Eq)]
pub struct Granted {
    /// The API ID of the token.
    pub api_id: ApiId,
    /// The store's own number of the token; 0 where it is not stored.
    pub id: i64,
    /// The number of the secret that was presented.
    pub secret: u32,
    /// The first second in which the credential is no longer good, in seconds since the
    /// epoch; none: never.
    pub ends_at: Option<i64>,
    /// Whether the token has grants.
    pub limited: bool,
}

/// No access. The reason is for the log only.
#[derive(Debug, thiserror::Error)]
pub enum Denied {
    /// The credential is not good, or not good for the permission.
    #[error("refused: {}", reason.name())]
    Refused {
        /// The component's answer.
        reason: Refusal,
        /// The API ID that a well-formed credential claims. Proved by `disabled` and
        /// the reasons behind it only.
        api_id: Option<String>,
    },
    /// Nobody can decide at the moment.
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
}

/// Why nobody can decide.
#[derive(Debug, thiserror::Error)]
pub enum Unavailable {
    /// The cache is not known to be current.
    #[error(transparent)]
    Cache(#[from] Unconfirmed),
    /// The component gave no answer.
    #[error(transparent)]
    Sandbox(#[from] SandboxError),
    /// It granted access to a text that is not an API ID.
    #[error("the token component can't be used: {0}")]
    ApiId(#[from] BadApiId),
    /// The digest of an imported token can't be stored.
    #[error("the first use of an imported token can't be stored: {0}")]
    Store(#[from] StoreError),
    /// There are too many first uses of imported tokens.
    #[error("too many requests at once with imported tokens that were not used yet: see docs/IMPORT.md")]
    Busy,
    /// The thread that compared an imported token has panicked.
    #[error("a request was not decided: see the panic before this line")]
    Panicked,
    /// A background thread has panicked.
    #[error("a background thread is down, see the errors before this one; it is restarted")]
    Maintenance,
}

impl From<Busy> for Unavailable {
    fn from(_: Busy) -> Self {
        Self::Busy
    }
}

impl Authenticator {
    /// One that decides in `sandbox` on the tokens in `cache`.
    #[must_use]
    pub fn new(sandbox: Sandbox, cache: Cache) -> Self {
        Self { sandbox, cache, first_uses: Arc::default(), tally: None }
    }

    /// The same, counting its decisions for metrics.
    #[must_use]
    pub fn counting(self) -> Self {
        Self { tally: Some(Tally::default()), ..self }
    }

    pub(crate) fn tally(&self) -> Option<&Tally> {
        self.tally.as_ref()
    }

    /// The tokens it knows.
    #[must_use]
    pub fn cache(&self) -> &Cache {
        &self.cache
    }

    pub(crate) fn first_uses(&self) -> &Arc<HashTurns> {
        &self.first_uses
    }

    /// Like [`Self::authorize`], and takes over an imported token at its first use, which
    /// takes a second or more. Call it within a Tokio runtime.
    ///
    /// # Errors
    /// See [`Denied`].
    pub async fn admit(
        self: &Arc<Self>,
        credential: &[u8],
        permission: &str,
        from: Option<IpAddr>,
    ) -> Result<Granted, Denied> {
        let start = BootTime::now();
        let decided = self.admit_at(start, credential, permission, from).await;
        self.count(decided, start)
    }

    async fn admit_at(
        self: &Arc<Self>,
        start: BootTime,
        credential: &[u8],
        permission: &str,
        from: Option<IpAddr>,
    ) -> Result<Granted, Denied> {
        let decided = self.decide(start, credential, permission, from);
        let Err(Denied::Refused { reason, .. }) = &decided else { return decided };
        // Looked up for each refusal, so that timing stays equal.
        let api_id = jerakia_core::lookup_key(credential);
        let imported = self.cache.with(api_id, |it| Imported::of(api_id, it?.record(), clock::now()));
        match imported.filter(|_| *reason == Refusal::Wrong) {
            Some(imported) => {
                imported.adopt(self, credential, from).await?;
                self.decide(BootTime::now(), credential, permission, from)
            }
            None => decided,
        }
    }

    /// The component, which also makes tokens.
    pub(crate) fn sandbox(&self) -> &Sandbox {
        &self.sandbox
    }

    /// Decides whether `credential`, exactly as the client at `from` sent it, is good for
    /// `permission`; for the empty one, whether it is good at all. See also
    /// [`UNDESCRIBED`]. Reads no row of the
    /// database unless somebody has changed one, and never writes.
    ///
    /// # Errors
    /// See [`Denied`].
    pub fn authorize(&self, credential: &[u8], permission: &str, from: Option<IpAddr>) -> Result<Granted, Denied> {
        let start = BootTime::now();
        self.count(self.decide(start, credential, permission, from), start)
    }

    /// Refuses a credential that is too long to be one, without reading it.
    ///
    /// # Errors
    /// Always.
    pub(crate) fn refuse_unread(&self) -> Result<Granted, Denied> {
        self.count(Err(Denied::Refused { reason: Refusal::Malformed, api_id: None }), BootTime::now())
    }

    /// Counts a request that is answered 429 without a decision.
    pub(crate) fn count_flood(&self) {
        if let Some(tally) = &self.tally {
            tally.count_flood();
        }
    }

    fn count(&self, decided: Result<Granted, Denied>, start: BootTime) -> Result<Granted, Denied> {
        if let Some(tally) = &self.tally {
            tally.count(&decided, BootTime::now().since(start));
        }
        decided
    }

    fn decide(
        &self,
        start: BootTime,
        credential: &[u8],
        permission: &str,
        from: Option<IpAddr>,
    ) -> Result<Granted, Denied> {
        self.cache.confirm(start).map_err(Unavailable::from)?;
        let now = clock::now();
        // Found natively, since it only says where to look: the component parses the
        // credential again, and grants to no other API ID.
        let api_id = jerakia_core::lookup_key(credential);
        self.cache.with(api_id, |entry| {
            let found = entry.map(Entry::record);
            let mut stored = record(api_id, found);
            if permission == UNDESCRIBED && !stored.grants.is_empty() {
                stored.grants = NOTHING;
            }
            let answer = self.sandbox.authorize(credential, &stored, permission, now.cast_unsigned());
            match (answer.map_err(Unavailable::from)?, entry) {
                (Ok(grant), Some(entry)) => {
                    entry.set_last_seen(grant.secret, Seen { at: now, from });
                    let (id, current) = (entry.record().id, entry.record().secret);
                    let secret = if grant.secret == SecretSlot::Current { current } else { current.saturating_sub(1) };
                    let ends_at = i64::try_from(grant.ends).ok();
                    let api_id = grant.api_id.try_into().map_err(Unavailable::from)?;
                    Ok(Granted { api_id, id, secret, ends_at, limited: !stored.grants.is_empty() })
                }
                (Ok(_), None) => Err(Denied::Refused { reason: Refusal::Unknown, api_id: Some(api_id.to_owned()) }),
                (Err(reason), _) => {
                    let api_id = (reason != Refusal::Malformed).then(|| api_id.to_owned());
                    Err(Denied::Refused { reason, api_id })
                }
            }
        })
    }

    /// Whether the component answers, whatever the database does.
    ///
    /// # Errors
    /// Why not.
    pub fn component_answers(&self) -> Result<(), SandboxError> {
        self.sandbox.authorize(b"", &record(NOBODY, None), "", 0).map(|_refused| ())
    }
}

/// Malformed grants: the component grants nothing by them.
const NOTHING: &str = "\n";

/// What the component is given of a token, or in the place of one that is not there:
/// always of one shape, so that the time of a refusal tells nothing of it.
fn record<'a>(api_id: &'a str, token: Option<&'a TokenRecord>) -> sandbox::TokenRecord<'a> {
    const NO_SECRET: sandbox::Secret<'_> = sandbox::Secret { digest: jerakia_core::Secret::NONE.digest, ends: NEVER };
    // A time before 1970 is over.
    let end = |at: i64| u64::try_from(at).unwrap_or(0);
    let limits = token.and_then(|it| it.limits.as_deref());
    let former = limits.and_then(|it| it.former.as_ref());
    let status = match token {
        Some(token) if token.active => sandbox::Status::Active,
        Some(_) => sandbox::Status::Disabled,
        None => sandbox::Status::Absent,
    };
    sandbox::TokenRecord {
        api_id,
        status,
        current: sandbox::Secret { digest: token.map_or(NO_SECRET.digest, |it| &it.digest), ends: NEVER },
        former: former.map_or(NO_SECRET, |it| sandbox::Secret { digest: &it.digest, ends: end(it.ends_at) }),
        ends: limits.and_then(|it| it.ends_at).map_or(NEVER, end),
        grants: limits.map_or("", |it| &it.grants),
    }
}
