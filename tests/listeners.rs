//! Where a server listens: several addresses at once, Unix sockets, sockets of systemd.

use crate::harness::{Authority, Client, Http2, Ran, Server, World};
use rustix::net::listen;
use rustix::process::Signal;
use socket2::{Domain, Socket, Type};
use std::fs;
use std::net::TcpListener;
use std::os::fd::AsRawFd as _;
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _, PermissionsExt as _};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::process::Command;

/// A server on `addresses`.
fn on(world: &World, addresses: &[&str], arguments: &[&str]) -> Server {
    world.server_with(&[&["--listen", &addresses.join(",")], arguments].concat())
}

fn socket(world: &World) -> (PathBuf, String) {
    let path = world.path().join("jerakia.sock");
    let address = format!("unix:{}", path.display());
    (path, address)
}

fn refused(world: &World, addresses: &str, arguments: &[&str]) -> Ran {
    let ran = world.run(&[&["server", "--listen", addresses], arguments].concat());
    assert!(ran.code.is_some_and(|it| it != 0), "{}", ran.stderr);
    ran
}

#[test]
fn all_kinds_of_addresses_answer_at_once() {
    let (world, token) = World::with_token("my_app");
    let (path, unix) = socket(&world);
    let authority = Authority::new();
    let [cert, key] = authority.issue("localhost").write(world.path(), "server");
    let tls = ["--tls-cert", cert.to_str().unwrap(), "--tls-key", key.to_str().unwrap()];
    let addresses = ["http://127.0.0.1:0", "http://[::1]:0", "http://localhost:0", "https://127.0.0.1:0", &unix];
    let server = on(&world, &addresses, &tls);
    assert_eq!(server.authorize(&token).status, 200);
    assert_eq!(Client::connect(&server.listening("http://[").replace("::1]", "[::1]")).authorize(&token).status, 200);
    let https = server.listening("https://");
    let config = |protocols: &[&str]| authority.client(None, protocols);
    assert_eq!(Client::connect_tls(&https, &config(&[])).authorize(&token).status, 200);
    assert_eq!(Client::connect_tls(&https, &config(&["http/1.1"])).authorize(&token).status, 200);
    let mut http2 = Http2::connect(&https, &config(&["h2"])).unwrap();
    let (head, body) = http2.get("/v1/authorize", &[("x-authentication", &token)]).unwrap();
    assert_eq!(
        (head.status().as_u16(), &head.headers()["x-jerakia-api-id"], body),
        (200, &"my_app".parse().unwrap(), vec![])
    );
    assert_eq!(server.listening("unix:"), path.to_str().unwrap());
    assert_eq!(Client::connect_unix(&path).authorize(&token).status, 200);
    let (status, log) = server.stop(Signal::TERM);
    assert_eq!(status.code(), Some(0), "{log}");
    assert!(!path.exists(), "a server takes its socket away");
}

#[test]
fn the_list_and_the_short_form_take_precedence_by_their_sources() {
    let world = World::new();
    let file = world.path().join("jerakia.yaml");
    fs::write(&file, "server:\n  listen: ['http://127.0.0.1:0', 'http://[::1]:0']\n  port: 1\n").unwrap();
    let start = |arguments: &[&str]| {
        let mut command = world.command(&["server", "--config", file.to_str().unwrap()]);
        command.args(arguments);
        Server::start(command)
    };
    let server = start(&[]);
    server.listening("http://[::1]:");
    let warned = server.wait_for_log("has no effect");
    assert!(warned.contains("server.port has no effect: server.listen"), "{warned}");
    let (_, log) = start(&["--port", "0"]).stop(Signal::TERM);
    assert_eq!(log.matches("listening on").count(), 1, "a flag goes before the file: {log}");
}

#[test]
fn plain_http_that_crosses_a_network_is_warned_of() {
    let world = World::new();
    let server = on(&world, &["http://127.0.0.1:0"], &[]);
    assert!(!server.stop(Signal::TERM).1.contains("not encrypted"));
    let server = on(&world, &["http://0.0.0.0:0"], &[]);
    let line = server.wait_for_log("is not encrypted");
    assert!(line.contains("WARN") && line.contains("http://0.0.0.0:") && line.contains("https://"), "{line}");
}

#[test]
fn a_unix_socket_is_for_its_owner_and_group() {
    let (world, token) = World::with_token("my_app");
    let (path, unix) = socket(&world);
    let own = rustix::process::getgid().as_raw();
    let server = on(&world, &[&unix], &["--socket-group", &own.to_string()]);
    let metadata = fs::metadata(&path).unwrap();
    assert_eq!((metadata.permissions().mode() & 0o777, metadata.gid()), (0o660, own));
    assert_eq!(Client::connect_unix(&path).authorize(&token).status, 200);
    drop(server);
    let ran = refused(&world, &unix, &["--socket-group", "no_such_group"]);
    assert!(ran.code == Some(2) && ran.stderr.contains("no such group"), "{}", ran.stderr);
    if rustix::process::geteuid().is_root() {
        let server = on(&world, &[&unix], &["--socket-group", "daemon"]);
        let daemon = fs::read_to_string("/etc/group").unwrap();
        let line = daemon.lines().find(|it| it.starts_with("daemon:")).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().gid().to_string(), line.split(':').nth(2).unwrap());
        drop(server);
    }
}

#[test]
fn the_socket_of_a_killed_server_is_replaced_and_that_of_a_living_one_is_not() {
    let (world, token) = World::with_token("my_app");
    let (path, unix) = socket(&world);
    let killed = on(&world, &[&unix], &[]);
    drop(killed.stop(Signal::KILL));
    assert!(fs::metadata(&path).unwrap().file_type().is_socket());
    let living = on(&world, &[&unix], &[]);
    let ran = refused(&world, &unix, &[]);
    assert!(ran.stderr.contains(&format!("can't listen on {unix}: another process listens there")), "{}", ran.stderr);
    assert_eq!(Client::connect_unix(&path).authorize(&token).status, 200);
    // Somebody else's file is left alone, and so is the socket that has its name later.
    fs::rename(&path, world.path().join("moved")).unwrap();
    let other = UnixListener::bind(&path).unwrap();
    assert_eq!(living.stop(Signal::TERM).0.code(), Some(0));
    assert!(path.exists());
    // A process listens there, even if it takes no connection and its queue is full.
    listen(&other, 0).unwrap();
    let queued = UnixStream::connect(&path).unwrap();
    let ran = refused(&world, &unix, &[]);
    assert!(ran.stderr.contains("another process listens there"), "{}", ran.stderr);
    drop((other, queued));
    fs::remove_file(&path).unwrap();
    fs::write(&path, "data").unwrap();
    let ran = refused(&world, &unix, &[]);
    assert!(ran.stderr.contains("something else than a socket"), "{}", ran.stderr);
    assert_eq!(fs::read_to_string(&path).unwrap(), "data");
}

#[test]
fn clients_on_a_unix_socket_are_believed_if_the_settings_say_so() {
    let world = World::new();
    let token = world.create("app");
    world.set_grants("app", &["http:GET:shop.example/a"]);
    let (path, unix) = socket(&world);
    let describe = |target: &str| {
        let described = "X-Original-Method: GET\r\nX-Original-Host: shop.example\r\n";
        let headers = format!("X-Authentication: {token}\r\nX-Original-URI: {target}\r\n{described}");
        Client::connect_unix(&path).get("/v1/authorize", &headers).status
    };
    let server = on(&world, &[&unix], &["--forward-auth", "nginx", "--trusted-proxies", "unix"]);
    assert_eq!([describe("/a"), describe("/b")], [200, 403]);
    drop(server.stop(Signal::KILL));
    let _server = on(&world, &[&unix], &["--forward-auth", "nginx"]);
    assert_eq!([describe("/a"), describe("/b")], [403, 403], "loopback proxies only");
}

#[test]
fn connections_of_a_unix_socket_have_limits_too() {
    let world = World::new();
    let (path, unix) = socket(&world);
    let server = on(&world, &[&unix], &["--max-connections", "10", "--head-timeout", "1"]);
    let mut silent = Client::connect_unix(&path);
    assert!(silent.is_closed());
    let mut idle: Vec<_> = (0..10).map(|_| Client::connect_unix(&path)).collect();
    for client in &mut idle {
        assert_eq!(client.get("/livez", "").status, 200);
    }
    // One of them has to make room.
    assert_eq!(Client::connect_unix(&path).get("/livez", "").status, 200);
    drop((idle, server));
}

/// Runs a server with `sockets` as systemd passes them: from descriptor 3 on, with its own process
/// in the environment.
fn activated(world: &World, sockets: &[(&str, i32)], arguments: &[&str]) -> Server {
    let server = world.command(&["server"]);
    let mut command = Command::new("/bin/bash");
    command.env_clear().envs(server.get_envs().filter_map(|(name, value)| Some((name, value?))));
    let names: Vec<_> = sockets.iter().map(|(name, _)| *name).collect();
    // First far away, so that no descriptor is overwritten before it is copied.
    let away = sockets.iter().enumerate().map(|(at, (_, fd))| format!("exec {}<&{fd};", at + 40));
    let back = sockets.iter().enumerate().map(|(at, _)| format!("exec {}<&{};", at + 3, at + 40));
    let moves: String = away.chain(back).collect();
    let script = format!(
        "{moves} export LISTEN_PID=$$ LISTEN_FDS={} LISTEN_FDNAMES={}; exec \"$0\" \"$@\"",
        sockets.len(),
        names.join(":")
    );
    command.args(["-c", &script]).arg(server.get_program()).args(server.get_args()).args(arguments);
    command.current_dir(world.path());
    Server::start(command)
}

/// Lets a child process have a descriptor.
fn inherited(socket: &impl std::os::fd::AsFd) {
    rustix::io::fcntl_setfd(socket, rustix::io::FdFlags::empty()).unwrap();
}

#[test]
fn sockets_of_systemd_are_served_and_outlive_the_server() {
    let (world, token) = World::with_token("my_app");
    let (path, _) = socket(&world);
    let authority = Authority::new();
    let [cert, key] = authority.issue("localhost").write(world.path(), "server");
    let tls = ["--tls-cert", cert.to_str().unwrap(), "--tls-key", key.to_str().unwrap()];
    let tcp = TcpListener::bind("127.0.0.1:0").unwrap();
    let encrypted = TcpListener::bind("127.0.0.1:0").unwrap();
    let unix = UnixListener::bind(&path).unwrap();
    inherited(&tcp);
    inherited(&encrypted);
    inherited(&unix);
    let passed = [("jerakia.socket", tcp.as_raw_fd()), ("https", encrypted.as_raw_fd()), ("", unix.as_raw_fd())];
    let address = |it: &TcpListener| it.local_addr().unwrap().to_string();
    for round in 0..2 {
        let server = activated(&world, &passed, &tls);
        assert_eq!(server.authorize(&token).status, 200, "round {round}");
        let https = authority.client(None, &[]);
        assert_eq!(Client::connect_tls(&address(&encrypted), &https).authorize(&token).status, 200);
        assert_eq!(Client::connect_unix(&path).authorize(&token).status, 200);
        assert_eq!(server.listening("http://"), address(&tcp));
        let (status, log) = server.stop(Signal::TERM);
        assert_eq!((status.code(), log.matches("listening on").count()), (Some(0), 3), "no default address: {log}");
        assert!(path.exists());
        // Begun while no server runs, for the next one.
        let mut waiting = Client::connect(&address(&tcp));
        waiting.write("GET /livez HTTP/1.1\r\nHost: h\r\n\r\n");
        let server = activated(&world, &passed, &tls);
        assert_eq!(waiting.read().status, 200);
        drop(server.stop(Signal::TERM));
    }
}

#[test]
fn a_descriptor_that_does_not_listen_is_refused() {
    let world = World::new();
    let bound = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    inherited(&bound);
    let script = format!("exec 3<&{}; export LISTEN_PID=$$ LISTEN_FDS=1; exec \"$0\" \"$@\"", bound.as_raw_fd());
    let server = world.command(&["server"]);
    let mut command = Command::new("/bin/bash");
    command.env_clear().envs(server.get_envs().filter_map(|(name, value)| Some((name, value?))));
    command.args(["-c", &script]).arg(server.get_program()).args(server.get_args()).current_dir(world.path());
    let ran = Ran::of(command.output().unwrap());
    assert_eq!(ran.code, Some(1), "{}", ran.stderr);
    assert!(ran.stderr.contains("systemd") && ran.stderr.contains("does not listen"), "{}", ran.stderr);
}

#[test]
fn an_address_that_cannot_be_used_is_named() {
    let world = World::new();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", taken.local_addr().unwrap());
    let ran = refused(&world, &format!("http://127.0.0.1:0,{address}"), &[]);
    assert!(ran.stderr.contains(&format!("can't listen on {address}: Address already in use")), "{}", ran.stderr);
    let ran = refused(&world, "https://127.0.0.1:0", &[]);
    assert!(ran.stderr.contains("set server.tls_cert and server.tls_key"), "{}", ran.stderr);
    let ran = refused(&world, "127.0.0.1:0", &[]);
    assert!(ran.code == Some(2) && ran.stderr.contains("such as http://127.0.0.1:9843"), "{}", ran.stderr);
    let nowhere: &Path = &world.path().join("nowhere/jerakia.sock");
    let ran = refused(&world, &format!("unix:{}", nowhere.display()), &[]);
    assert!(ran.stderr.contains("No such file or directory"), "{}", ran.stderr);
}
