//! Resolves plain YAML scalars as Ruby's Psych does: YAML 1.1 with rules of its own.
//! Dates and sexagesimal numbers stay text.

use super::value::Value;

/// The most digits of an integer in base 2, 8 or 16: converting it to decimal takes time
/// quadratic in their number.
const MAX_DIGITS: usize = 4096;

/// Why a scalar has no value.
#[derive(Debug, PartialEq)]
pub struct NoValue(pub &'static str);

/// The value of a plain scalar; none if it is text.
///
/// # Errors
/// [`NoValue`], if Psych makes a number that JSON can't express.
pub fn resolve(text: &str) -> Result<Option<Value>, NoValue> {
    if let Some(word) = word(text) {
        return Ok(Some(word));
    }
    if is_word(text) {
        return Ok(None);
    }
    if let Some(rest) = text.strip_prefix(':').filter(|it| !it.is_empty()) {
        return Ok(Some(Value::Text(symbol(rest).into())));
    }
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    if unsigned.eq_ignore_ascii_case(".inf") || text.eq_ignore_ascii_case(".nan") {
        return Err(NoValue("infinity and NaN can't be expressed: JSON has neither"));
    }
    match float(text) {
        Some(float) => finite(float).map(Some),
        None => integer(text),
    }
}

/// The value of a scalar with the tag `!!float`.
///
/// # Errors
/// [`NoValue`], if it is not a number.
pub fn tagged_float(text: &str) -> Result<Value, NoValue> {
    let not_a_number = NoValue("!!float needs a number");
    let text = text.trim();
    match resolve(text)? {
        Some(Value::Int(number)) => finite(number as f64),
        Some(Value::Unsigned(number)) => finite(number as f64),
        Some(Value::Float(number)) => finite(number),
        Some(Value::BigInt(digits)) => finite(digits.parse().map_err(|_| not_a_number)?),
        None if text.ends_with(|it: char| it.is_ascii_digit()) => finite(text.parse().map_err(|_| not_a_number)?),
        _ => Err(not_a_number),
    }
}

/// A decimal integer without separators.
pub fn decimal(digits: &str) -> Value {
    let (sign, magnitude) = split_sign(digits);
    let magnitude = magnitude.trim_start_matches('0');
    if magnitude.is_empty() {
        return Value::Int(0);
    }
    let text = format!("{sign}{magnitude}");
    let fits = text.parse().map(Value::Int).or_else(|_| text.parse().map(Value::Unsigned));
    fits.unwrap_or(Value::BigInt(text))
}

/// A floating point number, if JSON has it.
///
/// # Errors
/// [`NoValue`], otherwise.
pub fn finite(number: f64) -> Result<Value, NoValue> {
    number.is_finite().then_some(Value::Float(number)).ok_or(NoValue("a number can't be expressed: it is too large"))
}

/// Null and the booleans.
fn word(text: &str) -> Option<Value> {
    let is = |words: &[&str]| words.iter().any(|it| it.eq_ignore_ascii_case(text));
    match text.len() {
        0 => Some(Value::Null),
        1..=5 if is(&["~", "null"]) => Some(Value::Null),
        1..=5 if is(&["yes", "true", "on"]) => Some(Value::Bool(true)),
        1..=5 if is(&["no", "false", "off"]) => Some(Value::Bool(false)),
        _ => None,
    }
}

/// Whether Psych takes the scalar for text at once: after at most one other character, it begins
/// with letters or signs that numbers don't have, or it has several lines.
fn is_word(text: &str) -> bool {
    let wordy = |it: char| it.is_alphabetic() || it.is_whitespace() || "_!@#$%^&*(){}<>|/\\~;=".contains(it);
    let mut characters = text.chars();
    let (first, second) = (characters.next(), characters.next());
    let skipped = first.is_some_and(|it| !it.is_ascii_digit() && !".:-".contains(it));
    text.contains('\n') || first.is_some_and(wordy) || (skipped && second.is_some_and(wordy))
}

/// A symbol's name, without its colon and the quotes around it.
fn symbol(name: &str) -> &str {
    let quoted = ['"', '\''].iter().find_map(|quote| name.strip_prefix(*quote)?.rsplit_once(*quote));
    quoted.map_or(name, |(quoted, _)| quoted.strip_prefix(':').unwrap_or(quoted))
}

fn split_sign(text: &str) -> (&'static str, &str) {
    match text.strip_prefix('-') {
        Some(rest) => ("-", rest),
        None => ("", text.strip_prefix('+').unwrap_or(text)),
    }
}

/// `[-+]?([0-9][0-9_,]*)?\.[0-9]*([eE][-+][0-9]+)?`, with a digit somewhere.
fn float(text: &str) -> Option<f64> {
    let (sign, unsigned) = split_sign(text);
    let (whole, rest) = unsigned.split_once('.')?;
    let (fraction, exponent) = match rest.split_once(['e', 'E']) {
        Some((fraction, exponent)) => (fraction, Some(exponent)),
        None => (rest, None),
    };
    let whole_is_right =
        whole.is_empty() || (whole.starts_with(|it: char| it.is_ascii_digit()) && is_made_of(whole, "0123456789_,"));
    let exponent_is_right = exponent
        .is_none_or(|it| it.strip_prefix(['-', '+']).is_some_and(|it| !it.is_empty() && is_made_of(it, "0123456789")));
    if !whole_is_right
        || !exponent_is_right
        || !is_made_of(fraction, "0123456789")
        || (whole.is_empty() && fraction.is_empty())
    {
        return None;
    }
    let whole = without_separators(whole);
    format!("{sign}{whole}.{fraction}e{}", exponent.unwrap_or("0")).parse().ok()
}

/// An integer in base 10, or 2 (`0b`), 8 (`0`), 16 (`0x`).
fn integer(text: &str) -> Result<Option<Value>, NoValue> {
    let (sign, unsigned) = split_sign(text);
    let Some(after_zero) = unsigned.strip_prefix('0') else { return Ok(base_10(sign, unsigned)) };
    let (base, digits, allowed) = match after_zero.split_at_checked(1) {
        Some(("b", digits)) => (2, digits, "01_,"),
        Some(("x", digits)) => (16, digits, "0123456789abcdefABCDEF_,"),
        _ => (8, after_zero, "01234567_,"),
    };
    if !is_made_of(digits, allowed) {
        return Ok(None);
    }
    let separated = !digits.is_empty();
    let digits = without_separators(digits);
    match (digits.is_empty(), base) {
        (true, 8) => Ok(Some(Value::Int(0))),
        (true, _) if separated => Err(NoValue("an integer has no digits")),
        (true, _) => Ok(None),
        _ if digits.len() > MAX_DIGITS => Err(NoValue("an integer in base 2, 8 or 16 can have at most 4096 digits")),
        _ => Ok(Some(decimal(&format!("{sign}{}", in_base_10(&digits, base))))),
    }
}

/// A decimal integer. Each separator must be between two digits.
fn base_10(sign: &str, unsigned: &str) -> Option<Value> {
    let groups = unsigned.split(['_', ',']);
    let right = groups.fold(true, |right, it| right && !it.is_empty() && is_made_of(it, "0123456789"));
    right.then(|| decimal(&format!("{sign}{}", without_separators(unsigned))))
}

fn is_made_of(text: &str, allowed: &str) -> bool {
    text.chars().all(|it| allowed.contains(it))
}

fn without_separators(text: &str) -> String {
    text.replace(['_', ','], "")
}

/// `digits` of `base` in base 10, of any size.
fn in_base_10(digits: &str, base: u32) -> String {
    const LIMB: u64 = 1_000_000_000;
    let mut limbs = vec![0_u64]; // the least significant first
    for digit in digits.chars().filter_map(|it| it.to_digit(base)) {
        let mut carry = u64::from(digit);
        for limb in &mut limbs {
            carry += *limb * u64::from(base);
            *limb = carry % LIMB;
            carry /= LIMB;
        }
        if carry > 0 {
            limbs.push(carry);
        }
    }
    limbs.iter().rev().map(|limb| format!("{limb:09}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resolved(text: &str) -> Value {
        resolve(text).unwrap().unwrap_or_else(|| Value::Text(text.into()))
    }

    /// All others are in tests/fixtures/psych.
    #[test]
    fn integers_of_any_base_and_size_are_exact() {
        for (text, expected) in [
            ("0644", "420"),
            ("-0x8000000000000000", "-9223372036854775808"),
            ("0x8000000000000000", "9223372036854775808"),
            ("0xffffffffffffffff", "18446744073709551615"),
            ("0x1_0000_0000_0000_0000", "18446744073709551616"),
            ("0b1,0", "2"),
            ("0x3b9aca00", "1000000000"),
        ] {
            assert_eq!(resolved(text).scalar().as_deref(), Some(expected), "{text}");
        }
        assert_eq!(resolved("18446744073709551616"), Value::BigInt("18446744073709551616".into()));
        let digits = |count| format!("0x{}", "f".repeat(count));
        assert!(resolve(&digits(MAX_DIGITS)).is_ok());
        assert!(resolve(&digits(MAX_DIGITS + 1)).is_err());
        assert_eq!(resolved(&"9".repeat(100_000)), Value::BigInt("9".repeat(100_000)), "decimals of any size");
    }
}
