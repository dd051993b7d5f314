//! The life of a server: from the line that says where it listens to its last write.

use crate::harness::{Server, World};
use rustix::process::Signal;
use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt as _;
use std::time::{Duration, Instant};

fn never_seen(world: &World) -> bool {
    world.done(&["token", "list"]).contains("never")
}

#[test]
fn a_signal_ends_it_cleanly_and_last_seen_is_written() {
    for signal in [Signal::TERM, Signal::INT] {
        let (world, token) = World::with_token("my_app");
        let server = world.server();
        assert_eq!(server.authorize(&token).status, 200);
        assert!(never_seen(&world), "not on the request path");
        let (status, _) = server.stop(signal);
        assert_eq!(status.code(), Some(0));
        assert!(!never_seen(&world));
    }
}

#[test]
fn a_request_in_flight_is_answered_before_it_ends() {
    let (world, token) = World::with_token("my_app");
    let server = world.server();
    let mut busy = server.client();
    let head = format!(
        "PUT /v1/scope/machines/web-01 HTTP/1.1\r\nHost: h\r\nX-Authentication: {token}\r\n\
         Content-Type: application/json\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n"
    );
    // The interim answer says that the request is being worked on (RFC 9110, 10.1.1).
    assert_eq!(busy.send(head).status, 100);
    server.signal(Signal::TERM);
    server.wait_for_log("stopping");
    busy.write("{}");
    assert_eq!(busy.read().status, 200);
    let (status, _) = server.stop(Signal::TERM);
    assert_eq!(status.code(), Some(0));
}

#[test]
fn last_seen_is_written_by_a_server_that_goes_on() {
    let (world, token) = World::with_token("my_app");
    let server = world.server();
    assert_eq!(server.authorize(&token).status, 200);
    let start = Instant::now();
    while never_seen(&world) {
        assert!(start.elapsed() < Duration::from_secs(30), "it is written every ten seconds");
    }
}

#[test]
fn a_refused_token_is_not_seen() {
    let (world, token) = World::with_token("my_app");
    let server = world.server();
    assert_eq!(server.authorize(&format!("{token}0")).status, 401);
    assert_eq!(server.authorize(&format!("my_app:{}", "0".repeat(80))).status, 401);
    server.stop(Signal::TERM);
    assert!(never_seen(&world));
}

#[test]
fn a_port_in_use_is_reported() {
    let world = World::new();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let ran = world.run(&["server", "--port", &port]);
    assert_eq!(ran.code, Some(1));
    assert!(ran.stderr.contains(&format!("can't listen on http://127.0.0.1:{port}")), "{}", ran.stderr);
}

#[test]
fn a_log_file_is_for_its_user_only() {
    let (world, token) = World::with_token("my_app");
    let path = world.path().join("jerakia.log");
    let mut command = world.command(&["server", "--port", "0"]);
    command.env("JERAKIA_LOGFILE", &path);
    let server = Server::start(command);
    server.authorize(&format!("{token}0"));
    server.stop(Signal::TERM);
    assert!(fs::read_to_string(&path).unwrap().contains("reason=\"malformed\""));
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
}
