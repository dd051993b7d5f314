//! A token in plaintext.

use std::fmt;
use zeroize::Zeroizing;

/// A token in plaintext. It is wiped from memory when dropped, can't be compared, and has a
/// redacted `Debug`.
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// The token itself. Only its creator (a terminal, or the answer to a request) and, as its
    /// bearer's credential, a server may receive it.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl From<String> for Secret {
    fn from(text: String) -> Self {
        Self(text.into())
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret([redacted])")
    }
}

#[cfg(test)]
mod tests {
    use super::Secret;

    #[test]
    fn debug_output_is_redacted() {
        assert_eq!(format!("{:?}", Secret::from("my_app:1234".to_owned())), "Secret([redacted])");
    }
}
