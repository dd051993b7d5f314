//! Tokens: `<api id>:<80 lower-case hex digits>`, as the original has them.

use crate::{api_id, digest};
use alloc::{string::String, vec::Vec};
use core::fmt;
use zeroize::Zeroize;

/// How much entropy a token carries, in bytes. The original drew as much.
pub const ENTROPY_LEN: usize = 40;
/// The same in hex digits.
pub const HEX_LEN: usize = 2 * ENTROPY_LEN;

/// A new token and what to store of it. Wiped from memory when dropped.
pub struct Issued {
    /// The secret text, to be shown once.
    pub token: String,
    /// [`digest::of`] the text.
    pub digest: Vec<u8>,
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
    /// See [`api_id::is_valid`].
    BadApiId,
    /// Entropy is not exactly [`ENTROPY_LEN`] bytes.
    BadEntropySize,
    /// All bytes of entropy are the same: a buffer that nobody filled.
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
    // Room for all of it at once: a string that grew would leave copies behind.
    let mut token = String::with_capacity(api_id.len() + 1 + HEX_LEN);
    token.push_str(api_id);
    token.push(':');
    let mut hex = base16ct::lower::encode_string(entropy);
    token.push_str(&hex);
    hex.zeroize();
    Ok(Issued { digest: digest::of(&token), token })
}

/// What stands for the API ID of a credential that is not a token. It is not a valid
/// one, so nobody has it. Of a usual length, as length takes time.
pub const NOBODY: &str = "-nobody-";

/// What a credential says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Presented {
    /// The API ID it names; [`NOBODY`] when it is not a token.
    pub api_id: String,
    /// [`digest::of`] all of its text.
    pub digest: Vec<u8>,
}

/// Reads a credential. What is not exactly a token names [`NOBODY`], and takes the
/// same work.
pub fn identify(credential: &str) -> Presented {
    Presented { api_id: api_id_of(credential).unwrap_or(NOBODY).into(), digest: digest::of(credential) }
}

/// The API ID of a token.
fn api_id_of(credential: &str) -> Option<&str> {
    let (api_id, hex) = credential.rsplit_once(':')?;
    // Each part is looked at, whatever is wrong with another.
    let is_hex = hex.bytes().fold(true, |so_far, it| so_far & matches!(it, b'0'..=b'9' | b'a'..=b'f'));
    (api_id::is_valid(api_id) & is_hex & (hex.len() == HEX_LEN)).then_some(api_id)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::format;

    fn counting() -> Vec<u8> {
        (0..40).collect()
    }

    proptest! {
        #[test]
        fn a_token_names_its_application_and_has_80_lower_case_hex_digits(
            id in "[A-Za-z0-9_][A-Za-z0-9_.@-]{0,63}", entropy in prop::collection::vec(any::<u8>(), 40)
        ) {
            prop_assume!(entropy.iter().any(|b| *b != entropy[0]));
            let issued = issue(&id, &entropy).unwrap();
            let (name, hex) = issued.token.split_once(':').unwrap();
            prop_assert_eq!(name, &id);
            let expected: String = entropy.iter().map(|b| format!("{b:02x}")).collect();
            prop_assert_eq!(hex, expected);
            let presented = identify(&issued.token);
            prop_assert_eq!(presented.api_id, id);
            prop_assert_eq!(&presented.digest, &issued.digest);
        }

        #[test]
        fn any_change_of_one_character_changes_the_digest_or_is_refused(
            at in 0usize..87, to in any::<char>()
        ) {
            let issued = issue("my_app", &counting()).unwrap();
            let changed: String =
                issued.token.chars().enumerate().map(|(i, c)| if i == at { to } else { c }).collect();
            prop_assume!(changed != issued.token);
            let presented = identify(&changed);
            prop_assert!(presented.api_id == NOBODY || presented.digest != issued.digest);
        }

        #[test]
        fn no_text_makes_identify_panic(text in any::<String>()) {
            let _ = identify(&text);
        }

        #[test]
        fn no_text_and_no_bytes_make_issue_panic(
            id in any::<String>(), entropy in prop::collection::vec(any::<u8>(), 0..100)
        ) {
            let _ = issue(&id, &entropy);
        }
    }

    #[test]
    fn every_character_counts() {
        let token = issue("my_app", &(200..240).collect::<Vec<u8>>()).unwrap().token.clone();
        assert_eq!(identify(&token).api_id, "my_app");
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
            assert_eq!(identify(&bad).api_id, NOBODY, "{bad:?}");
        }
    }

    #[test]
    fn bad_input_is_refused_with_its_reason() {
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
