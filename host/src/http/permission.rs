//! The permission that a request needs: the text that grants are patterns over.

use super::target::Fault;
use crate::authenticator::UNDESCRIBED;
use crate::model::MAX_PERMISSION_LEN;
use axum::http::request::Parts;
use std::borrow::Cow;

/// The need of a route. `S` is the state of the route.
pub trait Need<S> {
    /// The permission that a request needs.
    ///
    /// # Errors
    /// When the request is ambiguous, so that no grant can include it.
    fn describe(request: &Parts, state: &S) -> Result<Cow<'static, str>, Fault>;
}

/// The permission that one request needs.
pub(super) struct Permission(Result<Cow<'static, str>, Fault>);

impl Permission {
    pub(super) fn of(described: Result<Cow<'static, str>, Fault>) -> Self {
        Self(described.and_then(|text| if text.len() > MAX_PERMISSION_LEN { Err(Fault::TooLong) } else { Ok(text) }))
    }

    /// For the component.
    pub(super) fn text(&self) -> &str {
        self.0.as_deref().unwrap_or(UNDESCRIBED)
    }

    /// For the log: the text, or why there is none.
    pub(super) fn logged(&self) -> Cow<'_, str> {
        match &self.0 {
            Ok(text) => Cow::Borrowed(text),
            Err(fault) => Cow::Owned(format!("none: {fault}")),
        }
    }
}

/// Joins `prefix` and `parts`, with `/` between the parts. Within a part, `/`, `:` and `%` are
/// percent-encoded, so that no part can look like two.
pub(super) fn of_parts<T: AsRef<str>>(prefix: &str, parts: impl IntoIterator<Item = T>) -> Cow<'static, str> {
    let mut text = String::from(prefix);
    for (number, part) in parts.into_iter().enumerate() {
        if number > 0 {
            text.push('/');
        }
        for character in part.as_ref().chars() {
            match character {
                '/' => text.push_str("%2F"),
                ':' => text.push_str("%3A"),
                '%' => text.push_str("%25"),
                other => text.push(other),
            }
        }
    }
    text.into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn separators_in_a_part_are_encoded() {
        assert_eq!(of_parts("lookup:", ["a", "b"]), "lookup:a/b");
        assert_eq!(of_parts("lookup:", [] as [&str; 0]), "lookup:");
        assert_eq!(of_parts("scope:", ["puppet", "a/b:c%2F"]), "scope:puppet/a%2Fb%3Ac%252F");
        assert_eq!(of_parts("scope:", ["café", "..\n"]), "scope:café/..\n");
    }

    #[test]
    fn a_text_that_is_too_long_is_none() {
        let of = |length: usize| Permission::of(Ok("a".repeat(length).into()));
        assert_eq!(of(MAX_PERMISSION_LEN).text().len(), MAX_PERMISSION_LEN);
        assert_eq!(of(MAX_PERMISSION_LEN + 1).text(), UNDESCRIBED);
        assert!(of(MAX_PERMISSION_LEN + 1).logged().contains("4096 bytes"));
    }

    proptest! {
        #[test]
        fn other_parts_have_another_text(one in parts(), other in parts()) {
            let same = of_parts("scope:", &one) == of_parts("scope:", &other);
            prop_assert_eq!(same, one == other);
        }

        #[test]
        fn the_parts_come_back_by_splitting_and_decoding(parts in parts()) {
            let text = of_parts("scope:", &parts);
            let (_, rest) = text.split_once(':').unwrap();
            let decode = |it| percent_encoding::percent_decode_str(it).decode_utf8().unwrap().into_owned();
            let back: Vec<_> = rest.split('/').map(decode).collect();
            prop_assert_eq!(back, parts);
        }
    }

    fn parts() -> impl Strategy<Value = Vec<String>> {
        prop::collection::vec("[ab/:%2F]{0,4}|.{0,3}", 1..4)
    }
}
