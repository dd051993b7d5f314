//! How a client presents its token.

use crate::wasi::http::types::Fields;
use alloc::vec::Vec;

/// The longest header that is read, in bytes. A token has at most 145.
const MAX_CREDENTIAL_LEN: usize = 512;

/// What the client presents, byte for byte; nothing where it can't be told, which is
/// refused with the same work as any other malformed credential.
///
/// X-Authentication goes before Authorization. A header that is there twice is not
/// read: a proxy may have checked one of the two and passed on both.
pub(crate) fn presented(headers: &Fields) -> Vec<u8> {
    let own = headers.get("x-authentication");
    if own.is_empty() {
        let value = only(headers.get("authorization"));
        return bearer(&value).unwrap_or_default().into();
    }
    only(own)
}

/// The header's one value, if it has one, of a size that a token may have.
fn only(mut values: Vec<Vec<u8>>) -> Vec<u8> {
    match (values.pop(), values.pop()) {
        (Some(value), None) if value.len() <= MAX_CREDENTIAL_LEN => value,
        _ => Vec::new(),
    }
}

fn bearer(value: &[u8]) -> Option<&[u8]> {
    let (scheme, rest) = value.split_at(value.iter().position(|&it| it == b' ')?);
    scheme.eq_ignore_ascii_case(b"bearer").then(|| rest.trim_ascii_start())
}
