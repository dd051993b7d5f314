//! What was found: parts of files, which an answer keeps alive and shows without
//! copying them.

use super::files::Document;
use super::merge::Merge;
use super::value::{Key, Value};
use super::view::{Entries, View, entries};
use std::sync::Arc;

/// The answer to a lookup.
pub struct Answer {
    pub(super) parts: Vec<Part>,
    /// How to merge; none takes the first part.
    pub(super) merge: Option<Merge>,
}

/// What one directory of a search path has.
pub(super) enum Part {
    /// One key of a file.
    Entry { of: Arc<Document>, key: Key },
    /// All of a file and its fragments; what a later one says of a key counts.
    Whole(Vec<Arc<Document>>),
    /// What output filters have made of either.
    Made(Value),
}

impl Answer {
    /// Whether the key is anywhere: it may be set to null.
    #[must_use]
    pub fn found(&self) -> bool {
        !self.parts.is_empty()
    }

    /// Its value; null when it is not found.
    #[must_use]
    pub fn payload(&self) -> View<'_> {
        let mut found = self.parts.iter().map(Part::view);
        match (self.merge, self.parts.is_empty()) {
            (Some(merge), false) => merge.merge(found),
            _ => found.next().unwrap_or(View::NULL),
        }
    }
}

impl Part {
    fn view(&self) -> View<'_> {
        match self {
            Self::Entry { of, key } => of.map().get(key).map_or(View::NULL, View::Value),
            Self::Made(value) => View::Value(value),
            Self::Whole(documents) => match documents.as_slice() {
                [one] => View::Value(one.value()),
                several => {
                    let all = several.iter().flat_map(|it| entries(it.map()));
                    View::Map(Box::new(all.collect::<Entries<'_>>()))
                }
            },
        }
    }
}
