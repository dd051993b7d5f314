//! Grants: what a token may do, as patterns over permissions.
//!
//! A permission is text in the host's own words (`lookup:a/b`, `http:GET:host/path`).
//! Only the prefix [`RESERVED`] has a meaning here.

use alloc::vec::Vec;

/// The longest grants, and the longest permission, in bytes. Matching takes at most as
/// many steps as the product of their lengths.
pub const MAX_LEN: usize = 4096;

/// The prefix of permissions to administer tokens. Only a pattern with this prefix
/// grants them, so that `**`, written for lookups, makes nobody an administrator.
pub const RESERVED: &str = "tokens:";

/// Whether `grants`, patterns separated by line feeds, include `permission`.
///
/// In a pattern, `**` matches any text, `*` any text without `/` and `:`, and every other
/// character itself. Empty grants include everything except [`RESERVED`] permissions.
/// Malformed grants include nothing, not even the empty permission.
pub fn permit(grants: &str, permission: &str) -> bool {
    let is_reserved = permission.starts_with(RESERVED);
    if permission.len() > MAX_LEN {
        return false;
    }
    if grants.is_empty() {
        return !is_reserved;
    }
    if !are_well_formed(grants) {
        return false;
    }
    // One buffer for all patterns: the component's arena reuses memory only after the call.
    let mut reached = Vec::with_capacity(permission.len() + 1);
    permission.is_empty()
        || grants
            .split('\n')
            .filter(|pattern| !is_reserved || pattern.starts_with(RESERVED))
            .any(|pattern| matches(pattern.as_bytes(), permission.as_bytes(), SEPARATORS, &mut reached))
}

/// Whether `pattern` grants every permission that the pattern `other` grants. True only if
/// that is certain; false if the two only overlap.
///
/// Matches `other` as a text in which a `*` is a character that only `*` and `**` match, and
/// a `**` one that only `**` matches. Neither pattern may have control characters.
#[must_use]
pub fn contains(pattern: &str, other: &str) -> bool {
    const STAR: u8 = 1;
    const STARS: u8 = 2;
    if other.starts_with(RESERVED) && !pattern.starts_with(RESERVED) {
        return false;
    }
    let mut text = Vec::with_capacity(other.len());
    for byte in other.bytes() {
        match (byte, text.last()) {
            (b'*', Some(&(STAR | STARS))) => text.splice(text.len() - 1.., [STARS]).for_each(drop),
            (b'*', _) => text.push(STAR),
            _ => text.push(byte),
        }
    }
    matches(pattern.as_bytes(), &text, &[b'/', b':', STARS], &mut Vec::new())
}

/// The bytes that `*` does not match.
const SEPARATORS: &[u8] = b"/:";

fn are_well_formed(grants: &str) -> bool {
    let is_pattern = |line: &str| !line.is_empty() && !line.bytes().any(|it| it.is_ascii_control());
    grants.len() <= MAX_LEN && grants.split('\n').all(is_pattern)
}

/// Whether `pattern` matches all of `text`. Bytes can stand for characters, since the two
/// that `*` excludes are ASCII.
///
/// Reads the pattern once and tracks all positions of the text together: `reached[i]` is
/// 1 if the pattern so far matches the first `i` bytes, else 0. There is no backtracking,
/// so no pattern is slow.
#[inline(always)] // makes the separators constants
fn matches(pattern: &[u8], text: &[u8], separators: &[u8], reached: &mut Vec<u8>) -> bool {
    let literal = pattern.iter().take_while(|&&it| it != b'*').count();
    let (literal, mut pattern) = pattern.split_at(literal);
    let Some(text) = text.strip_prefix(literal) else {
        return false;
    };
    reached.clear();
    reached.resize(text.len() + 1, 0);
    reached[0] = 1;
    while let Some((first, rest)) = pattern.split_first() {
        pattern = rest;
        let stars = rest.iter().take_while(|&&it| it == b'*').count();
        match (first, stars) {
            (b'*', 0) => under_star(reached, text, separators),
            // Three or more stars match the same as two.
            (b'*', more) => {
                pattern = &rest[more..];
                let from = reached.iter().position(|&it| it == 1).unwrap_or(reached.len());
                reached[from..].fill(1);
            }
            (&byte, _) => {
                reached.copy_within(..text.len(), 1);
                reached[0] = 0;
                if !keep_where(&mut reached[1..], text, byte) {
                    return false;
                }
            }
        }
    }
    reached[text.len()] == 1
}

/// Marks all positions after each reached one, up to the next separator.
#[inline(always)]
fn under_star(reached: &mut [u8], text: &[u8], separators: &[u8]) {
    let mut before = reached[0];
    for (reached, byte) in reached[1..].iter_mut().zip(text) {
        *reached |= before & u8::from(!separators.contains(byte));
        before = *reached;
    }
}

/// Keeps the positions in `reached` where `text` has `byte`; returns whether any is left.
/// This is the most frequent step, so it works on eight bytes at a time.
fn keep_where(reached: &mut [u8], text: &[u8], byte: u8) -> bool {
    const LOW: u64 = u64::from_ne_bytes([0x7f; 8]);
    let wanted = u64::from_ne_bytes([byte; 8]);
    let ((eights, rest), (texts, text)) = (reached.as_chunks_mut(), text.as_chunks());
    let mut left = 0;
    for (eight, text) in eights.iter_mut().zip(texts) {
        let differs = u64::from_ne_bytes(*text) ^ wanted;
        // Sets the high bit of each zero byte, without a carry into the next byte.
        let is_wanted = !(((differs & LOW) + LOW) | differs | LOW) >> 7;
        let kept = u64::from_ne_bytes(*eight) & is_wanted;
        *eight = kept.to_ne_bytes();
        left |= kept;
    }
    for (one, text) in rest.iter_mut().zip(text) {
        *one &= u8::from(*text == byte);
        left |= u64::from(*one);
    }
    left != 0
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::{format, string::String};

    /// The same rules, implemented by trying every split.
    fn tried(pattern: &[u8], text: &[u8]) -> bool {
        let splits = || (0..=text.len()).map(|at| text.split_at(at));
        match pattern {
            [] => text.is_empty(),
            [b'*', b'*', rest @ ..] => splits().any(|(_, behind)| tried(rest, behind)),
            [b'*', rest @ ..] => {
                splits().any(|(under, behind)| !under.iter().any(|it| b"/:".contains(it)) && tried(rest, behind))
            }
            [byte, rest @ ..] => text.split_first().is_some_and(|(first, behind)| first == byte && tried(rest, behind)),
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2000))]

        #[test]
        fn patterns_match_as_by_trying_every_split(pattern in "[ab/:*]{1,9}", text in "[ab/:]{0,18}") {
            prop_assert_eq!(matches(pattern.as_bytes(), text.as_bytes(), SEPARATORS, &mut Vec::new()), tried(pattern.as_bytes(), text.as_bytes()));
        }

        #[test]
        fn a_text_matches_itself_and_nothing_longer(text in "[^*\u{0}-\u{1f}\u{7f}]{1,40}", more in "[a-z]{1,3}") {
            prop_assume!(!text.starts_with(RESERVED));
            let longer = format!("{text}{more}");
            prop_assert!(permit(&text, &text));
            prop_assert!(!permit(&text, &longer));
            prop_assert!(!permit(&longer, &text));
        }

        #[test]
        fn only_a_pattern_with_the_reserved_prefix_grants_reserved_permissions(
            patterns in prop::collection::vec("[tokens:*]{0,2}[a-z:*/]{1,12}", 1..5), permission in "tokens:[a-z:/]{0,12}"
        ) {
            let given = permit(&patterns.join("\n"), &permission);
            prop_assert!(!given || patterns.iter().any(|it| it.starts_with(RESERVED)));
        }

        /// The texts are short and have few characters, so that patterns often match.
        #[test]
        fn a_pattern_that_contains_another_permits_all_that_it_permits(
            pattern in "(tokens:)?[ab/:*]{1,6}", other in "(tokens:)?[ab/:*]{1,6}", text in "(tokens:)?[ab/:*\u{1}\u{2}]{0,8}"
        ) {
            prop_assert!(contains(&pattern, &pattern));
            prop_assert!(!contains(&pattern, &other) || !permit(&other, &text) || permit(&pattern, &text));
        }

        #[test]
        fn a_narrower_set_of_grants_never_permits_more(
            patterns in prop::collection::vec("(tokens:)?[ab/:*]{1,6}", 2..5), text in "(tokens:)?[ab/:*]{0,8}"
        ) {
            let narrower = permit(&patterns[1..].join("\n"), &text);
            prop_assert!(!narrower || permit(&patterns.join("\n"), &text));
        }

        #[test]
        fn no_input_makes_permit_panic(grants in any::<String>(), permission in any::<String>()) {
            let _ = permit(&grants, &permission);
        }
    }

    #[test]
    fn empty_grants_include_everything_except_reserved_permissions() {
        for permission in ["", "lookup:a/b", "tokens", "token:x", "Tokens:write", "**", "a\nb"] {
            assert!(permit("", permission), "{permission:?}");
        }
        assert!(!permit("", "tokens:"));
        assert!(!permit("", "tokens:write"));
    }

    #[test]
    fn a_pattern_contains_narrower_ones_only() {
        for (pattern, other) in [
            ("**", "lookup:a/*"),
            ("lookup:**", "lookup:a/**"),
            ("lookup:*", "lookup:a*"),
            ("http:*:a/**", "http:GET:a/x/*"),
            ("a***", "a**"),
            ("tokens:*", "tokens:read"),
        ] {
            assert!(contains(pattern, other), "{pattern} {other}");
        }
        for (pattern, other) in [
            ("*", "**"),
            ("lookup:*", "lookup:a/*"),
            ("lookup:*", "lookup:**"),
            ("lookup:a", "lookup:*"),
            ("**", "tokens:read"),
            ("**", "tokens:**"),
            ("tokens:*", "**"),
            ("/", "**"),
        ] {
            assert!(!contains(pattern, other), "{pattern} {other}");
        }
    }

    #[test]
    fn all_eight_bits_of_a_byte_are_compared() {
        // é is C3 A9, C is 43 and ) is 29.
        assert!(permit("*\u{e9}aaaaaaa", "\u{e9}aaaaaaa"));
        assert!(!permit("*C)aaaaaaa", "\u{e9}aaaaaaa"));
    }

    #[test]
    fn malformed_grants_include_nothing() {
        let long = "a".repeat(MAX_LEN + 1);
        for grants in ["\n", "**\n", "\n**", "**\n\n**", "**\r\nx", "**\t", "**\0", "**\u{7f}", &long] {
            for permission in ["", "a", grants] {
                assert!(!permit(grants, permission), "{grants:?} {permission:?}");
            }
        }
    }

    #[test]
    fn grants_and_permissions_may_be_as_long_as_the_limit_and_no_longer() {
        let longest = "a".repeat(MAX_LEN);
        assert!(permit(&longest, &longest));
        assert!(permit("", &longest));
        assert!(permit(&"*".repeat(MAX_LEN), &longest));
        assert!(!permit("", &format!("{longest}a")));
        assert!(!permit("**", &format!("{longest}a")));
    }
}
