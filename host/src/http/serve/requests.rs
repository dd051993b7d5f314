//! Passes the requests of a connection to the routes, and their answers back.

use super::body::TimedBody;
use super::progress::Progress;
use super::stage::{Current, Stage, Stopping};
use crate::http::client::Peer;
use crate::http::flood::Floods;
use crate::http::{Format, authorize, slashes};
use axum::Router;
use axum::body::Body;
use axum::http::{HeaderValue, Request, StatusCode, Version, header};
use axum::response::Response;
use axum::routing::future::RouteFuture;
use hyper::body::{Body as _, Incoming};
use hyper::service::Service;
use std::convert::Infallible;
use std::future::{Ready, ready};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tower::Service as _;

/// Answers the requests of one connection.
pub(super) struct Requests {
    pub(super) router: Router,
    pub(super) peer: Peer,
    pub(super) floods: Arc<Floods>,
    pub(super) stage: Arc<Current>,
    pub(super) progress: Arc<Progress>,
    pub(super) body_limit: Duration,
}

impl Service<Request<Incoming>> for Requests {
    type Response = Response;
    type Error = Infallible;
    type Future = PendingAnswer;

    fn call(&self, mut request: Request<Incoming>) -> PendingAnswer {
        self.progress.request_begins();
        let (stage, progress) = (self.stage.clone(), self.progress.clone());
        if !names_one_host(&request) {
            let format = Format::of(request.headers());
            let refusal = format.failed(StatusCode::BAD_REQUEST, "a request needs exactly one Host header");
            let refusal = if authorize::is_at(request.uri().path()) { authorize::bare(refusal) } else { refusal };
            return PendingAnswer { of: Of::Ours(ready(closing(refusal))), late: format, stage, progress };
        }
        if let Some(uri) = slashes::single(request.uri()) {
            *request.uri_mut() = uri;
        }
        let client = self.peer.client(request.headers());
        if let Some(watched) = self.floods.watch(&client) {
            request.extensions_mut().insert(watched);
        }
        request.extensions_mut().insert(client);
        if stage.is_at_least(Stage::Stopping) {
            request.extensions_mut().insert(Stopping);
        }
        let (late, request) = if request.body().is_end_stream() {
            (Format::Json, request.map(|_| Body::empty()))
        } else {
            let timed = |it| Body::new(TimedBody::new(it, self.body_limit, progress.clone()));
            (Format::of(request.headers()), request.map(timed))
        };
        PendingAnswer { of: Of::Theirs(self.router.clone().call(request)), late, stage, progress }
    }
}

/// RFC 9112, section 3.2. HTTP/1.0, which health checks of load balancers still use, may
/// omit the header.
fn names_one_host<B>(request: &Request<B>) -> bool {
    let mut hosts = request.headers().get_all(header::HOST).iter();
    match (hosts.next(), hosts.next()) {
        (None, _) => request.version() < Version::HTTP_11,
        (Some(host), None) => host.as_bytes().iter().all(|it| is_host_byte(*it)),
        (Some(_), Some(_)) => false,
    }
}

/// Whether a byte can be part of a host and port (RFC 3986, section 3.2.2).
fn is_host_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~%!$&'()*+,;=:[]".contains(&byte)
}

/// Marks an answer as the last of its connection.
fn closing(mut response: Response) -> Response {
    response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    response
}

/// A pending answer.
pub(super) struct PendingAnswer {
    of: Of,
    /// The format of the answer if the body is late.
    late: Format,
    stage: Arc<Current>,
    progress: Arc<Progress>,
}

/// The source of an answer.
enum Of {
    /// A route.
    Theirs(RouteFuture<Infallible>),
    /// This module, which refused the request.
    Ours(Ready<Response>),
}

impl Future for PendingAnswer {
    type Output = Result<Response, Infallible>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let mut response = match &mut self.of {
            Of::Theirs(answer) => match ready!(Pin::new(answer).poll(context)) {
                Ok(response) => response,
            },
            Of::Ours(answer) => ready!(Pin::new(answer).poll(context)),
        };
        if self.progress.request_ends() {
            response = closing(self.late.failed(StatusCode::REQUEST_TIMEOUT, "the body did not come in time"));
        }
        Poll::Ready(Ok(if self.stage.is_at_least(Stage::Closing) { closing(response) } else { response }))
    }
}
