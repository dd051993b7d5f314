//! bcrypt hashes, by which Jerakia 3 recognises tokens.

use bcrypt::HashParts;

/// The highest cost of a hash that is compared: about a second of a processor's time.
pub const MAX_BCRYPT_COST: u32 = 14;

/// A text that is no bcrypt hash that this program compares. Never says what the text is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadBcrypt {
    /// It is not a hash.
    #[error("its secret is not stored as a bcrypt hash")]
    Malformed,
    /// Each comparison would take too long.
    #[error("its bcrypt hash has the cost {0}, and those above {MAX_BCRYPT_COST} take too long to compare")]
    Costly(u32),
}

/// Checks that `hash` can be compared, without comparing it.
///
/// # Errors
/// See [`BadBcrypt`].
pub fn check_bcrypt(hash: &str) -> Result<(), BadBcrypt> {
    let cost = hash.parse::<HashParts>().map_err(|_| BadBcrypt::Malformed)?.get_cost();
    match cost {
        4..=MAX_BCRYPT_COST => Ok(()),
        ..4 => Err(BadBcrypt::Malformed),
        _ => Err(BadBcrypt::Costly(cost)),
    }
}

/// Whether `hash` is that of `secret`, of which bcrypt reads 72 bytes. Takes a processor up to
/// a second or two.
///
/// # Errors
/// See [`BadBcrypt`].
pub(crate) fn matches_bcrypt(hash: &str, secret: &[u8]) -> Result<bool, BadBcrypt> {
    check_bcrypt(hash)?;
    bcrypt::verify(secret, hash).map_err(|_| BadBcrypt::Malformed)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Of `"01".repeat(40)`, cost 4.
    fn hash() -> String {
        bcrypt::hash("01".repeat(40), 4).unwrap()
    }

    #[test]
    fn a_hash_is_that_of_72_bytes() {
        let (hash, secret) = (hash(), "01".repeat(40));
        assert_eq!(matches_bcrypt(&hash, secret.as_bytes()), Ok(true));
        let end = format!("{}{}", &secret[..72], "ffffffff");
        assert_eq!(matches_bcrypt(&hash, end.as_bytes()), Ok(true), "why only a token's exact form is compared");
        let other = format!("{}f{}", &secret[..71], &secret[72..]);
        assert_eq!(matches_bcrypt(&hash, other.as_bytes()), Ok(false));
    }

    #[test]
    fn malformed_hashes_and_costly_ones_are_not_compared() {
        let hash = hash();
        for version in ["2a", "2b", "2y"] {
            assert_eq!(check_bcrypt(&hash.replacen("2b", version, 1)), Ok(()));
        }
        for (cost, checked) in [
            ("14", Ok(())),
            ("15", Err(BadBcrypt::Costly(15))),
            ("31", Err(BadBcrypt::Costly(31))),
            ("03", Err(BadBcrypt::Malformed)),
        ] {
            let hash = hash.replacen("$04$", &format!("${cost}$"), 1);
            assert_eq!(check_bcrypt(&hash), checked);
            if checked.is_err() {
                assert_eq!(matches_bcrypt(&hash, b"").map_err(Err::<(), _>), Err(checked));
            }
        }
        for bad in ["", "x", &hash[1..], &format!("{hash}x"), &hash.replace("2b", "3b"), &"é".repeat(30)] {
            assert_eq!(check_bcrypt(bad), Err(BadBcrypt::Malformed), "{bad}");
        }
    }
}
