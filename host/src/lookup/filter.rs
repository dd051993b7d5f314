//! Output filters: what a policy does to the values that its lookups have found.

use super::error::LookupError;
use super::request::within;
use super::value::{Key, Map, Value};
use super::view::View;
use serde::Deserialize;

/// The most memory that `strsub` may take for one answer, in bytes.
const MAX_REPLACED: usize = 16 << 20;

/// What a node that holds a replaced text takes, in bytes: an estimate.
const NODE: usize = 64;

/// An output filter of a lookup.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Filter {
    /// Replaces `%{name}` in texts by the scope's `name`; what is not set by nothing.
    Strsub,
    /// Takes what a path of keys leads to.
    Dig(Vec<String>),
}

impl Filter {
    /// The value that is left; none when there is nothing.
    ///
    /// # Errors
    /// When it can't be applied.
    pub fn apply<'a>(&self, view: View<'a>, scope: &Map, budget: &mut Budget) -> Result<Option<View<'a>>, LookupError> {
        match self {
            Self::Strsub => Strsub { scope, budget }.view(view).map(Some),
            Self::Dig(path) if view.is_map() => Ok(dig(view, path)),
            Self::Dig(_) => Err(LookupError::Filter("dig needs a map, and the value is none".into())),
        }
    }
}

/// What is left for one answer, in bytes.
pub struct Budget(usize);

impl Default for Budget {
    fn default() -> Self {
        Self(MAX_REPLACED)
    }
}

impl Budget {
    fn take(&mut self, bytes: usize) -> Result<(), LookupError> {
        self.0 = self.0.checked_sub(bytes).ok_or_else(|| {
            LookupError::Filter(format!("the answer would take more than {} MiB with strsub", MAX_REPLACED >> 20))
        })?;
        Ok(())
    }
}

/// `443` in a path is the key 443 as well as the key "443".
fn dig<'a>(view: View<'a>, path: &[String]) -> Option<View<'a>> {
    path.iter().try_fold(view, |view, key| {
        let mut entries = view.into_entries();
        let number = || key.parse().ok().map(Key::Int);
        entries.swap_remove(&Key::Text(key.clone())).or_else(|| entries.swap_remove(&number()?))
    })
}

struct Strsub<'s, 'b> {
    scope: &'s Map,
    budget: &'b mut Budget,
}

impl Strsub<'_, '_> {
    fn view<'a>(&mut self, view: View<'a>) -> Result<View<'a>, LookupError> {
        Ok(match view {
            View::Value(value) => self.value(value)?,
            View::Text(text) => View::Text(self.text(&text)?),
            View::List(views) => View::List(views.into_iter().map(|it| self.view(it)).collect::<Result<_, _>>()?),
            View::Flat(views) => View::Flat(views.into_iter().map(|it| self.view(it)).collect::<Result<_, _>>()?),
            View::Map(entries) => {
                let entries = entries.into_iter().map(|(key, it)| Ok((key, self.view(it)?)));
                View::Map(Box::new(entries.collect::<Result<_, LookupError>>()?))
            }
        })
    }

    /// Only what has something to replace is copied.
    fn value<'a>(&mut self, value: &'a Value) -> Result<View<'a>, LookupError> {
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
                Ok(View::Map(Box::new(entries.collect::<Result<_, LookupError>>()?)))
            }
            _ => Ok(View::Value(value)),
        }
    }

    fn text(&mut self, text: &str) -> Result<String, LookupError> {
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
