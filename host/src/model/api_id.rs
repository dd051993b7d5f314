//! API IDs: the names of applications.

use std::borrow::Borrow;
use std::fmt;
use std::ops::Deref;
use std::str::FromStr;

/// An API ID: the public half of a token, which names its application. 1 to 64 of
/// `A-Z a-z 0-9 _ . @ -`; the first is none of `. @ -`. Parsed once, and valid from then on.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ApiId(Box<str>);

/// A text that is not an [`ApiId`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0} can't be an API ID: use 1 to 64 of the characters A-Z a-z 0-9 _ . @ - and begin with a letter, a digit or _"
)]
pub struct BadApiId(pub String);

impl TryFrom<String> for ApiId {
    type Error = BadApiId;

    fn try_from(text: String) -> Result<Self, BadApiId> {
        if jerakia_core::api_id::is_valid(&text) { Ok(Self(text.into())) } else { Err(BadApiId(text)) }
    }
}

impl FromStr for ApiId {
    type Err = BadApiId;

    fn from_str(text: &str) -> Result<Self, BadApiId> {
        text.to_owned().try_into()
    }
}

impl From<ApiId> for String {
    fn from(api_id: ApiId) -> Self {
        api_id.0.into()
    }
}

impl Deref for ApiId {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl Borrow<str> for ApiId {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ApiId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::{ApiId, BadApiId};

    #[test]
    fn an_api_id_is_valid_or_says_what_would_be() {
        let api_id = ApiId::try_from(String::from("my_app")).map(|it| it.to_string());
        assert_eq!(api_id, Ok("my_app".into()));
        for bad in ["", "-q", "a:b", "-nobody-"] {
            let error = ApiId::try_from(String::from(bad)).map_err(|it| it.to_string());
            assert_eq!(error, Err(BadApiId(bad.into()).to_string()));
        }
    }
}
