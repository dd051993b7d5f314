//! Reads the bodies of requests: whole, and of bounded size.

use axum::body::{Body, Bytes, HttpBody as _, to_bytes};
use http_body_util::LengthLimitError;
use std::error::Error as _;

/// Why a body was not read.
pub(super) enum Unread {
    /// It has more bytes than are accepted.
    TooLarge,
    /// The connection failed, or the body did not come in time.
    Failed(axum::Error),
}

/// Reads a body of at most `max` bytes. A body that announces more is not read.
pub(super) async fn read(body: Body, max: usize) -> Result<Bytes, Unread> {
    if usize::try_from(body.size_hint().lower()).map_or(true, |it| it > max) {
        return Err(Unread::TooLarge);
    }
    to_bytes(body, max).await.map_err(|error| {
        if error.source().is_some_and(|source| source.is::<LengthLimitError>()) {
            Unread::TooLarge
        } else {
            Unread::Failed(error)
        }
    })
}
