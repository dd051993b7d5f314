//! Patterns of `confine` and `exclude`: regular expressions, with look-around, and with a
//! bound on the time that one may take.

use fancy_regex::{Regex, RegexBuilder};
use serde::de::{Deserialize, Deserializer, Error as _};

/// How often a pattern may backtrack on one value.
const MAX_BACKTRACKS: usize = 100_000;

/// The memory of a compiled pattern, in bytes: an estimate, since the library doesn't say.
pub const SIZE: usize = 64 << 10;

/// A regular expression that must match the whole of a value, as Jerakia 3's do.
#[derive(Debug)]
pub struct Pattern(Regex);

impl<'de> Deserialize<'de> for Pattern {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let hint = |it| format!("{it}; a pattern is one text: write | between alternatives, as in dev|test.*");
        let text = String::deserialize(deserializer).map_err(|it| D::Error::custom(hint(it)))?;
        Self::try_from(text).map_err(D::Error::custom)
    }
}

impl TryFrom<String> for Pattern {
    type Error = fancy_regex::Error;

    fn try_from(text: String) -> Result<Self, fancy_regex::Error> {
        let mut builder = RegexBuilder::new(&format!(r"\A(?:{text})\z"));
        builder.backtrack_limit(MAX_BACKTRACKS).delegate_size_limit(1 << 20).build().map(Self)
    }
}

impl Pattern {
    /// Whether it matches.
    ///
    /// # Errors
    /// When finding out takes too long.
    pub fn matches(&self, value: &str) -> Result<bool, String> {
        self.0.is_match(value).map_err(|error| format!("{error}: the pattern takes too long to match a value"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(pattern: &str, value: &str) -> Result<bool, String> {
        Pattern::try_from(pattern.to_owned()).unwrap().matches(value)
    }

    #[test]
    fn the_whole_value_is_matched_with_look_around() {
        assert_eq!(matches("dev|develop", "develop"), Ok(true));
        assert_eq!(matches("dev", "xdev\n"), Ok(false));
        assert_eq!(matches("dev", "dev\n"), Ok(false));
        assert_eq!(matches("(?!prod).*", "dev"), Ok(true));
        assert_eq!(matches("(?!prod).*", "prod"), Ok(false));
        assert_eq!(matches(r"(a+)\1", "aaaa"), Ok(true));
        assert!(Pattern::try_from("(".to_owned()).is_err());
    }

    #[test]
    fn a_pattern_that_tries_for_ever_is_stopped() {
        let error = matches("(?=x|a)(a|aa|aaa)+b(?<!c)", &"a".repeat(500)).unwrap_err();
        assert!(error.contains("too long"), "{error}");
    }
}
