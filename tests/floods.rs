//! Floods of credentials that are refused: they are limited by client address, and clients at
//! other addresses don't notice them.

use crate::harness::{Client, Lookups, Response, Server, World, get};
use rustix::process::Signal;
use socket2::{Domain, Socket, Type};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant};

/// The least: one failure a second, and five at once.
const LEAST: [&str; 2] = ["--max-failures", "1"];
const AT_ONCE: usize = 5;

/// Headers of a request that comes through a trusted proxy, from a client at `address`.
fn from(address: &str, token: &str) -> String {
    format!("X-Forwarded-For: {address}\r\nX-Authentication: {token}\r\n")
}

fn authorize(headers: &str) -> String {
    get("/v1/authorize", headers)
}

/// The answers to all requests, sent at once on one connection: so no time passes between them.
fn answers(server: &Server, requests: &[String]) -> Vec<Response> {
    let mut client = server.client();
    client.write(requests.concat());
    requests.iter().map(|_| client.read()).collect()
}

/// The answer to a request after more failures from the address than can be at once.
fn after_a_flood(server: &Server, address: &str, request: String) -> Response {
    let mut requests = vec![authorize(&from(address, "wrong")); AT_ONCE + 1];
    requests.push(request);
    answers(server, &requests).pop().unwrap()
}

#[test]
fn beyond_the_limit_an_address_is_refused_with_429_whatever_it_presents() {
    let (world, token) = World::with_token("my_app");
    let server = world.server_with(&LEAST);
    let flood = vec![authorize(&from("192.0.2.1", "wrong")); 50];
    let statuses: Vec<_> = answers(&server, &flood).iter().map(|it| it.status).collect();
    let decided = statuses.iter().filter(|it| **it == 401).count();
    assert_eq!(statuses[..AT_ONCE], [401; AT_ONCE]);
    assert!((AT_ONCE..AT_ONCE + 10).contains(&decided), "{statuses:?}");
    assert!(statuses.iter().all(|it| [401, 429].contains(it)), "{statuses:?}");
    let refused = after_a_flood(&server, "192.0.2.1", authorize(&from("192.0.2.1", "wrong")));
    assert_eq!((refused.status, refused.header("retry-after")), (429, Some("1")));
    assert_eq!((refused.body.as_slice(), refused.header("content-length")), (&b""[..], Some("0")));
    // The answer says nothing about the token: a good one gets the same.
    let wrong = format!("my_app:{}", "0".repeat(80));
    for presented in [&*token, &wrong, "", "my_app:", &"x".repeat(600)] {
        let answer = after_a_flood(&server, "192.0.2.1", authorize(&from("192.0.2.1", presented)));
        assert_eq!(answer, refused, "{presented}");
    }
    for other in ["192.0.2.2", "2001:db8::1"] {
        assert_eq!(server.client().send(authorize(&from(other, &token))).status, 200, "{other}");
        assert_eq!(server.client().send(authorize(&from(other, &wrong))).status, 401, "{other}");
    }
    let line = server.wait_for_log("answered 429");
    assert!(line.contains("client=192.0.2.1") && line.contains(r#"path="/v1/authorize""#), "{line}");
    assert!(server.log().contains(r#"reason="malformed""#) && server.log().contains("client=192.0.2.1"));
    assert!(!server.log().contains(&token[7..]), "{}", server.log());
}

#[test]
fn an_address_that_stops_is_served_again() {
    let (world, token) = World::with_token("my_app");
    let server = world.server_with(&LEAST);
    let good = authorize(&from("192.0.2.1", &token));
    assert_eq!(after_a_flood(&server, "192.0.2.1", good.clone()).status, 429);
    let start = Instant::now();
    while server.client().send(&good).status != 200 {
        assert!(start.elapsed() < Duration::from_secs(20));
        std::thread::yield_now();
    }
}

/// Nobody keeps the applications of a network out by flooding from it.
#[test]
fn an_api_id_that_was_granted_from_the_address_is_decided_on() {
    let (world, token) = World::with_token("my_app");
    let other = world.create("other");
    let server = world.server_with(&LEAST);
    let ask = |address, token: &str| after_a_flood(&server, address, authorize(&from(address, token))).status;
    let (one, neighbour, elsewhere) = ("2001:db8::1", "2001:db8::2", "2001:db8:0:1::1");
    assert_eq!(server.client().send(authorize(&from(one, &token))).status, 200);
    for _ in 0..20 {
        assert_eq!(ask(one, &token), 200);
    }
    assert_eq!(ask(neighbour, &token), 200, "an IPv6 client is a /64 network");
    assert_eq!(ask(one, &format!("my_app:{}", "0".repeat(80))), 401);
    assert_eq!(ask(one, &other), 429, "it was not granted from there");
    assert_eq!(ask(elsewhere, &token), 429, "nor this one from here");
    world.done(&["token", "disable", "my_app"]);
    assert_eq!(ask(one, &token), 401);
}

#[test]
fn a_clock_that_jumps_does_not_matter() {
    let (world, token) = (World::new(), ["my_app", "other"]);
    world.set_clock("2027-01-01 00:00:00");
    let [token, other] = token.map(|it| world.create(it));
    let server = world.server_with(&LEAST);
    let ask = |token: &str| after_a_flood(&server, "192.0.2.1", authorize(&from("192.0.2.1", token))).status;
    assert_eq!(server.client().send(authorize(&from("192.0.2.1", &token))).status, 200);
    for time in ["2027-01-03 00:00:00", "2026-01-01 00:00:00"] {
        world.set_clock(time);
        assert_eq!((ask(&token), ask(&other)), (200, 429), "{time}");
    }
}

#[test]
fn a_proxy_itself_is_not_limited() {
    let (world, token) = World::with_token("my_app");
    let server = world.server_with(&LEAST);
    // Without a client's address, with another trusted proxy's, and with one that can't be read.
    for forwarded in ["", "X-Forwarded-For: 127.0.0.9\r\n", "X-Forwarded-For: 192.0.2.1, unknown\r\n"] {
        let wrong = authorize(&format!("{forwarded}X-Authentication: wrong\r\n"));
        let all = answers(&server, &vec![wrong; 200]);
        assert!(all.iter().all(|it| it.status == 401), "{forwarded}");
    }
    assert_eq!(server.authorize(&token).status, 200);
}

/// Connects from an address of its own.
fn client_at(server: &Server, address: [u8; 4]) -> Client {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    socket.bind(&SocketAddr::new(IpAddr::V4(Ipv4Addr::from(address)), 0).into()).unwrap();
    socket.connect(&server.address().into()).unwrap();
    Client::on(socket.into())
}

#[test]
fn a_client_that_is_not_a_trusted_proxy_is_limited_by_its_connection() {
    let (world, token) = World::with_token("my_app");
    let server = world.server_with(&[&LEAST[..], &["--trusted-proxies", ""]].concat());
    let mut client = client_at(&server, [127, 0, 0, 2]);
    let statuses = (0..50).map(|it| client.send(authorize(&from(&format!("192.0.2.{it}"), "wrong"))).status);
    assert!(statuses.filter(|it| *it == 429).count() > 20, "whatever address it says it has");
    assert_eq!(client_at(&server, [127, 0, 0, 3]).authorize(&token).status, 200);
}

#[test]
fn each_route_behind_a_token_has_the_same_limit() {
    let lookups = Lookups::on_fixtures_with(&LEAST);
    let headers = from("192.0.2.1", &lookups.token);
    for path in ["/v1/lookup/port?namespace=apache", "/v1/scope/a/b", "/v1/whoami"] {
        let answer = after_a_flood(&lookups.server, "192.0.2.1", get(path, &headers));
        let body = r#"{"status":"failed","message":"too many failures from this address: try again later"}"#;
        assert_eq!((answer.status, answer.text()), (429, body), "{path}");
        assert_eq!(answer.header("retry-after"), Some("1"), "{path}");
    }
    for path in ["/livez", "/readyz"] {
        assert_eq!(after_a_flood(&lookups.server, "192.0.2.1", get(path, &headers)).status, 200, "{path}");
    }
}

#[test]
fn nginx_gets_403() {
    let (world, token) = World::with_token("my_app");
    let server = world.server_with(&[&LEAST[..], &["--forward-auth", "nginx"]].concat());
    let answer = after_a_flood(&server, "192.0.2.1", authorize(&from("192.0.2.1", &token)));
    assert_eq!((answer.status, answer.header("content-length")), (403, Some("0")));
}

/// A good token whose grants don't include the request is no failure.
#[test]
fn forbidden_requests_are_not_failures() {
    let (world, token) = World::with_token("my_app");
    world.set_grants("my_app", &["lookup:**"]);
    let server = world.server_with(&LEAST);
    let all = answers(&server, &vec![authorize(&from("192.0.2.1", &token)); 50]);
    assert!(all.iter().all(|it| it.status == 403));
}

#[test]
fn lines_about_a_flood_are_limited_and_counted() {
    let world = World::new();
    let server = world.server_with(&LEAST);
    let all = answers(&server, &vec![authorize(&from("192.0.2.1", "wrong")); 2000]);
    let refused = all.iter().filter(|it| it.status == 429).count();
    let (_, log) = server.stop(Signal::TERM);
    let written = log.lines().filter(|it| it.contains("answered 429")).count();
    assert!(written < refused && log.contains("requests beyond the limit of failures"), "{written} of {refused}");
}
