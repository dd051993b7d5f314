//! Connections: their number, their limits, and their end.

use crate::harness::{Client, Lookups, Server, World, report, torture};
use rustix::process::{Resource, Rlimit, Signal, getrlimit, setrlimit};
use socket2::{Domain, Socket, Type};
use std::io::{self, ErrorKind, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

/// A connection from another address of this machine.
fn from_another_address(server: &Server) -> TcpStream {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    socket.bind(&SocketAddr::from(([127, 0, 0, 2], 0)).into()).unwrap();
    socket.connect(&server.address().into()).unwrap();
    socket.into()
}

/// So that a test can have more connections than the server's default.
fn raise_descriptors() {
    let limit = getrlimit(Resource::Nofile);
    setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, maximum: limit.maximum }).unwrap();
}

/// A server under a shell's limits of file descriptors.
fn limited(world: &World, limits: &str, arguments: &[&str]) -> Server {
    let server = world.command(&["server", "--port", "0"]);
    let mut command = Command::new("/bin/sh");
    command.env_clear().envs(server.get_envs().filter_map(|(name, value)| Some((name, value?))));
    command.args(["-c", &format!("{limits}; exec \"$0\" \"$@\"")]).arg(server.get_program());
    command.args(server.get_args()).args(arguments).current_dir(world.path());
    Server::start(command)
}

#[test]
fn idle_connections_of_one_client_make_room_for_others() {
    raise_descriptors();
    let (world, token) = World::with_token("my_app");
    let server = world.server();
    // Idle for longer than any other, but the only one of its client.
    let mut other = Client::on(from_another_address(&server));
    assert_eq!(other.authorize(&token).status, 200);
    let mut idle: Vec<_> = (0..1200).map(|_| server.client()).collect();
    let start = Instant::now();
    assert_eq!(server.authorize(&token).status, 200);
    assert!(start.elapsed() < Duration::from_secs(2), "{:?}", start.elapsed());
    assert_eq!(other.authorize(&token).status, 200);
    // The ones that were idle for longest are gone, and only as many as had to be.
    assert!(idle[..150].iter_mut().all(Client::is_closed));
    assert_eq!(idle[200].authorize(&token).status, 200);
    let times = if torture() { 2_000 } else { 20 };
    let wrong = (0..times).filter(|_| server.authorize(&token).status != 200).count();
    report("1,200 idle connections of one client", times, wrong);
    assert_eq!(wrong, 0);
}

#[test]
fn connections_that_send_half_a_head_or_half_a_body_make_room_too() {
    let served = Lookups::on_fixtures_with(&["--max-connections", "20"]);
    let (server, token) = (&served.server, &served.token);
    let mut greedy = Vec::new();
    for number in 0..40 {
        let mut client = server.client();
        client.write(match number % 2 {
            0 => "GET /livez HTTP/1.1\r\n".into(),
            _ => format!(
                "PUT /v1/scope/a/b HTTP/1.1\r\nHost: h\r\nX-Authentication: {token}\r\nContent-Length: 9\r\n\r\n{{"
            ),
        });
        greedy.push(client);
    }
    assert_eq!(Client::on(from_another_address(server)).authorize(token).status, 200);
}

#[test]
fn descriptors_are_raised_to_the_hard_limit() {
    let (world, token) = World::with_token("my_app");
    let server = limited(&world, "ulimit -S -n 64", &[]);
    let mut clients: Vec<_> = (0..200).map(|_| server.client()).collect();
    assert!(clients.iter_mut().all(|it| it.authorize(&token).status == 200));
    assert!(!server.log().contains("can't accept"), "{}", server.log());
}

#[test]
fn a_low_hard_limit_of_descriptors_lowers_the_number_of_connections() {
    let (world, token) = World::with_token("my_app");
    let server = limited(&world, "ulimit -n 100", &[]);
    let line = server.wait_for_log("max_connections");
    assert!(line.contains("1024") && line.contains("lowered to 50") && line.contains("LimitNOFILE"), "{line}");
    let _idle: Vec<_> = (0..200).map(|_| server.client()).collect();
    assert_eq!(server.authorize(&token).status, 200);
    assert!(!server.log().contains("can't accept"), "{}", server.log());
}

#[test]
fn a_head_that_does_not_come_ends_and_an_idle_connection_lives_longer() {
    let (world, token) = World::with_token("my_app");
    let server = world.server_with(&["--head-timeout", "1", "--idle-timeout", "4"]);
    let start = Instant::now();
    let (mut idle, mut silent, mut slow) = (server.client(), server.client(), server.client());
    assert_eq!(idle.authorize(&token).status, 200);
    slow.write("GET /livez HTTP/1.1\r\nHost: ");
    assert!(silent.is_closed() && slow.is_closed());
    let took = start.elapsed();
    assert!(took >= Duration::from_secs(1) && took < Duration::from_secs(3), "{took:?}");
    assert_eq!(idle.authorize(&token).status, 200);
    let start = Instant::now();
    assert!(idle.is_closed());
    let took = start.elapsed();
    assert!(took >= Duration::from_secs(3) && took < Duration::from_secs(8), "{took:?}");
}

#[test]
fn half_a_head_after_an_answer_has_the_limit_of_heads() {
    let world = World::new();
    let server = world.server_with(&["--head-timeout", "1", "--idle-timeout", "60"]);
    let mut client = server.client();
    assert_eq!(client.get("/livez", "").status, 200);
    client.write("GET /livez");
    assert!(client.is_closed());
}

#[test]
fn a_head_too_large_is_refused() {
    let world = World::new();
    let server = world.server();
    let ask = |headers: &str| {
        let mut client = server.client();
        let response = client.get("/livez", headers);
        assert!(response.status == 200 || client.is_closed());
        response.status
    };
    let header = |length: usize| format!("A: {}\r\n", "x".repeat(length));
    assert_eq!((ask(&header(120 * 1024)), ask(&header(129 * 1024))), (200, 431));
    assert_eq!((ask(&header(1).repeat(99)), ask(&header(1).repeat(100))), (200, 431));
}

#[test]
fn a_body_that_does_not_come_is_408() {
    let served = Lookups::on_fixtures_with(&["--body-timeout", "1"]);
    let put = "PUT /v1/scope/a/b HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\n";
    let head = format!("{put}X-Authentication: {}\r\n", served.token);
    for (rest, body) in [
        ("Content-Length: 9\r\n\r\n", ""),
        ("Content-Length: 9\r\n\r\n", "{"),
        ("Transfer-Encoding: chunked\r\n\r\n", "1\r\n{\r\n"),
    ] {
        let (start, mut client) = (Instant::now(), served.server.client());
        let response = client.send(format!("{head}{rest}{body}"));
        let took = start.elapsed();
        assert_eq!((response.status, response.header("connection")), (408, Some("close")), "{rest}{body}");
        assert!(took >= Duration::from_secs(1) && took < Duration::from_secs(5), "{took:?}");
        assert!(response.text().contains("body"), "{}", response.text());
        assert!(client.is_closed());
    }
    // One that comes in pieces, but in time, is taken; without a token nobody waits for it.
    let mut client = served.server.client();
    client.write(format!("{head}Content-Length: 9\r\n\r\n{{\"a\""));
    client.write(": 12}");
    assert_eq!(client.read().status, 200);
    let start = Instant::now();
    assert_eq!(served.server.client().send(format!("{put}Content-Length: 9\r\n\r\n")).status, 401);
    assert!(start.elapsed() < Duration::from_secs(1));
}

#[test]
fn a_client_that_does_not_read_is_cut_off() {
    let world = World::new();
    let server = world.server_with(&["--write-timeout", "1"]);
    let mut stream = server.client().into_stream();
    stream.set_write_timeout(Some(Duration::from_secs(10))).unwrap();
    let requests = "GET /livez HTTP/1.1\r\nHost: h\r\n\r\n".repeat(1000);
    // Until the server does not read either, as it can't write, and then closes.
    let error = loop {
        if let Err(error) = stream.write_all(requests.as_bytes()) {
            break error;
        }
    };
    assert!([ErrorKind::ConnectionReset, ErrorKind::BrokenPipe].contains(&error.kind()), "{error:?}");
}

#[test]
fn a_client_that_reads_after_all_gets_its_answers_and_stays_connected() {
    let world = World::new();
    let server = world.server_with(&["--write-timeout", "3", "--head-timeout", "4"]);
    let mut stream = server.client().into_stream();
    let request = "GET /livez HTTP/1.1\r\nHost: h\r\n\r\n";
    let requests = request.repeat(1000);
    // Until the server has not read for a while, as it waits to write.
    stream.set_write_timeout(Some(Duration::from_millis(500))).unwrap();
    let mut sent = 0;
    while let Ok(length) = stream.write(&requests.as_bytes()[sent % request.len()..]) {
        sent += length;
    }
    let mut client = Client::on(stream);
    for number in 0..sent / request.len() {
        assert_eq!(client.read().status, 200, "{number}");
    }
    assert_eq!(client.send(&request[sent % request.len()..]).status, 200);
    assert!(server.client().is_closed(), "later than the limit of writing");
    assert_eq!(client.get("/livez", "").status, 200);
}

#[test]
fn a_request_names_one_host() {
    let (world, token) = World::with_token("my_app");
    let server = world.server();
    let ask = |line: &str, hosts: &str| {
        let mut client = server.client();
        let response = client.send(format!("{line}\r\n{hosts}X-Authentication: {token}\r\n\r\n"));
        if response.status == 400 {
            let has_body = !line.contains("/v1/authorize");
            assert_eq!(response.text().contains("Host header"), has_body, "{response:?}");
            assert!(response.body.is_empty() != has_body && client.is_closed(), "{response:?}");
        }
        response.status
    };
    for path in ["/v1/authorize", "/livez", "/nowhere"] {
        let (old, new) = (format!("GET {path} HTTP/1.0"), format!("GET {path} HTTP/1.1"));
        let good = if path == "/nowhere" { 404 } else { 200 };
        assert_eq!(ask(&new, "Host: a\r\n"), good);
        assert_eq!(ask(&new, "Host:\r\n"), good);
        assert_eq!(ask(&new, ""), 400);
        assert_eq!(ask(&new, "Host: a\r\nHost: a\r\n"), 400);
        assert_eq!(ask(&old, ""), good);
        assert_eq!(ask(&old, "Host: a\r\n"), good);
        assert_eq!(ask(&old, "Host: a\r\nHost: b\r\n"), 400);
    }
    assert_eq!(ask("GET http://a/v1/authorize HTTP/1.1", "Host: a\r\n"), 200);
    assert_eq!(ask("GET http://a/v1/authorize HTTP/1.1", ""), 400);
}

#[test]
fn methods_are_told_to_those_with_a_token_only() {
    let served = Lookups::on_fixtures();
    for (path, allowed) in [
        ("/v1/lookup", "GET, HEAD"),
        ("/v1/lookup/port", "GET, HEAD"),
        ("/v1/scope/a/b", "GET, HEAD, PUT, DELETE"),
        ("/v1/scope/a/b/uuid", "GET, HEAD"),
    ] {
        let ask = |method: &str, headers: &str| {
            served.server.client().send(format!("{method} {path} HTTP/1.1\r\nHost: h\r\n{headers}\r\n"))
        };
        let known = ask("GET", "");
        for method in ["POST", "TRACE", "PATCH", "OPTIONS", "PROPFIND"] {
            let refused = ask(method, "");
            assert_eq!(
                (refused.status, &refused.head, &refused.body),
                (401, &known.head, &known.body),
                "{method} {path}"
            );
            let response = ask(method, &format!("X-Authentication: {}\r\n", served.token));
            assert_eq!((response.status, response.header("allow")), (405, Some(allowed)), "{method} {path}");
        }
    }
}

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

/// What became of a request.
enum Outcome {
    Answered,
    Closed(io::Error),
}

fn try_request(stream: &mut TcpStream, token: &str) -> Outcome {
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

/// Each connection for one request: until none is to be had.
fn hammer_with_connections(address: SocketAddr, token: &str, answered: &AtomicUsize) {
    while let Ok(mut stream) = connect(address) {
        match try_request(&mut stream, token) {
            Outcome::Answered => answered.fetch_add(1, Ordering::Relaxed),
            Outcome::Closed(error) => panic!("an accepted request was lost: {error}"),
        };
    }
}

/// One connection for many requests: it may end between two of them.
fn hammer_on_a_connection(address: SocketAddr, token: &str, answered: &AtomicUsize) {
    while let Ok(mut stream) = connect(address) {
        let mut requests = 0;
        while matches!(try_request(&mut stream, token), Outcome::Answered) {
            requests += 1;
        }
        assert!(requests > 0, "the first request of a connection was lost");
        answered.fetch_add(requests, Ordering::Relaxed);
    }
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
                threads.spawn(|| hammer_with_connections(address, &token, &answered));
                threads.spawn(|| hammer_on_a_connection(address, &token, &answered));
            }
            while answered.load(Ordering::Relaxed) < 500 {
                thread::yield_now();
            }
            let (status, log) = server.stop(Signal::TERM);
            assert_eq!(status.code(), Some(0), "round {round}: {log}");
            assert!(!log.contains("still in flight"), "round {round}: {log}");
        });
    }
    report("SIGTERM under load", rounds, 0); // a lost request has panicked
}

#[test]
fn a_connection_without_a_request_does_not_hold_a_stop_up() {
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
