//! Why an act is not performed.

use crate::model::ApiId;
use jiff::Timestamp;

/// The rule that an act breaks. Nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum ActRefusal {
    /// There is no token with this API ID.
    #[error("No such API ID {0}")]
    NotFound(String),
    /// There is one already.
    #[error("API ID {0} already exists")]
    Exists(ApiId),
    /// It is not at the version that was expected.
    #[error("The token of {0} was changed in the meantime: look at it, then try again")]
    Stale(ApiId),
    /// Its former secret is still good.
    #[error(
        "{api_id} was rotated already, and its former token is good until {}: wait, end it with --finish, or use --force",
        time(*.until)
    )]
    InGrace {
        /// Whose.
        api_id: ApiId,
        /// Until when, in seconds since the epoch.
        until: i64,
    },
    /// It has no former secret that is good.
    #[error("{0} has no former token that is still good")]
    NoRotation(ApiId),
    /// Its former secret is still in use.
    #[error(
        "The former token of {api_id} was last used at {}, less than 15 minutes ago: give its client the new one first, or use --force",
        time(*.seen)
    )]
    StillUsed {
        /// Whose.
        api_id: ApiId,
        /// When, in seconds since the epoch.
        seen: i64,
    },
    /// It was imported and not used yet, so its secret has no digest.
    #[error("The token of {0} was imported and not used yet, so it can't be rotated: use it once, or regenerate it")]
    Imported(ApiId),
    /// It no longer has the bcrypt hash that a client's token was compared with.
    #[error("The token of {0} is no longer the one that was imported")]
    NotImported(ApiId),
    /// The token that performs the act lacks the power.
    #[error("The request's token may not do this: {0}")]
    NotPermitted(&'static str),
}

impl ActRefusal {
    /// The outcome in the act's audit entry.
    pub(crate) fn outcome(&self) -> &'static str {
        match self {
            Self::NotFound(_) => "no such API ID",
            Self::Exists(_) => "exists already",
            Self::Stale(_) => "changed meanwhile",
            Self::InGrace { .. } => "rotated already",
            Self::NoRotation(_) => "no rotation",
            Self::StillUsed { .. } => "former token in use",
            Self::Imported(_) => "not used yet",
            Self::NotImported(_) => "not imported",
            Self::NotPermitted(_) => "not permitted",
        }
    }
}

fn time(at: i64) -> String {
    Timestamp::from_second(at).map_or_else(|_| at.to_string(), |it| it.to_string())
}
