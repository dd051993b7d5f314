//! Resolves scalars by their style and tag: quoted, tagged, or plain.

use super::scalar::{self, NoValue};
use super::value::Value;
use base64ct::{Base64Unpadded, Encoding as _};
use serde_saphyr::granit_parser::{ScalarStyle, Tag};
use std::borrow::Cow;

/// The namespace of tags that `!!` stands for.
const CORE: &str = "tag:yaml.org,2002:";

/// The value of a scalar. As in Psych, a tag takes precedence over quotes, and an unknown tag is
/// ignored.
///
/// # Errors
/// [`NoValue`], if it can't be expressed.
pub fn scalar(text: Cow<'_, str>, style: ScalarStyle, tag: Option<&Tag>) -> Result<Value, NoValue> {
    match tag {
        None if style != ScalarStyle::Plain => Ok(Value::Text(text.into_owned())),
        Some(_) if is(tag, "str") || is_ruby_text(tag) => Ok(Value::Text(text.into_owned())),
        Some(_) if is(tag, "binary") => binary(&text),
        Some(_) if is(tag, "float") => scalar::tagged_float(&text),
        _ => Ok(scalar::resolve(&text)?.unwrap_or_else(|| Value::Text(text.into_owned()))),
    }
}

/// Whether `tag` is `!!name`, or `!name`, which Psych takes for the same.
pub fn is(tag: Option<&Tag>, name: &str) -> bool {
    let Some((handle, suffix)) = tag.map(Tag::parts) else { return false };
    (handle == CORE || handle == "!") && suffix == name || handle.is_empty() && suffix.strip_prefix(CORE) == Some(name)
}

/// Texts and symbols of Ruby.
fn is_ruby_text(tag: Option<&Tag>) -> bool {
    tag.is_some_and(|it| it.handle() == "!" && ["ruby/string", "ruby/sym", "ruby/symbol"].contains(&it.suffix()))
}

fn binary(text: &str) -> Result<Value, NoValue> {
    let mut digits: String = text.chars().take_while(|it| *it != '=').filter(|it| is_base64(*it)).collect();
    if digits.len() % 4 == 1 {
        digits.pop(); // Psych ignores the last 6 bits, which are not a byte
    }
    let bytes = Base64Unpadded::decode_vec(&digits).map_err(|_| NoValue("!!binary is not base64"))?;
    let text = String::from_utf8(bytes).map_err(|_| NoValue("!!binary is no text, and JSON has nothing else"))?;
    Ok(Value::Text(text))
}

fn is_base64(it: char) -> bool {
    it.is_ascii_alphanumeric() || it == '+' || it == '/'
}
