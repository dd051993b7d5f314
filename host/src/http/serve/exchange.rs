//! Where a request and its answer report what they wait for.

use super::progress::Progress;
use super::streams::InStream;
use axum::body::Body;
use axum::http::{HeaderValue, header};
use axum::response::Response;
use std::sync::Arc;

/// One request and its answer.
#[derive(Clone)]
pub(super) enum Exchange {
    /// HTTP/1: the only one of its connection at this time.
    Sole(Arc<Progress>),
    /// HTTP/2: one of many.
    OfMany(Arc<InStream>),
}

impl Exchange {
    /// The answer is ready to be written. Returns whether the body was late.
    pub(super) fn request_ends(&self) -> bool {
        match self {
            Self::Sole(progress) => progress.request_ends(),
            Self::OfMany(stream) => stream.request_ends(),
        }
    }

    pub(super) fn body_waits(&self) {
        match self {
            Self::Sole(progress) => progress.body_waits(),
            Self::OfMany(stream) => stream.body_waits(),
        }
    }

    pub(super) fn body_goes_on(&self) {
        match self {
            Self::Sole(progress) => progress.body_goes_on(),
            Self::OfMany(stream) => stream.body_goes_on(),
        }
    }

    pub(super) fn body_is_late(&self) {
        match self {
            Self::Sole(progress) => progress.body_is_late(),
            Self::OfMany(stream) => stream.body_is_late(),
        }
    }

    /// Marks an answer as the last of its connection. HTTP/2 has a frame for that.
    pub(super) fn last(&self, mut response: Response) -> Response {
        if matches!(self, Self::Sole(_)) {
            response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
        }
        response
    }

    /// An answer that reports while it is sent. HTTP/1 reports for the connection.
    pub(super) fn watched(&self, response: Response) -> Response {
        match self {
            Self::Sole(_) => response,
            Self::OfMany(stream) => response.map(|body| Body::new(stream.clone().answer(body))),
        }
    }
}
