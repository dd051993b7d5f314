//! Parses scope data from JSON or MessagePack, and stores it as JSON text. Refuses values
//! that the two formats can't both carry unchanged, except for integer and boolean keys,
//! which JSON shows as text.

use super::{MAX_DEPTH, ScopeError};
use crate::lookup::bounds::{Bounds, Reading};
use crate::lookup::{Key, Map, Value};
use serde::de::DeserializeSeed as _;

/// The format of a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    /// JSON.
    Json,
    /// MessagePack.
    MessagePack,
}

/// Marks a stored key that is not plain text. After it comes `i` for an integer, `b` for a
/// boolean, or a second mark for text that itself begins with the mark.
const MARK: char = '\0';

/// Parses a body: one map, and nothing after it.
pub(super) fn read(encoding: Encoding, body: &[u8]) -> Result<Value, String> {
    let reading = Reading::new(Bounds { max_memory: usize::MAX, max_depth: MAX_DEPTH, exact: true });
    let value = match encoding {
        Encoding::Json => {
            let mut json = serde_json::Deserializer::from_slice(body);
            let value = reading.seed().deserialize(&mut json).map_err(|it| it.to_string())?;
            json.end().map_err(|it| it.to_string())?;
            integers_fit(body)?;
            value
        }
        Encoding::MessagePack => {
            let mut rest = body;
            let value = reading.seed().deserialize(&mut rmp_serde::Deserializer::new(&mut rest));
            let value = value.map_err(|it| it.to_string())?;
            match rest.len() {
                0 => value,
                more => return Err(format!("{more} bytes are left after the MessagePack value")),
            }
        }
    };
    match value {
        Value::Map(_) => Ok(value),
        _ => Err("Scope data must be a map".into()),
    }
}

/// Refuses integers of more than 64 bits, which the parser would turn into floating point
/// numbers. `json` must be valid JSON.
fn integers_fit(json: &[u8]) -> Result<(), String> {
    let mut at = 0;
    while let Some(byte) = json.get(at) {
        let rest = json.get(at..).unwrap_or_default();
        at += match byte {
            b'"' => text_length(rest),
            b'-' | b'0'..=b'9' => {
                let number = rest.iter().take_while(|it| b"+-.eE0123456789".contains(it)).count();
                let text = std::str::from_utf8(rest.get(..number).unwrap_or_default()).unwrap_or_default();
                let whole = !text.contains(['.', 'e', 'E']);
                if whole && text.parse::<i64>().is_err() && text.parse::<u64>().is_err() {
                    return Err(format!("the integer {text:.40} can't be kept: it has more than 64 bits"));
                }
                number
            }
            _ => 1,
        };
    }
    Ok(())
}

/// The length of the JSON string at the start of `json`, with both quotation marks.
fn text_length(json: &[u8]) -> usize {
    let mut escaped = true; // skips the opening quotation mark
    let end = json.iter().position(|&byte| {
        let closes = byte == b'"' && !escaped;
        escaped = byte == b'\\' && !escaped;
        closes
    });
    end.map_or(json.len(), |it| it + 1)
}

/// The stored form of scope data.
pub(super) fn to_text(value: &Value) -> Result<String, ScopeError> {
    serde_json::to_string(&with_keys(value.clone(), &stored)).map_err(|it| ScopeError::Malformed(it.to_string()))
}

/// Scope data from its stored form.
pub(super) fn from_text(text: &str) -> Result<Value, ScopeError> {
    let unreadable =
        |why: &str| ScopeError::Unavailable(format!("the stored data is damaged ({why}): store it again").into());
    let value: Value = serde_json::from_str(text).map_err(|it| unreadable(&it.to_string()))?;
    match value {
        Value::Map(_) => Ok(with_keys(value, &restored)),
        _ => Err(unreadable("it is not a map")),
    }
}

/// Applies `change` to each key of each map.
fn with_keys(value: Value, change: &impl Fn(Key) -> Key) -> Value {
    match value {
        Value::List(items) => Value::List(items.into_iter().map(|it| with_keys(it, change)).collect()),
        Value::Map(map) => {
            let entries = map.into_iter().map(|(key, value)| (change(key), with_keys(value, change)));
            Value::Map(Box::new(entries.collect::<Map>()))
        }
        scalar => scalar,
    }
}

fn stored(key: Key) -> Key {
    Key::Text(match key {
        Key::Int(number) => format!("{MARK}i{number}"),
        Key::Bool(yes) => format!("{MARK}b{yes}"),
        Key::Text(text) if text.starts_with(MARK) => format!("{MARK}{text}"),
        Key::Text(text) => text,
    })
}

fn restored(key: Key) -> Key {
    let Key::Text(text) = &key else { return key };
    let Some(rest) = text.strip_prefix(MARK) else { return key };
    let read = match rest.split_at_checked(1) {
        Some(("i", number)) => number.parse().ok().map(Key::Int),
        Some(("b", yes)) => yes.parse().ok().map(Key::Bool),
        _ => Some(Key::Text(rest.into())),
    };
    read.unwrap_or(key)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn json(body: &str) -> Result<Value, String> {
        read(Encoding::Json, body.as_bytes())
    }

    #[test]
    fn stored_data_is_restored_unchanged() {
        let packed = b"\x85\x01\xa1a\xc3\xc0\xa2\x00i\xcf\xff\xff\xff\xff\xff\xff\xff\xff\xa1f\xcb\x3f\xb9\x99\x99\x99\x99\x99\x9a\xa1m\x81\xff\x90";
        for value in [
            read(Encoding::MessagePack, packed).unwrap(),
            json(r#"{"b":1,"a":[18446744073709551615,-9223372036854775808,0.1,1e300,"\u0000"],"\u0000i5":{}}"#)
                .unwrap(),
        ] {
            assert_eq!(from_text(&to_text(&value).unwrap()).unwrap(), value);
        }
    }

    #[test]
    fn data_that_cannot_be_stored_unchanged_is_refused() {
        for (body, part) in [
            (r#"{"a":1,"a":2}"#, "\"a\" occurs twice"),
            (r#"{"a":18446744073709551616}"#, "more than 64 bits"),
            (r#"{"a":["\"",-9223372036854775809]}"#, "more than 64 bits"),
            (r#"{"a":1e999}"#, "out of range"),
            ("{} {}", "trailing"),
            ("[]", "must be a map"),
        ] {
            let error = json(body).unwrap_err();
            assert!(error.contains(part), "{body}: {error}");
        }
        for (body, part) in [
            (&b"\x81\xa1a\xc4\x01x"[..], "binary"),
            (b"\x81\xa1a\xd6\xff\0\0\0\0", "extension"),
            (b"\x81\xa1a\xcb\x7f\xf8\0\0\0\0\0\0", "NaN"),
            (b"\x82\x01\xa1a\xa11\xa1b", "occurs twice"),
            (b"\x81\xcb\x3f\xf8\0\0\0\0\0\0\xc0", "can be keys"),
            (b"\x81\xa1\xff\xc0", "utf8"),
            (b"\x80\x80", "1 bytes are left"),
            (b"\x81\xa1a", ""),
        ] {
            let error = read(Encoding::MessagePack, body).unwrap_err();
            assert!(error.contains(part), "{body:?}: {error}");
        }
    }

    #[test]
    fn sixty_four_levels_are_accepted_and_one_more_is_refused() {
        let nested = |levels: usize| format!("{{\"a\":{}{}}}", "[".repeat(levels - 1), "]".repeat(levels - 1));
        let packed = |levels: usize| [&b"\x81\xa1a"[..], &vec![0x91; levels - 2], b"\x90"].concat();
        assert!(json(&nested(64)).is_ok() && read(Encoding::MessagePack, &packed(64)).is_ok());
        for error in [json(&nested(65)), read(Encoding::MessagePack, &packed(65))] {
            assert!(error.unwrap_err().contains("deeper than 64 levels"));
        }
    }

    #[test]
    fn long_numbers_in_text_are_accepted() {
        assert!(json(r#"{"a\\":"99999999999999999999","b\"99999999999999999999":1}"#).is_ok());
    }
}
