//! API IDs: the public part of a token. It names the application.

/// The longest API ID, in bytes (all are ASCII).
pub const MAX_LEN: usize = 64;

/// Placeholder API ID for malformed credentials: never valid, and of typical length,
/// so that timing reveals nothing.
pub const NOBODY: &str = "-nobody-";

/// `text` as an API ID, if it matches `[A-Za-z0-9_][A-Za-z0-9_.@-]{0,63}`.
///
/// Jerakia 3 accepted any text. This pattern excludes `:`, which ends the API ID in a
/// token; `/` and control characters, since API IDs appear in URLs, headers and logs;
/// and a leading `-`, since they are command line arguments.
pub fn parse(text: &[u8]) -> Option<&str> {
    let (first, rest) = text.split_first()?;
    // Reads every byte, so that a refusal's timing doesn't show where the first bad one is.
    let rest = rest.iter().fold(true, |so_far, &it| so_far & (is_word(it) || b".@-".contains(&it)));
    if (text.len() <= MAX_LEN) & is_word(*first) & rest { str::from_utf8(text).ok() } else { None }
}

/// Whether [`parse`] accepts `text`.
pub fn is_valid(text: &str) -> bool {
    parse(text.as_bytes()).is_some()
}

const fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

#[cfg(test)]
mod tests {
    use super::{MAX_LEN, NOBODY, is_valid, parse};
    use std::format;

    #[test]
    fn application_names_are_valid() {
        for good in ["a", "my_app", "_", "0", "web-01.example.org", "ops@example.org", "A.b-C@d"] {
            assert!(is_valid(good), "{good}");
        }
        assert!(is_valid(&"x".repeat(MAX_LEN)));
    }

    #[test]
    fn text_that_confuses_a_token_a_shell_or_a_terminal_is_invalid() {
        for bad in ["", "-q", ".a", "@a", "a:b", "a b", "a/b", "a\n", "a\0", "\u{1b}[31m", "é", "a\u{202e}b", "*"] {
            assert!(!is_valid(bad), "{bad:?}");
        }
        assert!(!is_valid(&"x".repeat(MAX_LEN + 1)));
        assert!(!is_valid(&format!("{}é", "x".repeat(62))));
        assert!(!is_valid(NOBODY));
        assert_eq!(parse(b"a\xff"), None);
    }
}
