//! The two databases of a directory.

use super::files::Location;
use super::migrations::{self, Schema};
use super::{StoreError, state};
use std::path::Path;

/// Which of the two databases.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DatabaseFile {
    /// `tokens.db`: the tokens, written by administrators' acts.
    Tokens,
    /// `state.db`: last-seen times and scopes, written by servers.
    State,
}

impl DatabaseFile {
    /// Both, the tokens first.
    pub const ALL: [Self; 2] = [Self::Tokens, Self::State];

    /// The file's name in the database directory.
    #[must_use]
    pub fn file_name(self) -> &'static str {
        match self {
            Self::Tokens => super::FILE_NAME,
            Self::State => state::FILE_NAME,
        }
    }

    /// The noun for its rows in reports: tokens, or scopes.
    #[must_use]
    pub fn contents(self) -> &'static str {
        match self {
            Self::Tokens => "tokens",
            Self::State => "scopes",
        }
    }

    pub(super) fn schema(self) -> &'static Schema {
        match self {
            Self::Tokens => &migrations::TOKENS,
            Self::State => &migrations::STATE,
        }
    }

    /// Its location. If `tokens.db` is a symbolic link, `state.db` is beside the link's target.
    pub(super) fn location(self, directory: &Path) -> Result<Location, StoreError> {
        let tokens = Location::of(directory.join(super::FILE_NAME))?;
        match self {
            Self::Tokens => Ok(tokens),
            Self::State => Location::of(tokens.directory().join(state::FILE_NAME)),
        }
    }
}
