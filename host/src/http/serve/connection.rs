//! Serves one connection within its limits.

use super::ConnectionLimits;
use super::clients::Seat;
use super::identified::Identified;
use super::progress::{Phase, Progress};
use super::requests::Requests;
use super::stage::{Current, Stage};
use super::stream::Stream;
use crate::http::client::Peer;
use crate::http::flood::Floods;
use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::TokioIo;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::time::{Instant, sleep};

/// The largest head of a request, in bytes.
const MAX_HEAD_LEN: usize = 128 * 1024;

/// How long a connection without a request stays open during shutdown: a request may be
/// on its way.
const LINGER: Duration = Duration::from_millis(500);

/// Settings and state that all connections share.
pub(super) struct Connections {
    http: http1::Builder,
    router: Router,
    limits: ConnectionLimits,
    floods: Arc<Floods>,
    stage: Arc<Current>,
    /// Wakes all connections at shutdown, and knows when the last one has ended.
    closing: watch::Sender<bool>,
}

impl Connections {
    pub(super) fn new(router: Router, limits: ConnectionLimits) -> Self {
        let mut http = http1::Builder::new();
        // Our own limit replaces hyper's: it distinguishes a slow head from an idle connection.
        http.header_read_timeout(None).max_buf_size(MAX_HEAD_LEN).max_header_size(MAX_HEAD_LEN);
        let (floods, stage) = (Floods::new(limits.failures), Arc::new(Current::new()));
        Self { http, router, limits, floods, stage, closing: watch::Sender::new(false) }
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

    /// Serves a connection in a task of its own.
    pub(super) fn spawn(&self, stream: TcpStream, peer: Peer, seat: Seat) {
        // Nagle's algorithm would only delay answers.
        drop(stream.set_nodelay(true));
        let requests = Requests {
            router: self.router.clone(),
            peer,
            floods: self.floods.clone(),
            stage: self.stage.clone(),
            progress: seat.progress.clone(),
            body_limit: self.limits.body,
        };
        let stream = TokioIo::new(Stream::new(stream, seat.progress.clone()));
        let connection = self.http.serve_connection(stream, Identified(requests));
        let (limits, closing) = (self.limits, self.closing.subscribe());
        tokio::spawn(async move { limited(connection, &seat.progress, limits, closing).await });
    }
}

/// Polls a connection until it ends, exceeds a limit or is evicted. Its errors are the
/// client's and are not logged.
async fn limited(
    connection: impl Future,
    progress: &Progress,
    limits: ConnectionLimits,
    mut closing: watch::Receiver<bool>,
) {
    let mut connection = pin!(connection);
    let mut closed_at = closing.borrow_and_update().then(Instant::now);
    // One timer per connection, not per request: a phase that starts after the timer was
    // set ends after it fires.
    let mut timer = pin!(sleep(limits.shortest()));
    loop {
        tokio::select! {
            biased;
            _ = &mut connection => return,
            () = progress.evicted.notified() => if progress.idle_since().is_some() { return },
            Ok(()) = closing.changed(), if closed_at.is_none() => closed_at = Some(Instant::now()),
            () = &mut timer => {}
        }
        let now = Instant::now();
        let deadline = deadline(progress.phase(), &limits, closed_at);
        if deadline.is_some_and(|it| it <= now) {
            return;
        }
        let next = now + if closed_at.is_some() { LINGER } else { limits.shortest() };
        timer.as_mut().reset(deadline.map_or(next, |it| it.min(next)));
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
