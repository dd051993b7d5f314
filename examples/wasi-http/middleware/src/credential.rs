//! How a client presents its token.

use crate::wasi::http::types::Fields;
use alloc::{string::String, vec::Vec};

/// The longest header that is looked at, in bytes. A token has at most 145.
const LONGEST: usize = 512;

/// What the client presents; where none can be read an empty text, which is no token,
/// but is refused with the same work as any other.
///
/// X-Authentication goes before Authorization. A header that is there twice can't be
/// read: a proxy may have looked at one of the two and passed on both.
pub(crate) fn presented(headers: &Fields) -> String {
    let own = headers.get("x-authentication");
    if own.is_empty() {
        let value = only(headers.get("authorization"));
        return bearer(&value).unwrap_or_default().into();
    }
    only(own)
}

/// The header's one value, if it has one, and it is text of a size that a token may have.
fn only(mut values: Vec<Vec<u8>>) -> String {
    match (values.pop(), values.pop()) {
        (Some(value), None) if value.len() <= LONGEST => String::from_utf8(value).unwrap_or_default(),
        _ => String::new(),
    }
}

fn bearer(value: &str) -> Option<&str> {
    let (scheme, rest) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| rest.trim_start_matches(' '))
}
