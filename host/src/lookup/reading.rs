//! Reads a [`Value`] from any format, within [`Bounds`](super::bounds::Bounds).

use super::bounds::Reading;
use super::value::{Key, Map, Value};
use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use std::fmt;
use std::mem::size_of;

/// The overhead of an allocation, in bytes.
const ALLOCATION: usize = 16;

/// The memory of a map entry besides its value, in bytes: key, hash, and its place in the
/// index.
const ENTRY: usize = size_of::<Key>() + size_of::<u64>() + 10;

/// Reads one value, or one that is part of it.
#[derive(Clone, Copy)]
pub struct Seed<'a> {
    reading: &'a Reading,
    depth: usize,
}

impl<'a> Seed<'a> {
    pub(super) fn new(reading: &'a Reading) -> Self {
        Self { reading, depth: 0 }
    }

    fn exact(self) -> bool {
        self.reading.bounds.exact
    }

    /// The memory that has been taken so far, in bytes.
    pub(super) fn taken(self) -> usize {
        self.reading.taken()
    }

    pub(super) fn take<E: Error>(self, bytes: usize) -> Result<(), E> {
        self.reading.take(bytes)
    }

    /// For a text, or the items of a list, in bytes.
    pub(super) fn text<E: Error>(self, bytes: usize) -> Result<(), E> {
        self.reading.take(bytes.saturating_add(ALLOCATION))
    }

    /// For a map, without its entries.
    pub(super) fn take_map<E: Error>(self) -> Result<(), E> {
        self.reading.take(size_of::<Map>() + 3 * ALLOCATION)
    }

    /// For an entry of a map, without its key's text and its value.
    pub(super) fn take_entry<E: Error>(self) -> Result<(), E> {
        self.reading.take(ENTRY)
    }

    /// For lists and maps that are nested `height` levels deep.
    pub(super) fn holds<E: Error>(self, height: usize) -> Result<(), E> {
        (0..height).try_fold(self, |seed, _| seed.inner()).map(drop)
    }

    /// For what is in a list or a map.
    pub(super) fn inner<E: Error>(self) -> Result<Self, E> {
        let (depth, max) = (self.depth.saturating_add(1), self.reading.bounds.max_depth);
        if depth > max {
            return Err(E::custom(format_args!("lists and maps are nested deeper than {max} levels")));
        }
        Ok(Self { depth, ..self })
    }

    /// Adds an entry, or says why it can't be kept.
    fn insert<E: Error>(self, map: &mut Map, key: Value, value: Value) -> Result<(), E> {
        let key = if self.exact() { exact_key(key)? } else { any_key(key)? };
        if self.exact() && (map.contains_key(&key) || twin(&key).is_some_and(|it| map.contains_key(&it))) {
            let name = serde_json::to_string(&key).unwrap_or_default();
            return Err(E::custom(format_args!("the key {name} occurs twice")));
        }
        self.take_entry()?;
        map.insert(key, value);
        Ok(())
    }
}

impl<'de> DeserializeSeed<'de> for Seed<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        self.reading.take(size_of::<Value>())?;
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Seed<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("data: null, booleans, numbers, text, lists and maps")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_none<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }

    fn visit_bool<E>(self, it: bool) -> Result<Value, E> {
        Ok(Value::Bool(it))
    }

    fn visit_i64<E>(self, it: i64) -> Result<Value, E> {
        Ok(Value::Int(it))
    }

    fn visit_u64<E>(self, it: u64) -> Result<Value, E> {
        Ok(i64::try_from(it).map_or(Value::Unsigned(it), Value::Int))
    }

    fn visit_f64<E: Error>(self, it: f64) -> Result<Value, E> {
        if self.exact() && !it.is_finite() {
            return Err(E::custom("NaN and infinity can't be kept: JSON has neither"));
        }
        Ok(Value::Float(it))
    }

    fn visit_str<E: Error>(self, it: &str) -> Result<Value, E> {
        self.text(it.len())?;
        Ok(Value::Text(it.into()))
    }

    fn visit_string<E: Error>(self, mut it: String) -> Result<Value, E> {
        self.text(it.len())?;
        it.shrink_to_fit();
        Ok(Value::Text(it))
    }

    fn visit_bytes<E: Error>(self, _: &[u8]) -> Result<Value, E> {
        Err(E::custom("binary data can't be kept: JSON has none; send it as text"))
    }

    fn visit_newtype_struct<D: Deserializer<'de>>(self, _: D) -> Result<Value, D::Error> {
        Err(D::Error::custom("an extension type can't be kept: JSON has none"))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let inner = self.inner()?;
        self.reading.take(ALLOCATION)?;
        let mut list = Vec::new();
        while let Some(item) = items.next_element_seed(inner)? {
            list.push(item);
        }
        list.shrink_to_fit();
        Ok(Value::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let inner = self.inner()?;
        self.take_map()?;
        let mut map = Map::new();
        while let Some(key) = entries.next_key_seed(inner)? {
            let value = entries.next_value_seed(inner)?;
            self.insert(&mut map, key, value)?;
        }
        map.shrink_to_fit();
        Ok(Value::Map(Box::new(map)))
    }
}

/// A value as a key: text as in JSON, unless it is an integer or a boolean.
pub(super) fn any_key<E: Error>(value: Value) -> Result<Key, E> {
    match value {
        Value::Text(text) => Ok(Key::Text(text)),
        Value::Int(number) => Ok(Key::Int(number)),
        Value::Bool(yes) => Ok(Key::Bool(yes)),
        Value::Null => Ok(Key::Text(String::new())),
        Value::Unsigned(_) | Value::BigInt(_) | Value::Float(_) => Ok(Key::Text(value.scalar().unwrap_or_default())),
        Value::List(_) | Value::Map(_) => Err(E::custom("a list or a map can't be a key")),
    }
}

fn exact_key<E: Error>(value: Value) -> Result<Key, E> {
    match value {
        Value::Text(text) => Ok(Key::Text(text)),
        Value::Int(number) => Ok(Key::Int(number)),
        Value::Bool(yes) => Ok(Key::Bool(yes)),
        _ => Err(E::custom("only text, integers below 2^63 and booleans can be keys")),
    }
}

/// The other key that looks the same in JSON.
fn twin(key: &Key) -> Option<Key> {
    match key {
        Key::Int(number) => Some(Key::Text(number.to_string())),
        Key::Bool(yes) => Some(Key::Text(yes.to_string())),
        Key::Text(text) => {
            let number = text.parse::<i64>().ok().filter(|it| it.to_string() == *text).map(Key::Int);
            number.or_else(|| text.parse().ok().map(Key::Bool))
        }
    }
}
