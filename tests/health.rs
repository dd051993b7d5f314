//! `jerakia health`: for health checks of containers and monitoring.

use crate::harness::{Ran, World};
use std::fs;

fn asked(world: &World, arguments: &[&str]) -> Ran {
    let ran = world.run(&[&["health"], arguments].concat());
    assert!(ran.stdout.is_empty() || ran.stderr.is_empty(), "{}{}", ran.stdout, ran.stderr);
    ran
}

#[test]
fn health_is_0_while_the_server_decides_and_1_otherwise() {
    let world = World::new();
    let server = world.server();
    let url = format!("http://{}", server.address());
    let ran = asked(&world, &["--url", &url]);
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(0), "ready\n"), "{}", ran.stderr);
    fs::rename(world.databasedir(), world.path().join("elsewhere")).unwrap();
    server.wait_for_status("/readyz", "", 503);
    let ran = asked(&world, &["--url", &url]);
    assert_eq!(ran.code, Some(1));
    assert_eq!(ran.stderr, format!("the server {url} answers 503, not ready: see its log\n"));
    drop(server);
    let ran = asked(&world, &["--url", &url]);
    assert_eq!(ran.code, Some(1));
    assert!(ran.stderr.starts_with(&format!("the server {url} does not answer: ")), "{}", ran.stderr);
}

#[test]
fn health_asks_the_server_of_the_settings() {
    let world = World::new();
    let server = world.server();
    let listen = |it: &str| Ran::of(world.command(&["health"]).env("JERAKIA_SERVER_LISTEN", it).output().unwrap());
    let port = server.address().port();
    let ran = listen(&format!("https://127.0.0.1:1,http://0.0.0.0:{port}"));
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(0), "ready\n"), "{}", ran.stderr);
    let socket = world.path().join("jerakia.sock");
    let listen_on = format!("unix:{}", socket.display());
    let missing = listen(&listen_on);
    assert!(missing.code == Some(1) && missing.stderr.contains(&listen_on), "{}", missing.stderr);
    let unknown = listen("http://127.0.0.1:0");
    assert!(unknown.code == Some(1) && unknown.stderr.contains("--url"), "{}", unknown.stderr);
}

#[test]
fn what_is_no_jerakia_is_not_healthy() {
    let world = World::new();
    let ran = asked(&world, &["--url", "127.0.0.1"]);
    assert!(ran.code == Some(2) && ran.stderr.contains("unix:/PATH"), "{}", ran.stderr);
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let ran = asked(&world, &["--url", &format!("http://{}", listener.local_addr().unwrap()), "--timeout", "1"]);
    assert!(ran.code == Some(1) && ran.stderr.contains("does not answer"), "{}", ran.stderr);
}
