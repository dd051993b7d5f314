//! A document: the contents of a data file and its fragments, and the values among them that
//! can't be expressed.

use super::error::{Cause, because};
use super::files::Parsed;
use super::flaw::{Entries, Flaws};
use super::format::FileFormat;
use super::joined::Joined;
use super::value::{Key, Map};

/// A map of keys to values. An empty file gives an empty map.
#[derive(Debug, Default)]
pub struct Document {
    map: Map,
    flaws: Flaws,
}

impl Document {
    pub fn map(&self) -> &Map {
        &self.map
    }

    /// Checks that the value of `key` can be answered; without a key, all values. With
    /// `big_integers`, integers of more than 64 bits can.
    ///
    /// # Errors
    /// The reason, if it can't.
    pub fn check(&self, key: Option<&Key>, big_integers: bool) -> Result<(), Cause> {
        self.flaws.find(key, big_integers).map_or(Ok(()), |it| Err(because(it.text.clone())))
    }
}

impl Parsed for Document {
    const MAX_KEPT: usize = 256 << 20;

    fn parse(joined: &Joined, format: FileFormat) -> Result<(Self, usize), Cause> {
        let (Entries { mut map, mut flaws }, size) = format.entries(joined)?;
        map.shrink_to_fit();
        flaws.locate(|line| joined.place(line));
        Ok((Self { map, flaws }, size))
    }
}
