//! Output filters: a policy changes the values that its lookups have found.

use super::request::within;
use super::value::{Key, Map, Value};
use super::view::View;
use serde::de::{Deserialize, Deserializer, Error as _};

/// The most memory that `strsub` may take for one answer, in bytes (estimated).
const MAX_MADE: usize = 16 << 20;

/// The memory of a node that holds replaced text, in bytes: an estimate.
const NODE: usize = 64;

/// An output filter of a lookup.
#[derive(Clone, Debug, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OutputFilter {
    /// Replaces `%{name}` in text by the scope's `name`, or by nothing if that is unset.
    Strsub,
    /// Takes the value at a path of keys.
    Dig(Vec<String>),
}

/// Why a value can't be filtered.
#[derive(Debug, thiserror::Error)]
pub enum FilterError {
    #[error("dig needs a map, and the value is not one")]
    NotAMap,
    #[error("the filters make more than {} MiB: ask for one key at a time", MAX_MADE >> 20)]
    TooLarge,
}

/// Reads a list of filters; an error says how one is written.
pub fn all<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<OutputFilter>, D::Error> {
    let hint =
        |it| format!("{it}; output_filters takes a list of strsub and dig, such as [strsub] or [{{dig: [a, b]}}]");
    Vec::deserialize(deserializer).map_err(|it| D::Error::custom(hint(it)))
}

impl OutputFilter {
    /// The filtered value; none if nothing is left.
    ///
    /// # Errors
    /// See [`FilterError`].
    pub fn apply<'a>(&self, view: View<'a>, scope: &Map, budget: &mut Budget) -> Result<Option<View<'a>>, FilterError> {
        match self {
            Self::Strsub => Strsub { scope, budget }.view(view).map(Some),
            Self::Dig(path) if view.is_map() => Ok(dig(view, path)),
            Self::Dig(_) => Err(FilterError::NotAMap),
        }
    }
}

/// The memory that is left for one answer, in bytes.
pub struct Budget(usize);

impl Default for Budget {
    fn default() -> Self {
        Self(MAX_MADE)
    }
}

impl Budget {
    fn take(&mut self, bytes: usize) -> Result<(), FilterError> {
        self.0 = self.0.checked_sub(bytes).ok_or(FilterError::TooLarge)?;
        Ok(())
    }
}

fn dig<'a>(view: View<'a>, path: &[String]) -> Option<View<'a>> {
    path.iter().try_fold(view, |view, name| {
        let mut entries = view.into_entries();
        let number = || name.parse().ok().map(Key::Int);
        entries.swap_remove(&Key::Text(name.clone())).or_else(|| entries.swap_remove(&number()?))
    })
}

struct Strsub<'s, 'b> {
    scope: &'s Map,
    budget: &'b mut Budget,
}

impl Strsub<'_, '_> {
    fn view<'a>(&mut self, view: View<'a>) -> Result<View<'a>, FilterError> {
        Ok(match view {
            View::Value(value) => self.value(value)?,
            View::Text(text) => View::Text(self.text(&text)?),
            View::List(views) => View::List(views.into_iter().map(|it| self.view(it)).collect::<Result<_, _>>()?),
            View::Flat(views) => View::Flat(views.into_iter().map(|it| self.view(it)).collect::<Result<_, _>>()?),
            View::Map(entries) => {
                let entries = entries.into_iter().map(|(key, it)| Ok((key, self.view(it)?)));
                View::Map(Box::new(entries.collect::<Result<_, FilterError>>()?))
            }
        })
    }

    /// Copies only values that have something to replace.
    fn value<'a>(&mut self, value: &'a Value) -> Result<View<'a>, FilterError> {
        if !has_names(value) {
            return Ok(View::Value(value));
        }
        self.budget.take(NODE)?;
        match value {
            Value::Text(text) => Ok(View::Text(self.text(text)?)),
            Value::List(items) => {
                self.budget.take(items.len().saturating_mul(NODE))?;
                Ok(View::List(items.iter().map(|it| self.value(it)).collect::<Result<_, _>>()?))
            }
            Value::Map(map) => {
                self.budget.take(map.len().saturating_mul(NODE))?;
                let entries = map.iter().map(|(key, it)| Ok((key, self.value(it)?)));
                Ok(View::Map(Box::new(entries.collect::<Result<_, FilterError>>()?)))
            }
            _ => Ok(View::Value(value)),
        }
    }

    fn text(&mut self, text: &str) -> Result<String, FilterError> {
        let (mut replaced, mut rest) = (String::new(), text);
        while let Some((before, (name, after))) =
            rest.split_once("%{").and_then(|(it, rest)| Some((it, rest.split_once('}')?)))
        {
            let value = within(self.scope, name.strip_prefix("::").unwrap_or(name)).and_then(Value::scalar);
            let value = value.unwrap_or_default();
            self.budget.take(before.len().saturating_add(value.len()))?;
            replaced += before;
            replaced += &value;
            rest = after;
        }
        self.budget.take(rest.len())?;
        Ok(replaced + rest)
    }
}

fn has_names(value: &Value) -> bool {
    match value {
        Value::Text(text) => text.contains("%{"),
        Value::List(items) => items.iter().any(has_names),
        Value::Map(map) => map.values().any(has_names),
        _ => false,
    }
}
