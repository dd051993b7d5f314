//! ETag and If-Match (RFC 9110, 8.8.3 and 13.1.1): two administrators at one token don't
//! overwrite each other's changes.

use crate::model::StoredToken;
use axum::http::{HeaderMap, HeaderValue, header};

/// A token's number and version. Each act changes the version; requests that use the token
/// don't.
pub(super) type Version = (i64, i64);

/// The version of a token.
pub(super) fn version(token: &StoredToken) -> Version {
    (token.id, token.version)
}

/// A version as a strong entity tag.
pub(super) fn etag((id, version): Version) -> Option<HeaderValue> {
    HeaderValue::try_from(format!("\"{id}-{version}\"")).ok()
}

/// The versions that a client accepts for its act; none: any version.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct IfMatch(Option<Vec<Version>>);

impl IfMatch {
    /// Any version.
    pub(super) fn any() -> Self {
        Self(None)
    }

    /// The versions in a request's headers. A foreign or weak tag matches no token.
    pub(super) fn of(headers: &HeaderMap) -> Self {
        let mut values = headers.get_all(header::IF_MATCH).iter().peekable();
        if values.peek().is_none() {
            return Self(None);
        }
        let tags = values.flat_map(|it| it.to_str().unwrap_or_default().split(',')).map(str::trim);
        let tags: Vec<_> = tags.collect();
        if tags == ["*"] { Self(None) } else { Self(Some(tags.into_iter().filter_map(parse).collect())) }
    }

    /// The version that the act expects; none: any. `current` is the token's current version.
    pub(super) fn expected(&self, current: impl FnOnce() -> Option<Version>) -> Option<Version> {
        /// No token has it: numbers and versions start at 1.
        const NONE: Version = (0, 0);
        match self.0.as_deref()? {
            [] => Some(NONE),
            [only] => Some(*only),
            several => Some(current().filter(|it| several.contains(it)).unwrap_or(NONE)),
        }
    }
}

fn parse(tag: &str) -> Option<Version> {
    let (id, version) = tag.strip_prefix('"')?.strip_suffix('"')?.split_once('-')?;
    Some((id.parse().ok()?, version.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn expected(values: &[&'static str], current: Version) -> Option<Version> {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(header::IF_MATCH, HeaderValue::from_static(value));
        }
        IfMatch::of(&headers).expected(|| Some(current))
    }

    #[test]
    fn an_act_is_about_a_version_that_if_match_names() {
        assert_eq!(expected(&[], (1, 2)), None);
        assert_eq!(expected(&["*"], (1, 2)), None);
        assert_eq!(expected(&["\"1-2\""], (9, 9)), Some((1, 2)));
        assert_eq!(expected(&["\"1-1\", \"1-2\""], (1, 2)), Some((1, 2)));
        assert_eq!(expected(&["\"1-1\"", "\"1-2\""], (1, 2)), Some((1, 2)));
        assert_eq!(expected(&["\"1-1\", \"1-2\""], (1, 3)), Some((0, 0)));
    }

    #[test]
    fn other_tags_match_nothing() {
        for tag in ["", "1-2", "W/\"1-2\"", "\"1\"", "\"a-b\"", "\"1-2", "\"99999999999999999999-1\""] {
            assert_eq!(expected(&[tag], (1, 2)), Some((0, 0)), "{tag}");
        }
    }

    #[test]
    fn a_tag_is_read_as_it_is_written() {
        let tag = etag((7, 12)).unwrap();
        assert_eq!(parse(tag.to_str().unwrap()), Some((7, 12)));
    }
}
