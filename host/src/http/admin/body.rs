//! Bodies of requests: one JSON object, of bounded size.

use super::answer::Failure;
use crate::http::reply::encoding;
use crate::scope::Encoding;
use axum::body::{Body, Bytes, HttpBody as _, to_bytes};
use axum::http::HeaderMap;
use http_body_util::LengthLimitError;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer};
use std::error::Error as _;

/// The largest body, in bytes: more than the longest grants, labels and description together.
pub(super) const MAX_LEN: usize = 32 << 10;

/// Reads a whole body. A body that announces that it is too large is not read.
pub(super) async fn read(headers: &HeaderMap, body: Body) -> Result<Bytes, Failure> {
    if usize::try_from(body.size_hint().lower()).map_or(true, |it| it > MAX_LEN) {
        return Err(Failure::TooLarge);
    }
    let bytes = to_bytes(body, MAX_LEN).await.map_err(|error| {
        if error.source().is_some_and(|source| source.is::<LengthLimitError>()) {
            Failure::TooLarge
        } else {
            Failure::bad("body", error)
        }
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
