//! The library's server, in this process, on a real port.

use jerakia_harness::{Client, Response};
use jerakia_host::authenticator::Authenticator;
use jerakia_host::http;
use jerakia_host::listen::Listener;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tokio::sync::watch;

/// A server, until it is dropped.
pub struct Server {
    address: SocketAddr,
    _runtime: Runtime,
}

/// More than any test takes.
const LIMITS: http::ConnectionLimits = http::ConnectionLimits {
    connections: 1000,
    failures: 10_000,
    head: Duration::from_secs(60),
    body: Duration::from_secs(60),
    write: Duration::from_secs(60),
    idle: Duration::from_secs(60),
    shutdown_delay: Duration::ZERO,
    shutdown_grace: Duration::from_secs(60),
};

impl Server {
    pub fn of(authenticator: Arc<Authenticator>) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let listener = runtime.block_on(TcpListener::bind(("127.0.0.1", 0))).unwrap();
        let address = listener.local_addr().unwrap();
        let routes = http::router(authenticator, None, None);
        let counts = http::Connections::default();
        let (_, rules) = watch::channel(http::Rules { limits: LIMITS, trusted_proxies: [].into() });
        let listeners = runtime.block_on(async { vec![Listener::http(listener).unwrap()] });
        runtime.spawn(async move { http::serve(listeners, routes, rules, &counts, std::future::pending()).await });
        Self { address, _runtime: runtime }
    }

    /// Asks whether `token` is good.
    pub fn authorize(&self, token: &str) -> Response {
        Client::connect(&self.address.to_string()).authorize(token)
    }
}
