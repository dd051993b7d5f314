//! Connections: their number and their limits.

use crate::harness::{Client, Lookups, Server, World, report, torture};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use socket2::{Domain, Socket, Type};
use std::io::{ErrorKind, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::process::Command;
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
fn a_slow_client_gets_its_answers_and_stays_connected() {
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
