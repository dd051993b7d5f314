//! Extracts the credential from a request's headers.

use crate::wasi::http::types::Fields;
use alloc::vec::Vec;

/// The longest header that is read, in bytes. A token has at most 145.
const MAX_CREDENTIAL_LEN: usize = 512;

/// The client's credential, byte for byte; empty if it is missing, ambiguous or too long. An
/// empty credential takes the same path as any other malformed one.
///
/// X-Authentication takes precedence over Authorization. A repeated header is ambiguous: a
/// proxy may have checked one value and passed on both.
pub(crate) fn presented(headers: &Fields) -> Vec<u8> {
    let own = headers.get("x-authentication");
    if own.is_empty() {
        let value = only(headers.get("authorization"));
        return bearer(&value).unwrap_or_default().into();
    }
    only(own)
}

/// The header's value, if there is exactly one and it isn't too long; else nothing.
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
