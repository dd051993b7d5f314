//! Labels: keys and values by which administrators select tokens.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::str::FromStr;

/// The most labels that a token can have.
const MAX_LABELS: usize = 32;

/// The longest key of a label, in characters.
const MAX_KEY_LEN: usize = 63;

/// The longest value of a label, in bytes.
const MAX_VALUE_LEN: usize = 255;

/// The labels of a token, sorted by key.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(transparent)]
pub struct Labels(BTreeMap<String, String>);

/// One label, written `key=value`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Label {
    /// 1 to 63 of `A-Z a-z 0-9 _ . / -`, of which the first is a letter or a digit.
    pub key: String,
    /// At most 255 bytes without control characters.
    pub value: String,
}

/// A text that can't be a label, or too many of them.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadLabel {
    /// There is no `=`.
    #[error("{0:?} can't be a label: write it as key=value")]
    NoValue(String),
    /// The key.
    #[error(
        "{0:?} can't be the key of a label: use 1 to 63 of the characters A-Z a-z 0-9 _ . / - and begin with a letter or a digit"
    )]
    Key(String),
    /// The value.
    #[error("the value of the label {0} can't be stored: use at most 255 bytes without control characters")]
    Value(String),
    /// All together.
    #[error("a token can have at most 32 labels")]
    TooMany,
    /// Two have the same key.
    #[error("the label {0} occurs twice: give each key once")]
    Twice(String),
}

impl Label {
    /// A label of this key and value.
    ///
    /// # Errors
    /// See [`BadLabel`].
    pub fn new(key: &str, value: &str) -> Result<Self, BadLabel> {
        let first = key.bytes().next().is_some_and(|it| it.is_ascii_alphanumeric());
        let usual = |it: u8| it.is_ascii_alphanumeric() || b"_./-".contains(&it);
        if !first || key.len() > MAX_KEY_LEN || !key.bytes().all(usual) {
            return Err(BadLabel::Key(key.into()));
        }
        if value.len() > MAX_VALUE_LEN || value.chars().any(char::is_control) {
            return Err(BadLabel::Value(key.into()));
        }
        Ok(Self { key: key.into(), value: value.into() })
    }
}

impl FromStr for Label {
    type Err = BadLabel;

    fn from_str(text: &str) -> Result<Self, BadLabel> {
        let (key, value) = text.split_once('=').ok_or_else(|| BadLabel::NoValue(text.into()))?;
        Self::new(key, value)
    }
}

impl Labels {
    /// These labels.
    ///
    /// # Errors
    /// Two have the same key, or there are more than 32.
    pub fn of(labels: impl IntoIterator<Item = Label>) -> Result<Self, BadLabel> {
        let mut all = BTreeMap::new();
        for Label { key, value } in labels {
            if all.contains_key(&key) {
                return Err(BadLabel::Twice(key));
            }
            all.insert(key, value);
        }
        if all.len() > MAX_LABELS { Err(BadLabel::TooMany) } else { Ok(Self(all)) }
    }

    /// Parses the JSON object in the store. Empty if somebody edited the database and it is not
    /// one.
    pub(crate) fn stored(json: &str) -> Self {
        serde_json::from_str(json).unwrap_or_default()
    }

    /// Whether `label` is one of them.
    #[must_use]
    pub fn has(&self, label: &Label) -> bool {
        self.0.get(&label.key) == Some(&label.value)
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Each key and value.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(key, value)| (key.as_str(), value.as_str()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_is_a_key_and_a_value() {
        assert_eq!("team=web=1".parse(), Ok(Label { key: "team".into(), value: "web=1".into() }));
        assert_eq!("team=".parse::<Label>().map(|it| it.value), Ok(String::new()));
        assert_eq!("team".parse::<Label>(), Err(BadLabel::NoValue("team".into())));
        for key in ["", "-a", "a b", "ä", &"a".repeat(MAX_KEY_LEN + 1)] {
            assert_eq!(Label::new(key, ""), Err(BadLabel::Key(key.into())));
        }
        assert_eq!(Label::new("a", "\n"), Err(BadLabel::Value("a".into())));
        assert!(Label::new("a", &"é".repeat(127)).is_ok());
        assert_eq!(Label::new("a", &"é".repeat(128)), Err(BadLabel::Value("a".into())));
    }

    #[test]
    fn there_are_at_most_32_and_each_key_once() {
        let many = |count: usize| Labels::of((0..count).map(|it| Label::new(&format!("k{it}"), "").unwrap()));
        assert!(many(MAX_LABELS).is_ok());
        assert_eq!(many(MAX_LABELS + 1), Err(BadLabel::TooMany));
        let twice = Labels::of(["a=1", "a=2"].map(|it| it.parse().unwrap()));
        assert_eq!(twice, Err(BadLabel::Twice("a".into())));
    }
}
