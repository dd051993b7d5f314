//! A server that stops announces it, and loses no request.

use crate::harness::{Authority, Http2, Server, Unanswered, World, encrypt, report, torture};
use rustix::process::Signal;
use std::io::{self, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

#[test]
fn a_server_that_stops_says_so_before_it_closes() {
    let (world, token) = World::with_token("my_app");
    let server = world.server_with(&["--shutdown-delay", "2"]);
    let mut kept = server.client();
    assert_eq!(kept.get("/readyz", "").status, 200);
    let start = Instant::now();
    server.signal(Signal::TERM);
    assert!(server.wait_for_status("/readyz", "", 503).text().contains("stopping"));
    assert_eq!(server.client().get("/livez", "").status, 200);
    assert_eq!(server.authorize(&token).status, 200);
    assert_eq!(kept.authorize(&token).header("connection"), None);
    let (status, _) = server.wait();
    assert_eq!(status.code(), Some(0));
    assert!(start.elapsed() >= Duration::from_secs(2), "{:?}", start.elapsed());
}

/// The outcome of a request.
enum Outcome {
    Answered,
    Closed(io::Error),
}

fn try_request(stream: &mut (impl Read + Write), token: &str) -> Outcome {
    let request = format!("GET /v1/authorize HTTP/1.1\r\nHost: h\r\nX-Authentication: {token}\r\n\r\n");
    if let Err(error) = stream.write_all(request.as_bytes()) {
        return Outcome::Closed(error);
    }
    let (mut answer, mut buffer) = (Vec::new(), [0; 1024]);
    while !answer.ends_with(b"\r\n\r\n") {
        match stream.read(&mut buffer) {
            Ok(0) if answer.is_empty() => return Outcome::Closed(ErrorKind::UnexpectedEof.into()),
            Err(error) if answer.is_empty() => return Outcome::Closed(error),
            Ok(read) if read > 0 => answer.extend(&buffer[..read]),
            broken => panic!("{broken:?} after {:?}", String::from_utf8_lossy(&answer)),
        }
    }
    Outcome::Answered
}

fn connect(address: SocketAddr) -> io::Result<TcpStream> {
    let stream = TcpStream::connect_timeout(&address, Duration::from_secs(5))?;
    stream.set_read_timeout(Some(Duration::from_secs(20)))?;
    Ok(stream)
}

fn connect_unix(path: &Path) -> io::Result<UnixStream> {
    let stream = UnixStream::connect(path)?;
    stream.set_read_timeout(Some(Duration::from_secs(20)))?;
    Ok(stream)
}

/// One connection per request, until no more are accepted.
fn hammer_with_connections<S: Read + Write>(connect: impl Fn() -> io::Result<S>, token: &str, answered: &AtomicUsize) {
    while let Ok(mut stream) = connect() {
        match try_request(&mut stream, token) {
            Outcome::Answered => answered.fetch_add(1, Ordering::Relaxed),
            Outcome::Closed(error) => panic!("an accepted request was lost: {error}"),
        };
    }
}

/// One connection for many requests. It can end between two of them.
fn hammer_on_a_connection<S: Read + Write>(connect: impl Fn() -> io::Result<S>, token: &str, answered: &AtomicUsize) {
    while let Ok(mut stream) = connect() {
        let mut requests = 0;
        while matches!(try_request(&mut stream, token), Outcome::Answered) {
            requests += 1;
        }
        assert!(requests > 0, "the first request of a connection was lost");
        answered.fetch_add(requests, Ordering::Relaxed);
    }
}

/// HTTP/2, until no more connections are accepted.
fn hammer_over_http2(connect: impl Fn() -> io::Result<Http2>, token: &str, answered: &AtomicUsize) {
    loop {
        let mut connection = match connect() {
            Ok(connection) => connection,
            Err(error) if error.kind() == ErrorKind::ConnectionRefused => return,
            Err(error) => panic!("an accepted connection was lost: {error}"),
        };
        loop {
            match connection.get("/v1/authorize", &[("x-authentication", token)]) {
                Ok((head, _)) => assert_eq!(head.status(), 200),
                Err(Unanswered::NotTaken) => break,
                Err(Unanswered::Lost(error)) => panic!("a request was lost: {error:?}"),
            }
            answered.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// Stops `server` once there were many answers.
fn stop_under_load(server: Server, answered: &AtomicUsize, round: usize) {
    while answered.load(Ordering::Relaxed) < 500 {
        thread::yield_now();
    }
    let (status, log) = server.stop(Signal::TERM);
    assert_eq!(status.code(), Some(0), "round {round}: {log}");
    assert!(!log.contains("still in flight"), "round {round}: {log}");
}

#[test]
fn a_stop_under_load_loses_no_request_of_a_unix_socket() {
    let (world, token) = World::with_token("my_app");
    let path = world.path().join("jerakia.sock");
    let rounds = if torture() { 100 } else { 3 };
    for round in 0..rounds {
        let server = world.server_with(&["--listen", &format!("unix:{}", path.display())]);
        let answered = AtomicUsize::new(0);
        thread::scope(|threads| {
            for _ in 0..8 {
                threads.spawn(|| hammer_with_connections(|| connect_unix(&path), &token, &answered));
                threads.spawn(|| hammer_on_a_connection(|| connect_unix(&path), &token, &answered));
            }
            stop_under_load(server, &answered, round);
        });
    }
    report("SIGTERM under load, Unix socket", rounds, 0);
}

#[test]
fn a_stop_under_load_loses_no_request_of_tls() {
    let (world, token) = World::with_token("my_app");
    let authority = Authority::new();
    let [cert, key] = authority.issue("localhost").write(world.path(), "server");
    let tls = ["--tls-cert", cert.to_str().unwrap(), "--tls-key", key.to_str().unwrap()];
    let (http1, http2) = (authority.client(None, &["http/1.1"]), authority.client(None, &["h2"]));
    let rounds = if torture() { 100 } else { 3 };
    for round in 0..rounds {
        let server = world.server_with(&[&["--listen", "https://127.0.0.1:0"], &tls[..]].concat());
        let (address, answered) = (server.address(), AtomicUsize::new(0));
        let encrypted = || connect(address).map(|it| encrypt(it, &http1));
        let over_http2 = || Http2::connect(&address.to_string(), &http2);
        thread::scope(|threads| {
            for _ in 0..3 {
                threads.spawn(|| hammer_with_connections(encrypted, &token, &answered));
                threads.spawn(|| hammer_on_a_connection(encrypted, &token, &answered));
                threads.spawn(|| hammer_over_http2(over_http2, &token, &answered));
            }
            stop_under_load(server, &answered, round);
        });
    }
    report("SIGTERM under load, TLS", rounds, 0);
}

#[test]
fn a_stop_under_load_loses_no_request() {
    let (world, token) = World::with_token("my_app");
    let rounds = if torture() { 100 } else { 5 };
    for round in 0..rounds {
        let server = world.server();
        let (address, answered) = (server.address(), AtomicUsize::new(0));
        thread::scope(|threads| {
            for _ in 0..8 {
                threads.spawn(|| hammer_with_connections(|| connect(address), &token, &answered));
                threads.spawn(|| hammer_on_a_connection(|| connect(address), &token, &answered));
            }
            stop_under_load(server, &answered, round);
        });
    }
    report("SIGTERM under load", rounds, 0); // a lost request has panicked
}

#[test]
fn a_connection_without_a_request_does_not_delay_a_stop() {
    let world = World::new();
    let server = world.server();
    let mut fresh = server.client();
    let mut kept = server.client();
    assert_eq!(kept.get("/livez", "").status, 200);
    let start = Instant::now();
    let (status, _) = server.stop(Signal::TERM);
    assert_eq!(status.code(), Some(0));
    assert!(start.elapsed() < Duration::from_secs(5), "{:?}", start.elapsed());
    assert!(fresh.is_closed() && kept.is_closed());
}

#[test]
fn a_request_on_a_fresh_connection_is_answered_though_the_server_stops() {
    let (world, token) = World::with_token("my_app");
    let server = world.server();
    let (mut fresh, mut kept) = (server.client(), server.client());
    server.signal(Signal::TERM);
    while kept.get("/livez", "").header("connection").is_none() {}
    let response = fresh.authorize(&token);
    assert_eq!((response.status, response.header("connection")), (200, Some("close")));
    assert!(fresh.is_closed());
}
