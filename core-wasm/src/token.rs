//! Tokens: `<api id>:<80 lower-case hex digits>`, the form that Jerakia 3 uses.

use crate::{api_id, digest};
use alloc::string::String;
use core::fmt;
use zeroize::Zeroize;

/// A token's entropy, in bytes. As in Jerakia 3.
pub const ENTROPY_LEN: usize = 40;
/// A token's entropy, in hex digits.
pub const HEX_LEN: usize = 2 * ENTROPY_LEN;

/// A new token, and the digest to store. Wiped from memory when dropped.
pub struct Issued {
    /// The token itself: secret, to be shown once.
    pub token: String,
    /// [`digest::of`] the token.
    pub digest: [u8; digest::LEN],
}

impl fmt::Debug for Issued {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Issued { token: [redacted] }")
    }
}

impl Drop for Issued {
    fn drop(&mut self) {
        self.token.zeroize();
    }
}

/// Why no token was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IssueRefusal {
    /// The API ID is not valid: see [`api_id::parse`].
    BadApiId,
    /// Entropy is not exactly [`ENTROPY_LEN`] bytes.
    BadEntropySize,
    /// All bytes of entropy are equal: the buffer was never filled.
    ConstantEntropy,
}

/// Makes the token of `api_id` from [`ENTROPY_LEN`] random bytes.
///
/// # Errors
/// See [`IssueRefusal`].
pub fn issue(api_id: &str, entropy: &[u8]) -> Result<Issued, IssueRefusal> {
    if !api_id::is_valid(api_id) {
        return Err(IssueRefusal::BadApiId);
    }
    if entropy.len() != ENTROPY_LEN {
        return Err(IssueRefusal::BadEntropySize);
    }
    if entropy.iter().all(|&byte| byte == entropy[0]) {
        return Err(IssueRefusal::ConstantEntropy);
    }
    // With its final capacity: a string that grows leaves copies of the secret behind.
    let mut token = String::with_capacity(api_id.len() + 1 + HEX_LEN);
    token.push_str(api_id);
    token.push(':');
    let mut hex = base16ct::lower::encode_string(entropy);
    token.push_str(&hex);
    hex.zeroize();
    Ok(Issued { digest: digest::of(token.as_bytes()), token })
}

/// The key under which to look up the record: the text before the last colon if that is
/// an API ID, else [`api_id::NOBODY`]. It is only what the client claims.
pub fn lookup_key(credential: &[u8]) -> &str {
    split(credential).and_then(|(name, _)| api_id::parse(name)).unwrap_or(api_id::NOBODY)
}

/// The API ID, if `credential` has the form of a token.
pub(crate) fn api_id_of(credential: &[u8]) -> Option<&str> {
    let (name, hex) = split(credential)?;
    // Checks every part even if another is bad, so that timing stays equal.
    let is_hex = hex.iter().fold(true, |so_far, it| so_far & matches!(it, b'0'..=b'9' | b'a'..=b'f'));
    let name = api_id::parse(name);
    if is_hex & (hex.len() == HEX_LEN) { name } else { None }
}

/// The bytes before the last colon, and those after it.
fn split(credential: &[u8]) -> Option<(&[u8], &[u8])> {
    let colon = credential.iter().rposition(|&it| it == b':')?;
    Some((&credential[..colon], &credential[colon + 1..]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use api_id::NOBODY;
    use proptest::prelude::*;
    use std::{format, vec::Vec};

    fn counting() -> Vec<u8> {
        (0..40).collect()
    }

    proptest! {
        #[test]
        fn a_token_is_its_api_id_and_80_lower_case_hex_digits(
            id in "[A-Za-z0-9_][A-Za-z0-9_.@-]{0,63}", entropy in prop::collection::vec(any::<u8>(), 40)
        ) {
            prop_assume!(entropy.iter().any(|b| *b != entropy[0]));
            let issued = issue(&id, &entropy).unwrap();
            let (name, hex) = issued.token.split_once(':').unwrap();
            prop_assert_eq!(name, &id);
            let expected: String = entropy.iter().map(|b| format!("{b:02x}")).collect();
            prop_assert_eq!(hex, expected);
            prop_assert_eq!(api_id_of(issued.token.as_bytes()), Some(&*id));
            prop_assert_eq!(lookup_key(issued.token.as_bytes()), &id);
            prop_assert_eq!(digest::of(issued.token.as_bytes()), issued.digest);
        }

        #[test]
        fn any_change_of_one_byte_changes_the_digest(at in 0usize..87, to in any::<u8>()) {
            let issued = issue("my_app", &counting()).unwrap();
            let mut changed = issued.token.clone().into_bytes();
            changed[at] = to;
            prop_assume!(changed != issued.token.as_bytes());
            prop_assert_ne!(digest::of(&changed), issued.digest);
        }

        #[test]
        fn no_credential_makes_parsing_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = (api_id_of(&bytes), lookup_key(&bytes));
        }

        #[test]
        fn no_arguments_make_issue_panic(
            id in any::<String>(), entropy in prop::collection::vec(any::<u8>(), 0..100)
        ) {
            let _ = issue(&id, &entropy);
        }
    }

    #[test]
    fn a_token_with_one_character_changed_is_malformed() {
        let token = issue("my_app", &(200..240).collect::<Vec<u8>>()).unwrap().token.clone();
        assert_eq!(api_id_of(token.as_bytes()), Some("my_app"));
        let (id, hex) = token.split_once(':').unwrap();
        for bad in [
            token.to_uppercase(),
            format!("{id}:{}", hex.to_uppercase()),
            token[..token.len() - 1].into(),
            format!("{token}0"),
            format!("{token}:x"),
            format!("{token}:"),
            format!("{token}\n"),
            format!(" {token}"),
            format!(":{hex}"),
            format!("{id}:{id}:{hex}"),
            hex.into(),
            id.into(),
            String::new(),
            ":".into(),
        ] {
            assert_eq!(api_id_of(bad.as_bytes()), None, "{bad:?}");
        }
        assert_eq!(api_id_of(&[token.as_bytes(), b"\xff"].concat()), None);
    }

    #[test]
    fn the_lookup_key_is_the_api_id_before_the_last_colon() {
        for (credential, key) in [
            (&b"my_app:00"[..], "my_app"),
            (b"my_app:", "my_app"),
            (b"my_app:\xff", "my_app"),
            (b"my_app", NOBODY),
            (b"", NOBODY),
            (b":00", NOBODY),
            (b"my:app:00", NOBODY),
            (b"-nobody-:00", NOBODY),
            (b"caf\xe9:00", NOBODY),
        ] {
            assert_eq!(lookup_key(credential), key, "{credential:?}");
        }
    }

    #[test]
    fn issue_says_why_it_refuses() {
        let refused = |id: &str, entropy: &[u8]| issue(id, entropy).err();
        assert_eq!(refused("my app", &counting()), Some(IssueRefusal::BadApiId));
        assert_eq!(refused("my_app", &counting()[..39]), Some(IssueRefusal::BadEntropySize));
        assert_eq!(refused("my_app", &[]), Some(IssueRefusal::BadEntropySize));
        assert_eq!(refused("my_app", &[1; 41]), Some(IssueRefusal::BadEntropySize));
        assert_eq!(refused("my_app", &[0; 40]), Some(IssueRefusal::ConstantEntropy));
        assert_eq!(refused("my_app", &[255; 40]), Some(IssueRefusal::ConstantEntropy));
    }

    #[test]
    fn debug_output_has_no_secret() {
        let issued = issue("my_app", &counting()).unwrap();
        assert!(!format!("{issued:?}").contains(&issued.token[7..]));
    }
}
