//! Grants: the patterns over permissions that limit a token.

use jerakia_core::grants::{self, MAX_LEN};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;

/// A token's grants: patterns, of which one must match a request's permission. Empty:
/// everything except `tokens:`. In the form that the component reads: one pattern per line.
#[derive(Clone, Debug, Default, PartialEq, Eq, utoipa::ToSchema)]
#[schema(value_type = Vec<String>)]
pub struct Grants(String);

/// A text that can't be a grant, or grants that are too long.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadGrant {
    /// The pattern is empty or has a control character.
    #[error("{0:?} can't be a grant: use a pattern such as lookup:apache/* or http:GET:example.com/**, on one line")]
    Malformed(String),
    /// All together are too long.
    #[error("the grants take {0} bytes, with the line feeds between them: at most {MAX_LEN} fit")]
    TooLong(usize),
}

impl Grants {
    /// The grants of these patterns, without duplicates.
    ///
    /// # Errors
    /// See [`BadGrant`].
    pub fn of<S: AsRef<str>>(patterns: impl IntoIterator<Item = S>) -> Result<Self, BadGrant> {
        let mut all: Vec<String> = Vec::new();
        for pattern in patterns {
            let pattern = pattern.as_ref();
            if pattern.is_empty() || pattern.bytes().any(|it| it.is_ascii_control()) {
                return Err(BadGrant::Malformed(pattern.into()));
            }
            if !all.iter().any(|it| it == pattern) {
                all.push(pattern.into());
            }
        }
        let text = all.join("\n");
        if text.len() > MAX_LEN { Err(BadGrant::TooLong(text.len())) } else { Ok(Self(text)) }
    }

    /// The grants in the store. They are invalid if somebody edited the database; the component
    /// then refuses every request.
    pub(crate) fn stored(text: String) -> Self {
        Self(text)
    }

    /// One pattern per line.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.0
    }

    /// Each pattern.
    pub fn patterns(&self) -> impl Iterator<Item = &str> {
        self.0.split('\n').filter(|it| !it.is_empty())
    }

    /// Whether there are none: then everything except `tokens:` is permitted.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether they permit everything that `others` permit. Never true for empty `others`, which
    /// permit everything.
    #[must_use]
    pub fn contain(&self, others: &Self) -> bool {
        !others.is_empty() && others.patterns().all(|other| self.patterns().any(|it| grants::contains(it, other)))
    }

    /// Whether they permit `permission`, as the component decides it.
    #[must_use]
    pub fn permit(&self, permission: &str) -> bool {
        grants::permit(&self.0, permission)
    }

    /// The first pattern that permits `permission`; none if it is not permitted, or if there are no
    /// patterns.
    #[must_use]
    pub fn deciding(&self, permission: &str) -> Option<&str> {
        // All patterns decide together: a malformed one, after an edit by hand, invalidates the rest.
        self.patterns().find(|pattern| self.permit(permission) && grants::permit(pattern, permission))
    }
}

impl fmt::Display for Grants {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.replace('\n', " "))
    }
}

impl Serialize for Grants {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.patterns())
    }
}

/// From another program's list, valid or not.
impl<'de> Deserialize<'de> for Grants {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self(Vec::<String>::deserialize(deserializer)?.join("\n")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn grants_are_patterns_of_one_line_and_4_kib_in_all() {
        assert_eq!(Grants::of(["lookup:a/*", "b", "b"]).unwrap().text(), "lookup:a/*\nb");
        for bad in ["", "a\nb", "a\u{7f}"] {
            assert_eq!(Grants::of([bad]), Err(BadGrant::Malformed(bad.into())));
        }
        assert!(Grants::of(["a".repeat(MAX_LEN)]).is_ok());
        assert_eq!(Grants::of(["a".repeat(MAX_LEN - 1), "b".into()]), Err(BadGrant::TooLong(MAX_LEN + 1)));
    }

    #[test]
    fn no_grants_are_contained_in_none() {
        let of = |patterns: &[&str]| Grants::of(patterns).unwrap();
        assert!(of(&["lookup:**", "tokens:**"]).contain(&of(&["lookup:a/*", "tokens:read"])));
        assert!(!of(&["**", "tokens:**"]).contain(&of(&[])));
        assert!(!of(&["lookup:*"]).contain(&of(&["lookup:a/*"])));
    }

    #[test]
    fn the_deciding_grant_is_the_first_that_permits() {
        let grants = Grants::of(["lookup:a", "lookup:**", "**", "tokens:read"]).unwrap();
        for (permission, deciding) in [
            ("lookup:a", Some("lookup:a")),
            ("lookup:b/c", Some("lookup:**")),
            ("http:GET:h/", Some("**")),
            ("tokens:read", Some("tokens:read")),
            ("tokens:write", None),
        ] {
            assert_eq!(grants.deciding(permission), deciding);
            assert_eq!(grants.permit(permission), deciding.is_some());
        }
        assert_eq!(Grants::stored("**\n\n".into()).deciding("a"), None);
        assert!(Grants::default().permit("a") && Grants::default().deciding("a").is_none());
    }
}
