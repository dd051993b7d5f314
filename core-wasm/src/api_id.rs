//! API IDs: the public half of a token, naming the application it was made for.

/// The longest API ID, in characters (all of them ASCII, so also in bytes).
pub const MAX_LEN: usize = 64;

/// Placeholder for the API ID of a malformed credential: never valid, and of typical
/// length, so that looking it up takes as long as any other.
pub const NOBODY: &str = "-nobody-";

/// `text` as an API ID, if it matches `[A-Za-z0-9_][A-Za-z0-9_.@-]{0,63}`.
///
/// Jerakia 3 took any text. The bound here keeps API IDs free of `:` (which ends
/// them in a token), of `/` and control characters (they stand in URLs, headers
/// and logs), and of a leading `-` (they are command line arguments).
pub fn parse(text: &[u8]) -> Option<&str> {
    let (first, rest) = text.split_first()?;
    // Reads every byte, whichever is bad: how much of an API ID is good must not show in
    // the time of a refusal.
    let rest = rest.iter().fold(true, |so_far, &it| so_far & (is_word(it) || b".@-".contains(&it)));
    if (text.len() <= MAX_LEN) & is_word(*first) & rest { str::from_utf8(text).ok() } else { None }
}

/// Whether `text` is an API ID: see [`parse`].
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
    fn names_of_applications_are_valid() {
        for good in ["a", "my_app", "_", "0", "web-01.example.org", "ops@example.org", "A.b-C@d"] {
            assert!(is_valid(good), "{good}");
        }
        assert!(is_valid(&"x".repeat(MAX_LEN)));
    }

    #[test]
    fn what_would_confuse_a_token_a_shell_or_a_terminal_is_not() {
        for bad in ["", "-q", ".a", "@a", "a:b", "a b", "a/b", "a\n", "a\0", "\u{1b}[31m", "é", "a\u{202e}b", "*"] {
            assert!(!is_valid(bad), "{bad:?}");
        }
        assert!(!is_valid(&"x".repeat(MAX_LEN + 1)));
        assert!(!is_valid(&format!("{}é", "x".repeat(62))));
        assert!(!is_valid(NOBODY));
        assert_eq!(parse(b"a\xff"), None);
    }
}
