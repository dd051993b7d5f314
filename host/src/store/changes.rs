//! What a server's cache reads: all tokens, or the changes since a position.

use crate::model::TokenRecord;
use std::collections::HashSet;

/// A position in the journal of changes. The revision alone proves nothing: a database that was
/// restored into this one can have the same. The mark is random.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Position {
    pub(super) revision: i64,
    pub(super) mark: Vec<u8>,
}

impl Position {
    pub(crate) fn revision(&self) -> i64 {
        self.revision
    }
}

/// A consistent view of all tokens, or of changes.
#[derive(Debug, PartialEq, Eq)]
pub struct Changes {
    /// The position after these changes; none while the journal is empty.
    pub position: Option<Position>,
    /// Whether `rows` are all tokens.
    pub complete: bool,
    /// New and changed tokens, by API ID. It is not an [`ApiId`](crate::model::ApiId) if somebody
    /// edited the database: such a row is never found, since no credential has its key.
    pub rows: Vec<(Box<str>, TokenRecord)>,
    /// API IDs of tokens that were deleted.
    pub deleted: Vec<Box<str>>,
}

impl Changes {
    /// All tokens as they are after `later` changes.
    #[must_use]
    pub fn followed_by(mut self, mut later: Self) -> Self {
        if !later.complete {
            let newer: HashSet<&str> = later.rows.iter().map(|(api_id, _)| &**api_id).collect();
            let gone: HashSet<&str> = later.deleted.iter().map(|api_id| &**api_id).collect();
            self.rows.retain(|(api_id, _)| !newer.contains(&**api_id) && !gone.contains(&**api_id));
            self.rows.append(&mut later.rows);
            later.rows = self.rows;
        }
        Self { complete: self.complete || later.complete, ..later }
    }
}
