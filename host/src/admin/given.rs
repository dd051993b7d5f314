//! Tokens that were made elsewhere, for example by a secret manager.

use crate::model::{ApiId, Digest};
use jerakia_core::{NEVER, Refusal, Secret, Status, TokenRecord, authorize, digest, lookup_key};
use std::io::{self, Read};
use zeroize::Zeroizing;

/// The longest token: an API ID of 64 characters, a colon, and 80 digits.
const MAX_LEN: usize = 64 + 1 + 80;

/// A token that was made elsewhere: the parts that are stored.
#[derive(Clone, PartialEq, Eq)]
pub struct GivenToken {
    /// Its API ID.
    pub api_id: ApiId,
    /// SHA-256 of its text.
    pub digest: Digest,
}

impl std::fmt::Debug for GivenToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("GivenToken").field("api_id", &self.api_id).finish_non_exhaustive()
    }
}

/// Why a text can't be used as a token. It never quotes the text.
#[derive(Debug, thiserror::Error)]
pub enum BadToken {
    /// It can't be read.
    #[error("it can't be read: {0}")]
    Unreadable(#[from] io::Error),
    /// It does not have the form of a token.
    #[error("it has no token: write one as <API ID>:<80 hexadecimal digits, lower case>, alone on one line")]
    Malformed,
    /// Its entropy is the same byte 40 times.
    #[error("its token has the same two digits 40 times: use 40 random bytes, as `openssl rand -hex 40` prints them")]
    Constant,
    /// It belongs to another API ID.
    #[error("its token belongs to {0}: name the file of the API ID that is created")]
    OfAnother(ApiId),
}

impl GivenToken {
    /// Reads a token, which may end with a line break. Reads at most 148 bytes.
    ///
    /// # Errors
    /// See [`BadToken`].
    pub fn read(source: impl Read) -> Result<Self, BadToken> {
        // With its final capacity: a buffer that grows leaves copies of the secret behind.
        let mut text = Zeroizing::new(Vec::with_capacity(MAX_LEN + 3));
        source.take(MAX_LEN as u64 + 3).read_to_end(&mut text)?;
        let line = text.strip_suffix(b"\n").unwrap_or(&text);
        Self::of(line.strip_suffix(b"\r").unwrap_or(line))
    }

    /// The token `text`.
    ///
    /// # Errors
    /// See [`BadToken`].
    pub fn of(text: &[u8]) -> Result<Self, BadToken> {
        let (api_id, digest) = (lookup_key(text), digest::of(text));
        // The decision says whether it is well-formed: then it would be granted.
        let current = Secret { digest: &digest, ends: NEVER };
        let record =
            TokenRecord { api_id, status: Status::Active, current, former: Secret::NONE, ends: NEVER, grants: "" };
        if let Err(Refusal::Malformed | Refusal::Unknown | Refusal::Wrong) = authorize(text, &record, "", 0) {
            return Err(BadToken::Malformed);
        }
        let (_, digits) = text.split_at(text.len().saturating_sub(80));
        if digits.chunks(2).all(|it| digits.starts_with(it)) {
            return Err(BadToken::Constant);
        }
        Ok(Self { api_id: api_id.parse().map_err(|_| BadToken::Malformed)?, digest })
    }

    /// Checks that it belongs to `api_id`.
    ///
    /// # Errors
    /// It doesn't.
    pub fn of_api_id(self, api_id: &ApiId) -> Result<Self, BadToken> {
        if self.api_id == *api_id { Ok(self) } else { Err(BadToken::OfAnother(self.api_id)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_read_with_or_without_the_end_of_its_line() {
        let token = format!("my_app:{}", "01".repeat(39) + "02");
        for end in ["", "\n", "\r\n"] {
            let given = GivenToken::read(format!("{token}{end}").as_bytes()).unwrap();
            assert_eq!((&*given.api_id, given.digest), ("my_app", digest::of(token.as_bytes())));
            assert!(!format!("{given:?}").contains("0101"));
        }
        let longest = format!("{}:{}\r\n", "a".repeat(64), "01".repeat(39) + "02");
        assert!(GivenToken::read(longest.as_bytes()).is_ok());
    }

    #[test]
    fn another_text_is_no_token() {
        let digits = "01".repeat(39) + "02";
        for bad in [
            String::new(),
            digits.clone(),
            format!("my_app:{digits}\n\n"),
            format!(" my_app:{digits}"),
            format!("my_app:{}", digits.to_uppercase().replace('1', "A")),
            format!("my app:{digits}"),
            format!("-nobody-:{digits}"),
            format!("my_app:{digits}0"),
            format!("my_app:{digits}\nsecond:{digits}\n"),
            "x".repeat(1 << 20),
        ] {
            assert!(matches!(GivenToken::read(bad.as_bytes()), Err(BadToken::Malformed)), "{bad}");
        }
        for constant in ["00", "ff", "a5"] {
            let token = format!("my_app:{}", constant.repeat(40));
            assert!(matches!(GivenToken::of(token.as_bytes()), Err(BadToken::Constant)));
        }
    }
}
