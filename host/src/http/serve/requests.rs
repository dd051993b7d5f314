//! Passes the requests of a connection to the routes, and their answers back.

use super::body::TimedBody;
use super::exchange::Exchange;
use super::progress::Progress;
use super::stage::{Current, Stage, Stopping};
use super::streams::Streams;
use crate::http::client::Peer;
use crate::http::flood::Floods;
use crate::http::{Format, authorize, slashes};
use axum::Router;
use axum::body::Body;
use axum::http::{Request, StatusCode, Version, header};
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
    pub(super) clock: Clock,
    pub(super) body_limit: Duration,
}

/// Where a connection's requests report what they wait for.
pub(super) enum Clock {
    Http1(Arc<Progress>),
    Http2(Arc<Streams>),
}

impl Clock {
    fn request_begins(&self) -> Exchange {
        match self {
            Self::Http1(progress) => {
                progress.request_begins();
                Exchange::Sole(progress.clone())
            }
            Self::Http2(streams) => Exchange::OfMany(streams.begin()),
        }
    }
}

impl Service<Request<Incoming>> for Requests {
    type Response = Response;
    type Error = Infallible;
    type Future = PendingAnswer;

    fn call(&self, mut request: Request<Incoming>) -> PendingAnswer {
        let (stage, exchange) = (self.stage.clone(), self.clock.request_begins());
        if !names_one_host(&request) {
            let format = Format::of(request.headers());
            let refusal = format.failed(StatusCode::BAD_REQUEST, "a request needs exactly one Host header");
            let refusal = if authorize::is_at(request.uri().path()) { authorize::bare(refusal) } else { refusal };
            return PendingAnswer { of: Of::Ours(ready(exchange.last(refusal))), late: format, stage, exchange };
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
            let timed = |it| Body::new(TimedBody::new(it, self.body_limit, exchange.clone()));
            (Format::of(request.headers()), request.map(timed))
        };
        PendingAnswer { of: Of::Theirs(self.router.clone().call(request)), late, stage, exchange }
    }
}

/// RFC 9112, section 3.2. HTTP/1.0, which health checks of load balancers still use, may
/// omit the header. HTTP/2 may have the host in a field of its own, in place of the header or
/// beside it (RFC 9113, section 8.3.1).
fn names_one_host<B>(request: &Request<B>) -> bool {
    let is_host = |it: &[u8]| it.iter().all(|it| is_host_byte(*it));
    let mut hosts = request.headers().get_all(header::HOST).iter();
    let header = match (hosts.next(), hosts.next()) {
        (_, Some(_)) => return false,
        (header, None) => header.map(|it| it.as_bytes()),
    };
    let field =
        request.uri().authority().filter(|_| request.version() == Version::HTTP_2).map(|it| it.as_str().as_bytes());
    match (header, field) {
        (None, None) => request.version() < Version::HTTP_11,
        (Some(host), None) | (None, Some(host)) => is_host(host),
        (Some(header), Some(field)) => is_host(header) && header.eq_ignore_ascii_case(field),
    }
}

/// Whether a byte can be part of a host and port (RFC 3986, section 3.2.2).
fn is_host_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~%!$&'()*+,;=:[]".contains(&byte)
}

/// A pending answer.
pub(super) struct PendingAnswer {
    of: Of,
    /// The format of the answer if the body is late.
    late: Format,
    stage: Arc<Current>,
    exchange: Exchange,
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
        if self.exchange.request_ends() {
            let late = self.late.failed(StatusCode::REQUEST_TIMEOUT, "the body did not come in time");
            response = self.exchange.last(late);
        }
        if self.stage.is_at_least(Stage::Closing) {
            response = self.exchange.last(response);
        }
        Poll::Ready(Ok(self.exchange.watched(response)))
    }
}
