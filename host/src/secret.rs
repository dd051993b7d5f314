//! Text that nobody but its owner may read.

use std::fmt;
use zeroize::Zeroizing;

/// A token in clear. It is wiped from memory when dropped, compares with nothing,
/// and its `Debug` output is redacted.
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// The text itself, for the two who may see it: the terminal of the
    /// administrator who asked for a new token, and the sandbox.
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
