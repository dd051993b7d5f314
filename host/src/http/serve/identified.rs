//! Gives each request an id, and each answer the headers that all have; writes the access log.

use super::requests::{PendingAnswer, Requests};
use crate::http::access_log::AccessLine;
use crate::request_id::RequestId;
use axum::http::{HeaderValue, Request, header};
use axum::response::Response;
use hyper::body::Incoming;
use hyper::service::Service;
use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

/// Answers the requests of one connection.
pub(super) struct Identified(pub(super) Requests);

impl Service<Request<Incoming>> for Identified {
    type Response = Response;
    type Error = Infallible;
    type Future = IdentifiedAnswer;

    fn call(&self, mut request: Request<Incoming>) -> IdentifiedAnswer {
        let peer = &self.0.peer;
        let id = RequestId::of(request.headers(), peer.is_proxy());
        let line = AccessLine::of(&request, &id, || peer.client(request.headers()));
        if let Some(line) = &line {
            request.extensions_mut().insert(line.clone());
        }
        let answer = id.scope(|| self.0.call(request));
        IdentifiedAnswer { id, line, answer }
    }
}

/// A pending answer.
pub(super) struct IdentifiedAnswer {
    id: RequestId,
    /// Until it is written.
    line: Option<Arc<AccessLine>>,
    answer: PendingAnswer,
}

impl Future for IdentifiedAnswer {
    type Output = Result<Response, Infallible>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let Self { id, line, answer } = &mut *self;
        id.scope(|| Pin::new(answer).poll(context)).map_ok(|mut response| {
            // No cache may keep what depends on a token, or that it was refused.
            response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
            id.write(response.headers_mut());
            if let Some(line) = line.take() {
                line.write(Some(response.status().as_u16()));
            }
            response
        })
    }
}

impl Drop for IdentifiedAnswer {
    fn drop(&mut self) {
        if let Some(line) = self.line.take() {
            line.write(None);
        }
    }
}
