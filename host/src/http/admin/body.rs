//! Bodies of requests: one JSON object, of bounded size.

use super::answer::Failure;
use crate::http::body::{self, Unread};
use crate::http::reply::encoding;
use crate::scope::Encoding;
use axum::body::{Body, Bytes};
use axum::http::HeaderMap;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer};

/// The largest body, in bytes: more than the longest grants, labels and description together.
pub(super) const MAX_LEN: usize = 32 << 10;

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

/// Parses a body. An empty body counts as an empty object.
pub(super) fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Failure> {
    let bytes = if bytes.is_empty() { b"{}" } else { bytes };
    serde_json::from_slice(bytes).map_err(|error| Failure::bad("body", error))
}

/// A field that can be left out, but not null, which could mean "no change" or "none".
pub(super) fn given<'de, T: Deserialize<'de>, D: Deserializer<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}
