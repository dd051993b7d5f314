//! Accepts connections, enforces their limits, shuts down gracefully.

mod acceptor;
mod backlog;
mod body;
mod clients;
mod connection;
mod exchange;
mod http2;
mod identified;
mod limits;
mod progress;
mod requests;
mod rules;
mod stage;
mod stream;
mod streams;

pub use limits::ConnectionLimits;
pub use rules::Rules;
pub(super) use stage::Stopping;

use crate::listen::Listener;
use acceptor::Acceptor;
use axum::Router;
use clients::Clients;
use connection::Connections;
use stage::Stage;
use std::sync::Arc;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

/// Serves until `stop` completes, then for another [`ConnectionLimits::shutdown_delay`] while `/readyz`
/// fails. Then closes the listeners and answers the requests of all established connections.
///
/// `rules` can change: new connections have the new ones. Each request has a [`super::Client`]
/// among its extensions, which may come from a header of a trusted proxy. Connections are counted in `counts`.
pub async fn serve(
    listeners: Vec<Listener>,
    router: Router,
    rules: watch::Receiver<Rules>,
    counts: &super::Connections,
    stop: impl Future<Output = ()>,
) {
    let connections = Arc::new(Connections::new(router, rules.clone()));
    let clients = Arc::new(Clients::new(rules, counts));
    let mut accepting = JoinSet::new();
    for listener in listeners {
        let acceptor = Acceptor { listener, connections: connections.clone(), clients: clients.clone() };
        accepting.spawn(acceptor.run(connections.closing()));
    }
    stop.await;
    connections.enter(Stage::Stopping);
    sleep(connections.limits().shutdown_delay).await;
    connections.enter(Stage::Closing);
    while accepting.join_next().await.is_some() {}
    let grace = connections.limits().shutdown_grace;
    if timeout(grace, connections.ended()).await.is_err() {
        tracing::warn!("requests were still in flight after {grace:?}");
    }
}
