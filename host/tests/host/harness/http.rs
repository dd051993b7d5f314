//! A server on a real port, and a client that sees every byte of its answers.

use jerakia_host::authenticator::Authenticator;
use jerakia_host::http;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::net::TcpListener;
use tokio::runtime::Runtime;

/// A server, until it is dropped.
pub struct Server {
    address: SocketAddr,
    _runtime: Runtime,
}

/// What came back.
/// More than any test takes.
const LIMITS: http::Limits = http::Limits {
    connections: 1000,
    head: Duration::from_secs(60),
    body: Duration::from_secs(60),
    write: Duration::from_secs(60),
    idle: Duration::from_secs(60),
    shutdown_delay: Duration::ZERO,
    shutdown_grace: Duration::from_secs(60),
};

#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub took: Duration,
    head: String,
}

impl Server {
    pub fn of(authenticator: Arc<Authenticator>) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let listener = runtime.block_on(TcpListener::bind(("127.0.0.1", 0))).unwrap();
        let address = listener.local_addr().unwrap();
        runtime.spawn(http::serve(listener, http::router(authenticator), LIMITS, std::future::pending()));
        Self { address, _runtime: runtime }
    }

    /// Asks whether `token` is good.
    pub fn authorize(&self, token: &str) -> Answer {
        let started = Instant::now();
        let mut stream = TcpStream::connect(self.address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
        let request = format!(
            "GET /v1/authorize HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nX-Authentication: {token}\r\n\r\n"
        );
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("an answer");
        let took = started.elapsed();
        let (head, _) = answer.split_once("\r\n\r\n").expect("a whole answer");
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        Answer { status, took, head: head.to_owned() }
    }
}

impl Answer {
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut lines = self.head.lines().skip(1).filter_map(|it| it.split_once(": "));
        lines.find(|(it, _)| it.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }
}
