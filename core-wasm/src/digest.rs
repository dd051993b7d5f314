//! The digest that is stored instead of a token.

use sha2::{Digest as _, Sha256};
use subtle::{Choice, ConstantTimeEq as _};

/// The length of a digest, in bytes.
pub const LEN: usize = 32;

/// SHA-256 (FIPS 180-4) of `text`.
///
/// Neither salted nor stretched: a token has 320 random bits, so a dictionary is
/// useless, and no two tokens are equal.
pub fn of(text: &[u8]) -> [u8; LEN] {
    Sha256::digest(text).into()
}

/// Whether two byte strings are equal. The time depends only on their lengths.
pub(crate) fn same(one: &[u8], other: &[u8]) -> Choice {
    one.ct_eq(other)
}
