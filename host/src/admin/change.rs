//! The change that an act makes to a token: a pure function of the stored token.

use super::ActRefusal;
use super::attributes::{Attributes, Update};
use crate::model::{ApiId, Digest, FormerSecret, SecretHash, StoredSecret, StoredToken};

/// A change to a token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// Creates it, with this digest. [`ActRefusal::Exists`] if the API ID has a token.
    Create(Digest, Attributes),
    /// Gives it this digest, and ends all earlier secrets. Its status stays.
    Regenerate(Digest),
    /// Gives it this digest. The replaced secret stays good for a while.
    Rotate {
        /// The digest of the new secret.
        digest: Digest,
        /// How long the replaced secret stays good, in seconds; never longer than the token itself.
        grace: i64,
        /// Proceed even if a former secret is still good, which then ends.
        force: bool,
    },
    /// Ends its former secret.
    FinishRotation {
        /// Proceed even if that secret was seen in the last [`STILL_USED`] seconds.
        force: bool,
    },
    /// Changes its attributes.
    Update(Update),
    /// Accepts it again.
    Enable,
    /// Refuses it until it is enabled.
    Disable,
    /// Deletes it for good.
    Delete,
    /// Imports it from Jerakia 3, with a bcrypt hash in place of a digest.
    Import {
        /// The hash.
        bcrypt: String,
        /// Whether it is enabled.
        active: bool,
    },
    /// Replaces the bcrypt hash, if it is still this one, by the digest: the token was used.
    Adopt {
        /// The hash that matched the token.
        bcrypt: String,
        /// The digest of the token.
        digest: Digest,
    },
}

/// A former secret that was seen within this many seconds counts as still in use.
pub const STILL_USED: i64 = 15 * 60;

/// The circumstances of a change.
pub(crate) struct Situation {
    /// The time, in seconds since the epoch.
    pub at: i64,
    /// When the former secret was last granted access.
    pub former_seen: Option<i64>,
}

impl Change {
    /// Creates a token without an end and without grants.
    #[must_use]
    pub fn create(digest: Digest) -> Self {
        Self::Create(digest, Attributes::default())
    }

    /// Its name, for logs and the audit trail.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Create(..) => "create",
            Self::Regenerate(_) => "regenerate",
            Self::Rotate { .. } => "rotate",
            Self::FinishRotation { .. } => "finish rotation",
            Self::Update(_) => "update",
            Self::Enable => "enable",
            Self::Disable => "disable",
            Self::Delete => "delete",
            Self::Import { .. } => "import",
            Self::Adopt { .. } => "adopt",
        }
    }

    /// Whether it can take access away. Such a change succeeds on a full disk, too.
    #[must_use]
    pub fn revokes(&self) -> bool {
        match self {
            Self::Regenerate(_) | Self::Rotate { .. } | Self::FinishRotation { .. } | Self::Disable | Self::Delete => {
                true
            }
            Self::Update(update) => update.ends_at.is_some() || update.grants.is_some(),
            Self::Create(..) | Self::Enable | Self::Import { .. } | Self::Adopt { .. } => false,
        }
    }

    /// Whether it gives power to a token: a token that performs it must have that power itself.
    #[must_use]
    pub fn hands_out_power(&self) -> bool {
        match self {
            Self::Disable => false,
            Self::Update(update) => update.ends_at.is_some() || update.grants.is_some() || update.labels.is_some(),
            _ => true,
        }
    }

    /// The token of `api_id` after the change; none: it is deleted.
    pub(crate) fn apply(
        &self,
        api_id: &ApiId,
        before: Option<StoredToken>,
        situation: &Situation,
    ) -> Result<Option<StoredToken>, ActRefusal> {
        let at = situation.at;
        match (self, before) {
            (Self::Create(..) | Self::Import { .. }, Some(_)) => Err(ActRefusal::Exists(api_id.clone())),
            (Self::Create(digest, attributes), None) => {
                Ok(Some(new(api_id, SecretHash::Sha256(*digest), true, attributes.clone(), at)))
            }
            (Self::Import { bcrypt, active }, None) => {
                Ok(Some(new(api_id, SecretHash::Bcrypt(bcrypt.clone()), *active, Attributes::default(), at)))
            }
            (_, None) => Err(ActRefusal::NotFound(api_id.to_string())),
            (Self::Delete, Some(_)) => Ok(None),
            (change, Some(mut token)) => {
                change.alter(&mut token, api_id, situation)?;
                token.version += 1;
                Ok(Some(token))
            }
        }
    }

    fn alter(&self, token: &mut StoredToken, api_id: &ApiId, situation: &Situation) -> Result<(), ActRefusal> {
        let at = situation.at;
        match self {
            Self::Enable => token.active = true,
            Self::Disable => token.active = false,
            Self::Regenerate(digest) => {
                let former = |digest| FormerSecret { digest, ends_at: at, ended_at: Some(at) };
                token.former = replaced(token, *digest, at).map(former);
            }
            Self::Rotate { digest, grace, force } => {
                if let Some(former) = &token.former
                    && former.is_good(at)
                    && !force
                {
                    return Err(ActRefusal::InGrace { api_id: api_id.clone(), until: former.ends_at });
                }
                let ends_at = at.saturating_add(*grace).min(token.ends_at.unwrap_or(i64::MAX));
                // Without a grace the command itself ends it, so that no clock brings it back.
                let ended_at = (*grace <= 0).then_some(at);
                let former = |digest| FormerSecret { digest, ends_at, ended_at };
                let old = replaced(token, *digest, at).map(former);
                token.former = Some(old.ok_or_else(|| ActRefusal::Imported(api_id.clone()))?);
            }
            Self::FinishRotation { force } => {
                let former = token.former.as_mut().filter(|it| it.is_good(at));
                let former = former.ok_or_else(|| ActRefusal::NoRotation(api_id.clone()))?;
                if let Some(seen) = situation.former_seen.filter(|seen| !force && at.saturating_sub(*seen) < STILL_USED)
                {
                    return Err(ActRefusal::StillUsed { api_id: api_id.clone(), seen });
                }
                former.ended_at = Some(at);
            }
            Self::Update(update) => update.apply(token),
            Self::Adopt { bcrypt, digest } => {
                if token.secret.hash != SecretHash::Bcrypt(bcrypt.clone()) {
                    return Err(ActRefusal::NotImported(api_id.clone()));
                }
                token.secret.hash = SecretHash::Sha256(*digest);
            }
            Self::Create(..) | Self::Import { .. } | Self::Delete => {}
        }
        Ok(())
    }
}

fn new(api_id: &ApiId, hash: SecretHash, active: bool, attributes: Attributes, at: i64) -> StoredToken {
    let Attributes { ends_at, grants, description, labels } = attributes;
    StoredToken {
        id: 0,
        api_id: api_id.to_string(),
        active,
        secret: StoredSecret { hash, number: 1, issued_at: at },
        former: None,
        ends_at,
        grants,
        description,
        labels,
        created_at: at,
        version: 1,
    }
}

/// Replaces the current secret, and returns its digest; none for an imported token that was not
/// used yet.
fn replaced(token: &mut StoredToken, digest: Digest, at: i64) -> Option<Digest> {
    let number = token.secret.number.saturating_add(1);
    let secret = StoredSecret { hash: SecretHash::Sha256(digest), number, issued_at: at };
    match std::mem::replace(&mut token.secret, secret).hash {
        SecretHash::Sha256(old) => Some(old),
        SecretHash::Bcrypt(_) => None,
    }
}
