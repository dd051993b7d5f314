//! The digest that is stored in a token's place.

use sha2::{Digest as _, Sha256};
use subtle::{Choice, ConstantTimeEq as _};

/// The length of a digest, in bytes.
pub const LEN: usize = 32;

/// SHA-256 (FIPS 180-4) over the whole of `text`.
///
/// No salt and no stretching: a token carries 320 bits from the operating system's
/// generator, so there is no dictionary to slow down, and two tokens never
/// have the same text.
pub fn of(text: &[u8]) -> [u8; LEN] {
    Sha256::digest(text).into()
}

/// Whether two byte strings are the same, in a time that depends only on their
/// lengths.
pub(crate) fn same(one: &[u8], other: &[u8]) -> Choice {
    one.ct_eq(other)
}
