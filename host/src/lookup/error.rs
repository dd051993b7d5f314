//! Why a lookup has no answer.

use crate::logged;
use std::fmt::Display;
use std::path::Path;

/// Why a lookup has no answer, for the client.
#[derive(Debug, thiserror::Error)]
pub enum LookupError {
    /// The request can't be meant so: 400.
    #[error("{0}")]
    BadRequest(String),
    /// The request may be right, but policies or data are not: 501, as the original
    /// answers.
    #[error("{0}")]
    Failed(String),
}

impl LookupError {
    /// A file that can't be used. `error` says where in it.
    pub(super) fn file(path: &Path, error: impl Display) -> Self {
        Self::Failed(format!("{} can't be used: {error}", path.display()))
    }

    /// Something that would lead out of the data directory.
    pub(super) fn outside(what: &str) -> Self {
        if logged::LOOKUPS.allows() {
            tracing::warn!(what, "refused: it would lead out of the data directory");
        }
        Self::BadRequest(format!("The {what} would lead out of the data directory"))
    }
}
