//! Flaws: values that can't be expressed. A flaw fails its key, and not the whole file.

use super::bounds::TooMuch;
use super::reading::{Seed, any_key};
use super::value::{Key, Map, Value};
use std::borrow::Cow;
use std::collections::HashMap;

/// Why a value can't be answered.
#[derive(Clone, Debug, PartialEq)]
pub struct ValueFlaw {
    /// Its line in the joined text of all files.
    pub line: usize,
    pub text: Cow<'static, str>,
    /// JSON can express it, MessagePack can't.
    pub only_in_message_pack: bool,
}

/// A value that was read, and its worst flaw.
#[derive(Clone, Default)]
pub struct Node {
    pub value: Value,
    pub flaw: Option<ValueFlaw>,
}

/// A map being read.
#[derive(Default)]
pub struct Entries {
    pub map: Map,
    pub flaws: Flaws,
}

/// The flaws of a map.
#[derive(Debug, Default)]
pub struct Flaws {
    of: HashMap<Key, ValueFlaw>,
    /// The flaw of entries whose key can't be expressed.
    nameless: Option<ValueFlaw>,
}

impl Node {
    pub fn flawed(line: usize, text: &'static str) -> Self {
        Self { value: Value::Null, flaw: Some(ValueFlaw { line, text: text.into(), only_in_message_pack: false }) }
    }

    /// A scalar at `line`.
    pub fn scalar(line: usize, value: Value) -> Self {
        let text = "an integer has more than 64 bits, which MessagePack has not: ask for JSON";
        let flaw = ValueFlaw { line, text: text.into(), only_in_message_pack: true };
        let flaw = matches!(value, Value::BigInt(_)).then_some(flaw);
        Self { value, flaw }
    }
}

/// The flaw that affects more formats.
pub fn worse(one: Option<ValueFlaw>, other: Option<ValueFlaw>) -> Option<ValueFlaw> {
    match (one, other) {
        (Some(one), Some(other)) if one.only_in_message_pack => Some(other),
        (one, other) => one.or(other),
    }
}

impl Entries {
    /// Adds an entry that is at `line`: the last of two equal keys counts, in the place of the first.
    ///
    /// # Errors
    /// When that exceeds a limit.
    pub fn put(&mut self, key: Node, value: Node, seed: Seed<'_>, line: usize) -> Result<(), TooMuch> {
        let flawed_key = key.flaw.filter(|it| !it.only_in_message_pack);
        match any_key::<TooMuch>(key.value) {
            Ok(key) if flawed_key.is_none() => self.insert(key, value, seed),
            _ => {
                let text = "a list or a map can't be a key".into();
                let unnamed = ValueFlaw { line, text, only_in_message_pack: false };
                self.flaws.nameless = Some(flawed_key.unwrap_or(unnamed));
                Ok(())
            }
        }
    }

    /// Adds the entries of another file.
    ///
    /// # Errors
    /// When that exceeds a limit.
    pub fn add(&mut self, mut other: Self, seed: Seed<'_>) -> Result<(), TooMuch> {
        self.flaws.nameless = self.flaws.nameless.take().or(other.flaws.nameless);
        other.map.into_iter().try_for_each(|(key, value)| {
            let flaw = other.flaws.of.remove(&key);
            self.insert(key, Node { value, flaw }, seed)
        })
    }

    /// Adds the entries of another map (`<<`).
    ///
    /// # Errors
    /// When that exceeds a limit.
    pub fn put_all(&mut self, map: Map, flaw: Option<&ValueFlaw>, seed: Seed<'_>) -> Result<(), TooMuch> {
        map.into_iter().try_for_each(|(key, value)| self.insert(key, Node { value, flaw: flaw.cloned() }, seed))
    }

    fn insert(&mut self, key: Key, node: Node, seed: Seed<'_>) -> Result<(), TooMuch> {
        seed.take_entry()?;
        match node.flaw {
            Some(flaw) => drop(self.flaws.of.insert(key.clone(), flaw)),
            None => drop(self.flaws.of.remove(&key)),
        }
        self.map.insert(key, node.value);
        Ok(())
    }

    pub fn into_node(mut self) -> Node {
        self.map.shrink_to_fit();
        let flaw = self.flaws.of.into_values().map(Some).fold(self.flaws.nameless, worse);
        Node { value: Value::Map(Box::new(self.map)), flaw }
    }
}

impl Flaws {
    /// Prefixes each flaw's text with its place.
    pub fn locate(&mut self, place: impl Fn(usize) -> String) {
        for flaw in self.of.values_mut().chain(&mut self.nameless) {
            flaw.text = format!("{}: {}", place(flaw.line), flaw.text).into();
        }
    }

    /// The flaw of the value of `key`, or of any value. With `big_integers`, these are no flaw.
    pub fn find(&self, key: Option<&Key>, big_integers: bool) -> Option<&ValueFlaw> {
        let counts = |it: &&ValueFlaw| !(big_integers && it.only_in_message_pack);
        match key {
            Some(key) => self.of.get(key).filter(counts),
            None => self.of.values().chain(&self.nameless).filter(counts).min_by_key(|it| it.line),
        }
    }
}
