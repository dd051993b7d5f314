//! Bodies of requests: one JSON object, of bounded size.

use super::answer::Failure;
use super::json::Json;
use crate::http::body::{self, Unread};
use crate::http::reply::encoding;
use crate::scope::Encoding;
use axum::body::{Body, Bytes};
use axum::http::HeaderMap;
use std::collections::BTreeMap;

/// The largest body, in bytes: more than the longest grants, labels and description together.
pub(super) const MAX_LEN: usize = 32 << 10;

/// What a text of no narrower meaning is called.
pub(super) const TEXT: &str = "a text";

/// Reads a whole body. A body that announces that it is too large is not read.
pub(super) async fn read(headers: &HeaderMap, body: Body) -> Result<Bytes, Failure> {
    let bytes = body::read(body, MAX_LEN).await.map_err(|unread| match unread {
        Unread::TooLarge => Failure::TooLarge,
        Unread::Failed(error) => Failure::bad("body", error),
    })?;
    match encoding(headers) {
        _ if bytes.is_empty() => Ok(bytes),
        Some(Encoding::Json) => Ok(bytes),
        _ => Err(Failure::Unsupported),
    }
}

/// What a body is read as.
pub(super) trait FromBody: Sized {
    /// The names of its fields. Others are errors: a misspelt field would be ignored.
    const FIELDS: &'static [&'static str];

    fn from_body(fields: &mut Fields) -> Result<Self, Failure>;
}

/// The fields of a body. A field can be left out, but not null, which could mean "no change" or
/// "none".
#[derive(Debug)]
pub(super) struct Fields(BTreeMap<String, Json>);

/// Parses a body. An empty body counts as an empty object.
pub(super) fn parse<T: FromBody>(bytes: &[u8]) -> Result<T, Failure> {
    let mut fields = Fields::parse(bytes)?;
    match fields.0.keys().find(|it| !T::FIELDS.contains(&it.as_str())) {
        Some(name) => Err(Failure::BadRequest(format!("no such field {name:?}: use {}", T::FIELDS.join(", ")))),
        None => T::from_body(&mut fields),
    }
}

impl Fields {
    fn parse(bytes: &[u8]) -> Result<Self, Failure> {
        let bytes = if bytes.is_empty() { b"{}" } else { bytes };
        match serde_json::from_slice(bytes) {
            Ok(Json::Object(fields)) => Ok(Self(fields)),
            Ok(_) => Err(Failure::bad("body", "a JSON object is expected")),
            // That a name occurs twice: Json has no other error of its own.
            Err(error) if error.is_data() => Err(Failure::bad("body", error)),
            Err(error) => {
                let at = format!("malformed JSON at line {} column {}", error.line(), error.column());
                Err(Failure::bad("body", at))
            }
        }
    }

    /// A text; `what` says which one is expected.
    pub(super) fn text(&mut self, name: &str, what: &str) -> Result<Option<String>, Failure> {
        self.read(name, what, text)
    }

    pub(super) fn texts(&mut self, name: &str) -> Result<Option<Vec<String>>, Failure> {
        self.read(name, "a list of texts", |it| match it {
            Json::List(items) => items.into_iter().map(text).collect(),
            _ => None,
        })
    }

    pub(super) fn named_texts(&mut self, name: &str) -> Result<Option<BTreeMap<String, String>>, Failure> {
        self.read(name, "an object of texts", |it| match it {
            Json::Object(entries) => entries.into_iter().map(|(name, it)| Some((name, text(it)?))).collect(),
            _ => None,
        })
    }

    /// A flag; left out: false.
    pub(super) fn flag(&mut self, name: &str) -> Result<bool, Failure> {
        let flag = self.read(name, "true or false", |it| match it {
            Json::Flag(flag) => Some(flag),
            _ => None,
        });
        Ok(flag?.unwrap_or_default())
    }

    fn read<T>(&mut self, name: &str, what: &str, read: fn(Json) -> Option<T>) -> Result<Option<T>, Failure> {
        let Some(value) = self.0.remove(name) else { return Ok(None) };
        read(value).map(Some).ok_or_else(|| Failure::bad(name, format!("{what} is expected")))
    }
}

fn text(value: Json) -> Option<String> {
    match value {
        Json::Text(text) => Some(text),
        _ => None,
    }
}
