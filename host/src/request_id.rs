//! The id of a request: in its answer, in log lines about it, and in the audit trail.

use axum::http::{HeaderMap, HeaderName, HeaderValue};
use std::fmt;
use std::sync::Arc;
use tokio::task_local;
use uuid::Builder;

/// The header in requests of trusted proxies, and in answers.
const NAME: HeaderName = HeaderName::from_static("x-request-id");

/// The longest id that is taken from a proxy, in characters.
const MAX_LEN: usize = 128;

task_local! {
    /// The request that the current thread works on.
    static CURRENT: RequestId;
}

/// A request's id: letters, digits and `-_.:/+=@~`, at most 128 characters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RequestId(Arc<str>);

impl RequestId {
    /// The id in the header, if a trusted proxy sent exactly one that is well-formed; else a new
    /// one.
    pub(crate) fn of(headers: &HeaderMap, is_proxy: bool) -> Self {
        if !is_proxy {
            return Self::new();
        }
        let mut values = headers.get_all(NAME).iter();
        match (values.next(), values.next()) {
            (Some(value), None) => Self::parse(value).unwrap_or_else(Self::new),
            _ => Self::new(),
        }
    }

    /// A UUID of version 4. Its random bits come from a generator of the thread, and cost no system
    /// call.
    pub(crate) fn new() -> Self {
        let uuid = Builder::from_random_bytes(rand::random()).into_uuid();
        Self((&*uuid.hyphenated().encode_lower(&mut [0; 36])).into())
    }

    /// The id of the request that the current thread works on.
    pub(crate) fn current() -> Option<Self> {
        CURRENT.try_with(Clone::clone).ok()
    }

    /// Calls `work`, with this as the current id.
    pub(crate) fn scope<T>(&self, work: impl FnOnce() -> T) -> T {
        CURRENT.sync_scope(self.clone(), work)
    }

    /// Writes it to the headers of an answer.
    pub(crate) fn write(&self, to: &mut HeaderMap) {
        if let Ok(value) = HeaderValue::from_str(&self.0) {
            to.insert(NAME, value);
        }
    }

    fn parse(value: &HeaderValue) -> Option<Self> {
        let is_plain = |it: u8| it.is_ascii_alphanumeric() || b"-_.:/+=@~".contains(&it);
        let text = value.to_str().ok().filter(|it| (1..=MAX_LEN).contains(&it.len()))?;
        text.bytes().all(is_plain).then(|| Self(text.into()))
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The field `request_id` of a log line; none outside a request.
pub(crate) fn logged() -> Option<impl tracing::Value> {
    RequestId::current().map(tracing::field::display)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(values: &[&[u8]], is_proxy: bool) -> String {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(NAME, HeaderValue::from_bytes(value).unwrap());
        }
        RequestId::of(&headers, is_proxy).to_string()
    }

    #[test]
    fn a_proxys_id_is_taken_if_it_is_one_and_well_formed() {
        let longest = "x".repeat(MAX_LEN);
        for id in ["1", "f83616e0-f4c9-4a3c-9355-c6f3ed1f4d68", "Root=1-67891233:a/b+c@d~_.", &longest] {
            assert_eq!(of(&[id.as_bytes()], true), id);
            assert_ne!(of(&[id.as_bytes()], false), id, "not from others");
        }
        let longer = "x".repeat(MAX_LEN + 1);
        for bad in [&b""[..], b"a b", b"a,b", b"a\tb", b"\"a\"", b"\xff", longer.as_bytes()] {
            assert_eq!(of(&[bad], true).len(), 36, "{bad:?}");
        }
        assert_eq!(of(&[b"a", b"a"], true).len(), 36, "there twice");
    }

    #[test]
    fn a_new_id_is_a_uuid_and_never_the_same() {
        let (one, other) = (of(&[], true), of(&[], true));
        assert_ne!(one, other);
        for id in [one, other] {
            assert!(uuid::Uuid::parse_str(&id).is_ok_and(|it| it.get_version_num() == 4), "{id}");
        }
    }

    #[test]
    fn it_is_current_while_its_work_is_done() {
        let (one, other) = (RequestId::new(), RequestId::new());
        assert_eq!(RequestId::current(), None);
        one.scope(|| {
            other.scope(|| assert_eq!(RequestId::current().as_ref(), Some(&other)));
            assert_eq!(RequestId::current().as_ref(), Some(&one));
        });
        assert_eq!(RequestId::current(), None);
    }
}
