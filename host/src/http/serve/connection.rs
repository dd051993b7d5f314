//! Serves one connection within its limits.

use super::clients::Seat;
use super::identified::Identified;
use super::progress::Phase;
use super::requests::{Clock, Requests};
use super::stage::{Current, Stage};
use super::stream::Stream;
use super::streams::Streams;
use super::{ConnectionLimits, Rules, http2};
use crate::http::client::Peer;
use crate::http::flood::Floods;
use crate::tls::Certificates;
use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::TokioIo;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, UnixStream};
use tokio::sync::watch;
use tokio::time::{Instant, sleep};
use tokio_rustls::TlsAcceptor;

/// The largest head of a request, in bytes.
const MAX_HEAD_LEN: usize = 128 * 1024;

/// How long a connection without a request stays open during shutdown: a request may be
/// on its way.
const LINGER: Duration = Duration::from_millis(500);

/// An accepted connection.
pub(super) enum Transport {
    Tcp(TcpStream, SocketAddr),
    Unix(UnixStream),
}

/// Settings and state that all connections share.
pub(super) struct Connections {
    router: Router,
    rules: watch::Receiver<Rules>,
    floods: Arc<Floods>,
    stage: Arc<Current>,
    /// Wakes all connections at shutdown, and knows when the last one has ended.
    closing: watch::Sender<bool>,
}

/// Learns that all connections are to close. While it exists, [`Connections::ended`] waits.
#[derive(Clone)]
pub(super) struct Closing(watch::Receiver<bool>);

impl Closing {
    /// Completes when it begins; at once if it has.
    pub(super) async fn begins(&mut self) {
        drop(self.0.wait_for(|closing| *closing).await);
    }
}

impl Connections {
    pub(super) fn new(router: Router, rules: watch::Receiver<Rules>) -> Self {
        let (floods, stage) = (Floods::new(rules.borrow().limits.failures), Arc::new(Current::new()));
        Self { router, rules, floods, stage, closing: watch::Sender::new(false) }
    }

    /// The limits of new connections.
    pub(super) fn limits(&self) -> ConnectionLimits {
        self.rules.borrow().limits
    }

    pub(super) fn closing(&self) -> Closing {
        Closing(self.closing.subscribe())
    }

    pub(super) fn enter(&self, stage: Stage) {
        self.stage.enter(stage);
        if stage == Stage::Closing {
            self.closing.send_replace(true);
        }
    }

    /// Waits until the last connection has ended.
    pub(super) async fn ended(&self) {
        self.closing.closed().await;
    }

    /// Serves a connection in a task of its own; with TLS if there are `certificates`.
    pub(super) fn spawn(&self, transport: Transport, certificates: Option<&Certificates>, seat: Seat) {
        let (address, trusted) = (transport.address(), self.rules.borrow().trusted_proxies.clone());
        let connection = Connection {
            router: self.router.clone(),
            peer: Peer::new(address, trusted),
            floods: self.floods.clone(),
            stage: self.stage.clone(),
            limits: self.limits(),
            closing: self.closing(),
            seat,
        };
        match transport {
            Transport::Tcp(stream, _) => {
                // Nagle's algorithm would only delay answers.
                drop(stream.set_nodelay(true));
                match certificates.map(Certificates::current) {
                    Some(config) => tokio::spawn(connection.encrypted(stream, config.into())),
                    None => tokio::spawn(connection.plain(stream)),
                }
            }
            Transport::Unix(stream) => tokio::spawn(connection.plain(stream)),
        };
    }
}

impl Transport {
    fn address(&self) -> Option<SocketAddr> {
        match self {
            Self::Tcp(_, address) => Some(*address),
            Self::Unix(_) => None,
        }
    }
}

/// One connection.
struct Connection {
    router: Router,
    peer: Peer,
    floods: Arc<Floods>,
    stage: Arc<Current>,
    limits: ConnectionLimits,
    closing: Closing,
    seat: Seat,
}

impl Connection {
    async fn plain(self, stream: impl AsyncRead + AsyncWrite + Unpin) {
        let served = self.http1(stream);
        self.limited(served).await;
    }

    /// The client's first message says which protocols it speaks (ALPN). The handshake and the
    /// first head have one limit together.
    async fn encrypted(self, stream: TcpStream, acceptor: TlsAcceptor) {
        let served = async {
            match acceptor.accept(stream).await {
                Ok(stream) if stream.get_ref().1.alpn_protocol() == Some(b"h2") => self.http2(stream).await,
                Ok(stream) => self.http1(stream).await,
                Err(error) => tracing::debug!(%error, "a TLS handshake failed"),
            }
        };
        self.limited(served).await;
    }

    fn http1(&self, stream: impl AsyncRead + AsyncWrite + Unpin) -> impl Future<Output = ()> {
        let mut http = http1::Builder::new();
        // Our own limit replaces hyper's: it distinguishes a slow head from an idle connection.
        http.header_read_timeout(None).max_buf_size(MAX_HEAD_LEN).max_header_size(MAX_HEAD_LEN);
        let stream = Stream::of_http1(stream, self.seat.progress.clone());
        let connection =
            http.serve_connection(TokioIo::new(stream), self.requests(Clock::Http1(self.seat.progress.clone())));
        async move { drop(connection.await) }
    }

    async fn http2(&self, stream: impl AsyncRead + AsyncWrite + Unpin) {
        let stream = Stream::of_http2(stream, self.seat.progress.clone());
        let requests = self.requests(Clock::Http2(Streams::new(self.seat.progress.clone())));
        http2::serve(stream, requests, self.closing.clone()).await;
    }

    fn requests(&self, clock: Clock) -> Identified {
        Identified(Requests {
            router: self.router.clone(),
            peer: self.peer.clone(),
            floods: self.floods.clone(),
            stage: self.stage.clone(),
            clock,
            body_limit: self.limits.body,
        })
    }

    /// Polls a connection until it ends, exceeds a limit or is evicted. Its errors are the
    /// client's and are not logged.
    async fn limited(&self, served: impl Future) {
        let (mut served, limits, progress) = (pin!(served), &self.limits, &*self.seat.progress);
        let mut closing = self.closing.clone();
        let mut closed_at = None;
        // One timer per connection, not per request: a phase that starts after the timer was
        // set ends after it fires.
        let mut timer = pin!(sleep(limits.shortest()));
        loop {
            tokio::select! {
                biased;
                _ = &mut served => return,
                () = progress.evicted.notified() => if progress.idle_since().is_some() { return },
                () = closing.begins(), if closed_at.is_none() => closed_at = Some(Instant::now()),
                () = &mut timer => {}
            }
            let now = Instant::now();
            let deadline = deadline(progress.phase(), limits, closed_at);
            if deadline.is_some_and(|it| it <= now) {
                return;
            }
            let next = now + if closed_at.is_some() { LINGER } else { limits.shortest() };
            timer.as_mut().reset(deadline.map_or(next, |it| it.min(next)));
        }
    }
}

/// The deadline of a connection in this phase; none while the server works on a request.
fn deadline(phase: Phase, limits: &ConnectionLimits, closed_at: Option<Instant>) -> Option<Instant> {
    let lingers = |since: Instant| closed_at.map(|it| it.max(since) + LINGER);
    match phase {
        Phase::Answering => None,
        Phase::Writing(since) => Some(since + limits.write),
        Phase::Head(since) => Some(since + limits.head),
        Phase::New(since) => Some(lingers(since).unwrap_or(since + limits.head)),
        Phase::Idle(since) => Some(lingers(since).unwrap_or(since + limits.idle)),
    }
}
