//! Output filters: what a policy makes of the values that a lookup has found.

use super::answer::Part;
use super::policy::Lookup;
use super::request::Request;
use super::value::{Key, Map, Value, get};
use serde::Deserialize;

/// What filters make for one answer may take so much memory, in bytes: estimated.
const MAX_MADE: usize = 16 << 20;

/// A filter of Jerakia 3.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Filter {
    /// `%{name}` and `%{::name}` in texts become the scope's `name`: nothing, where it is not
    /// set or has no text.
    Strsub,
    /// A map becomes what is at this path in it. Without that, the key is not there.
    Dig(Vec<String>),
}

/// Why a value can't be filtered.
#[derive(Debug, thiserror::Error)]
pub enum FilterError {
    #[error("lookup {lookup} filters with dig, which takes maps, and {key} is none")]
    NotAMap { lookup: String, key: String },
    #[error("the output filters of lookup {lookup} make more than {} MiB: ask for one key at a time", MAX_MADE >> 20)]
    TooLarge { lookup: String },
}

/// What filters make would take too much memory.
struct Full;

/// Filters what is found for one request.
pub struct Filters<'a> {
    request: &'a Request,
    room: usize,
}

impl<'a> Filters<'a> {
    pub fn new(request: &'a Request) -> Self {
        Self { request, room: MAX_MADE }
    }

    /// Filters what `lookup` has added to `found`, which had `before` parts.
    ///
    /// # Errors
    /// See [`FilterError`].
    pub fn apply(&mut self, lookup: &Lookup, found: &mut Vec<Part>, before: usize) -> Result<(), FilterError> {
        if lookup.output_filters.is_empty() {
            return Ok(());
        }
        for part in found.split_off(before) {
            found.extend(self.part(lookup, part)?);
        }
        Ok(())
    }

    fn part(&mut self, lookup: &Lookup, part: Part) -> Result<Option<Part>, FilterError> {
        if lookup.output_filters.iter().all(|it| it.leaves(&part)) {
            return Ok(Some(part));
        }
        let made = match &part {
            Part::Entry { of, key } => of.map().get(key).map(|value| self.value(lookup, key, value)).transpose()?,
            Part::Whole(documents) => {
                let mut all = Map::new();
                for (key, value) in documents.iter().flat_map(|it| it.map()) {
                    // Of a key that several files have, the last one counts.
                    match self.value(lookup, key, value)? {
                        Some(value) => drop(all.insert(key.clone(), value)),
                        None => drop(all.shift_remove(key)),
                    }
                }
                Some(Some(Value::Map(all.into())))
            }
            Part::Made(_) => return Ok(Some(part)),
        };
        Ok(made.flatten().map(Part::Made))
    }

    /// What the filters of `lookup` make of `value`; none when they leave nothing.
    fn value(&mut self, lookup: &Lookup, key: &Key, value: &Value) -> Result<Option<Value>, FilterError> {
        let digs = lookup.output_filters.iter().any(|it| matches!(it, Filter::Dig(_)));
        if digs && !matches!(value, Value::Map(_)) {
            let key = match key {
                Key::Text(key) => key.clone(),
                Key::Int(key) => key.to_string(),
                Key::Bool(key) => key.to_string(),
            };
            return Err(FilterError::NotAMap { lookup: lookup.name.clone(), key });
        }
        let mut path = lookup.output_filters.iter().flat_map(Filter::path);
        let Some(value) = path.try_fold(value, |value, name| step(value, name)) else { return Ok(None) };
        let substitutes = lookup.output_filters.iter().any(|it| matches!(it, Filter::Strsub));
        match self.copy(value, substitutes) {
            Ok(copy) => Ok(Some(copy)),
            Err(Full) => Err(FilterError::TooLarge { lookup: lookup.name.clone() }),
        }
    }

    fn copy(&mut self, value: &Value, substitutes: bool) -> Result<Value, Full> {
        self.take(size_of::<Value>())?;
        Ok(match value {
            Value::Text(text) if substitutes => Value::Text(self.substitute(text)?),
            Value::List(items) => {
                Value::List(items.iter().map(|it| self.copy(it, substitutes)).collect::<Result<_, _>>()?)
            }
            Value::Map(map) => {
                let mut copy = Map::with_capacity(map.len());
                for (key, value) in &**map {
                    self.take(size_of::<(usize, Key)>() + key_len(key))?;
                    copy.insert(key.clone(), self.copy(value, substitutes)?);
                }
                Value::Map(copy.into())
            }
            other => {
                self.take(if let Value::Text(text) = other { text.len() } else { 0 })?;
                other.clone()
            }
        })
    }

    fn substitute(&mut self, text: &str) -> Result<String, Full> {
        let (mut made, mut rest) = (String::new(), text);
        while let Some((before, name, after)) = tag(rest) {
            let name = name.strip_prefix("::").unwrap_or(name);
            let value = self.request.attribute(&format!("scope.{name}")).unwrap_or_default();
            self.take(before.len() + value.len())?;
            made = made + before + &value;
            rest = after;
        }
        self.take(rest.len())?;
        Ok(made + rest)
    }

    fn take(&mut self, size: usize) -> Result<(), Full> {
        self.room = self.room.checked_sub(size).ok_or(Full)?;
        Ok(())
    }
}

impl Filter {
    fn path(&self) -> &[String] {
        match self {
            Self::Dig(path) => path,
            Self::Strsub => &[],
        }
    }

    /// Whether it leaves `part` as it is, so that it need not be copied.
    fn leaves(&self, part: &Part) -> bool {
        match (self, part) {
            (Self::Dig(_), _) => false,
            (Self::Strsub, Part::Entry { of, key }) => !of.map().get(key).is_some_and(has_tag),
            (Self::Strsub, Part::Whole(documents)) => !documents.iter().any(|it| has_tag(it.value())),
            (Self::Strsub, Part::Made(value)) => !has_tag(value),
        }
    }
}

fn has_tag(value: &Value) -> bool {
    match value {
        Value::Text(text) => tag(text).is_some(),
        Value::List(items) => items.iter().any(has_tag),
        Value::Map(map) => map.values().any(has_tag),
        _ => false,
    }
}

/// What `value` has under `name`, which YAML may have as an integer.
fn step<'a>(value: &'a Value, name: &str) -> Option<&'a Value> {
    let Value::Map(map) = value else { return None };
    get(map, name).or_else(|| map.get(&Key::Int(name.parse().ok()?)))
}

/// The first `%{name}` in `text`: what is before it, the name, and what is after it.
fn tag(text: &str) -> Option<(&str, &str, &str)> {
    let (before, after) = text.split_once("%{")?;
    let (name, after) = after.split_once('}')?;
    Some((before, name, after))
}

fn key_len(key: &Key) -> usize {
    if let Key::Text(text) = key { text.len() } else { 0 }
}
