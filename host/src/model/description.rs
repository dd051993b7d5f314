//! Descriptions: what a token is for, in an administrator's words.

use std::str::FromStr;

/// The longest description, in bytes.
pub const MAX_DESCRIPTION_LEN: usize = 1024;

/// A description: one line of at most 1,024 bytes, without control characters. It may be
/// empty.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Description(String);

/// A text that can't be a [`Description`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadDescription {
    /// It is too long.
    #[error("the description has {0} bytes: at most {MAX_DESCRIPTION_LEN} fit")]
    TooLong(usize),
    /// It has a control character.
    #[error("the description has control characters, such as line breaks: use one line of text")]
    Control,
}

impl FromStr for Description {
    type Err = BadDescription;

    fn from_str(text: &str) -> Result<Self, BadDescription> {
        if text.len() > MAX_DESCRIPTION_LEN {
            Err(BadDescription::TooLong(text.len()))
        } else if text.chars().any(char::is_control) {
            Err(BadDescription::Control)
        } else {
            Ok(Self(text.into()))
        }
    }
}

impl From<Description> for String {
    fn from(description: Description) -> Self {
        description.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_description_is_one_line_of_at_most_1024_bytes() {
        assert!("".parse::<Description>().is_ok());
        assert_eq!("é".repeat(512).parse::<Description>().map(String::from), Ok("é".repeat(512)));
        assert_eq!("a".repeat(1025).parse::<Description>(), Err(BadDescription::TooLong(1025)));
        assert_eq!("a\nb".parse::<Description>(), Err(BadDescription::Control));
    }
}
