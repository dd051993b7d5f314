//! Why a lookup has no answer.

use crate::log_limit;
use std::error::Error;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// What is wrong with a file. Shared, since it is kept with the file.
pub(super) type Cause = Arc<dyn Error + Send + Sync>;

/// Why a lookup has no answer, for the client. Paths are those of policies, schemas and
/// data files.
#[derive(Debug, thiserror::Error)]
pub enum LookupError {
    /// The request is malformed: 400.
    #[error("{0}")]
    BadRequest(String),
    /// A file can't be used: 501, as in Jerakia 3.
    #[error("{} can't be used: {cause}", path.display())]
    File {
        /// Which file.
        path: PathBuf,
        /// Why, and where in it.
        #[source]
        cause: Arc<dyn Error + Send + Sync>,
    },
    /// There is no policy of this name: 501.
    #[error("No such policy {name}: there is no {}", path.display())]
    NoPolicy {
        /// The name.
        name: String,
        /// The file that it would be in.
        path: PathBuf,
    },
}

/// An error of a parser, with its place in the file.
#[derive(Debug, thiserror::Error)]
#[error("{text}")]
pub(super) struct SyntaxError {
    pub(super) text: String,
    #[source]
    pub(super) error: Box<dyn Error + Send + Sync>,
}

impl LookupError {
    pub(super) fn file(path: &Path, cause: impl Error + Send + Sync + 'static) -> Self {
        Self::File { path: path.to_owned(), cause: Arc::new(cause) }
    }

    /// A path that would lead out of the data directory.
    pub(super) fn outside(what: &str) -> Self {
        if log_limit::LOOKUPS.allows() {
            tracing::warn!(what, "refused: it would lead out of the data directory");
        }
        Self::BadRequest(format!("The {what} would lead out of the data directory"))
    }
}

/// A cause that is only a text.
pub(super) fn because(text: impl Into<String>) -> Cause {
    Box::<dyn Error + Send + Sync>::from(text.into()).into()
}
