//! Accepts connections, enforces their limits, shuts down gracefully.

mod backlog;
mod body;
mod clients;
mod connection;
mod identified;
mod limits;
mod progress;
mod requests;
mod stage;
mod stream;

pub use limits::ConnectionLimits;
pub(super) use stage::Stopping;

use super::client::{Peer, TrustedProxy};
use axum::Router;
use clients::Clients;
use connection::Connections;
use stage::Stage;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{Instant, timeout};

/// How long to wait after `accept` failed, usually because no descriptor is free.
const PAUSE: Duration = Duration::from_millis(50);

/// How long the closing listener waits for a connection whose handshake is in progress.
const HANDSHAKE: Duration = Duration::from_millis(50);

/// How long the closing listener still accepts connections in total.
const DRAIN: Duration = Duration::from_secs(1);

/// Serves until `stop` completes, then for another [`ConnectionLimits::shutdown_delay`] while `/readyz`
/// fails. Then closes the listener and answers the requests of all established connections.
///
/// Each request has a [`super::Client`] among its extensions, which may come from a header
/// of a proxy in `trusted`. Connections are counted in `counts`.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    limits: ConnectionLimits,
    trusted: &[TrustedProxy],
    counts: &super::Connections,
    stop: impl Future<Output = ()>,
) {
    let trusted: Arc<[TrustedProxy]> = trusted.into();
    let peer = |address| Peer::new(Some(address), trusted.clone());
    let connections = Connections::new(router, limits);
    let clients = Arc::new(Clients::new(limits.connections, counts));
    let mut stop = pin!(async {
        stop.await;
        connections.enter(Stage::Stopping);
        tokio::time::sleep(limits.shutdown_delay).await;
    });
    let mut stopping = false;
    while !stopping {
        let (stream, address) = tokio::select! {
            accepted = accept(&listener) => accepted,
            () = &mut stop => break,
        };
        let mut admitted = pin!(clients.admit(address.ip()));
        let seat = loop {
            tokio::select! {
                seat = &mut admitted => break seat,
                () = &mut stop, if !stopping => stopping = true,
            }
        };
        connections.spawn(stream, peer(address), seat);
    }
    connections.enter(Stage::Closing);
    backlog::refuse_more(&listener);
    let last = Instant::now() + DRAIN;
    while Instant::now() < last
        && let Ok((stream, address)) = timeout(HANDSHAKE, accept(&listener)).await
    {
        match timeout(limits.shutdown_grace, clients.admit(address.ip())).await {
            Ok(seat) => connections.spawn(stream, peer(address), seat),
            Err(_) => break,
        }
    }
    drop(listener);
    if timeout(limits.shutdown_grace, connections.ended()).await.is_err() {
        tracing::warn!("requests were still in flight after {:?}", limits.shutdown_grace);
    }
}

async fn accept(listener: &TcpListener) -> (TcpStream, SocketAddr) {
    loop {
        match listener.accept().await {
            Ok(accepted) => return accepted,
            Err(error) => {
                tracing::warn!(%error, "can't accept a connection");
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
}
