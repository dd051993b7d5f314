//! The digest that is stored in a token's place.

use alloc::vec::Vec;
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

/// The length of a digest, in bytes.
pub const LEN: usize = 32;

/// SHA-256 (FIPS 180-4) over the whole of `text`.
///
/// No salt and no stretching: a token carries 320 bits from the operating system's
/// generator, so there is no dictionary to slow down, and two tokens never
/// have the same text.
pub fn of(text: &str) -> Vec<u8> {
    Sha256::digest(text).to_vec()
}

/// Whether two digests are the same, in a time that depends on their lengths only.
pub(crate) fn same(one: &[u8], other: &[u8]) -> bool {
    one.ct_eq(other).into()
}
