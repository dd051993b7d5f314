//! A document: what a data file and its fragments have, and which of it can't be
//! expressed.

use super::error::{Cause, because};
use super::files::Parsed;
use super::flaw::{Entries, Flaws};
use super::format::Format;
use super::joined::Joined;
use super::value::{Key, Map};

/// A map of keys to values. An empty file is an empty one.
#[derive(Debug, Default)]
pub struct Document {
    map: Map,
    flaws: Flaws,
}

impl Document {
    pub fn map(&self) -> &Map {
        &self.map
    }

    /// Whether a value can be answered; `big_integers` of more than 64 bits among them.
    /// Without a key: all values.
    ///
    /// # Errors
    /// Why it can't.
    pub fn check(&self, key: Option<&Key>, big_integers: bool) -> Result<(), Cause> {
        self.flaws.find(key, big_integers).map_or(Ok(()), |it| Err(because(it.text.clone())))
    }
}

impl Parsed for Document {
    const MAX_KEPT: usize = 256 << 20;

    fn parse(joined: &Joined, format: Format) -> Result<(Self, usize), Cause> {
        let (Entries { mut map, mut flaws }, size) = format.entries(joined)?;
        map.shrink_to_fit();
        flaws.locate(|line| joined.place(line));
        Ok((Self { map, flaws }, size))
    }
}
