//! SIGHUP: a server reads its settings and certificates again.

use crate::harness::{Authority, Client, Server, World};
use rustix::process::Signal;
use std::fs;
use std::time::{Duration, Instant};

/// A server with a configuration file.
struct Configured {
    world: World,
    server: Server,
}

impl Configured {
    fn with(world: World, file: &str, arguments: &[&str]) -> Self {
        let path = world.path().join("jerakia.yaml");
        fs::write(&path, file).unwrap();
        let mut command = world.command(&["server", "--port", "0", "--config", path.to_str().unwrap()]);
        command.args(arguments);
        Self { server: Server::start(command), world }
    }

    /// Replaces the file, and waits for a line of the log.
    fn reload(&self, file: &str, line: &str) -> String {
        fs::write(self.world.path().join("jerakia.yaml"), file).unwrap();
        self.server.signal(Signal::HUP);
        self.server.wait_for_log(line)
    }
}

#[test]
fn limits_change_for_new_connections() {
    let (world, token) = World::with_token("my_app");
    let served = Configured::with(world, "server: {idle_timeout: 75, max_connections: 50}\n", &[]);
    let mut old = served.server.client();
    assert_eq!(old.authorize(&token).status, 200);
    served.reload("server: {idle_timeout: 1, max_connections: 2}\n", "server.max_connections is 2 from now on");
    served.server.wait_for_log("server.idle_timeout is 1 from now on");
    let start = Instant::now();
    let mut new = served.server.client();
    assert_eq!(new.get("/livez", "").status, 200);
    assert!(new.is_closed() && start.elapsed() < Duration::from_secs(5));
    assert_eq!(old.authorize(&token).status, 200, "it keeps its limit");
    let more: Vec<_> = (0..3).map(|_| served.server.client()).collect();
    assert_eq!(served.server.authorize(&token).status, 200);
    assert!(old.is_closed(), "at most two");
    drop(more);
}

#[test]
fn the_access_log_is_switched_on_and_off() {
    let (world, _) = World::with_token("my_app");
    let served = Configured::with(world, "server: {access_log: false}\n", &[]);
    let get = |path: &str| assert_eq!(served.server.client().get(path, "").status, 404);
    get("/first");
    served.reload("server: {access_log: true}\n", "server.access_log is true from now on");
    get("/second");
    served.server.wait_for_log("/second");
    served.reload("server: {access_log: false}\n", "server.access_log is false from now on");
    get("/third");
    let (_, log) = served.server.stop(Signal::TERM);
    assert!(!log.contains("/first") && !log.contains("/third"), "{log}");
}

#[test]
fn the_level_of_the_log_changes() {
    let (world, _) = World::with_token("my_app");
    let served = Configured::with(world, "loglevel: error\n", &[]);
    let refuse = |path: &str| assert_eq!(served.server.client().get(path, "").status, 401);
    refuse("/v1/authorize/first");
    served.reload("loglevel: info\n", "loglevel is info from now on");
    refuse("/v1/authorize/second");
    served.server.wait_for_log("/v1/authorize/second");
    assert!(!served.server.log().contains("/v1/authorize/first"), "{}", served.server.log());
}

#[test]
fn trusted_proxies_change() {
    let (world, token) = World::with_token("my_app");
    world.set_grants("my_app", &["http:GET:shop.example/**"]);
    let file = |proxies: &str| format!("server: {{forward_auth: nginx, trusted_proxies: {proxies}}}\n");
    let served = Configured::with(world, &file("[]"), &[]);
    let ask = || {
        let described = "X-Original-Method: GET\r\nX-Original-Host: shop.example\r\nX-Original-URI: /a\r\n";
        let headers = format!("X-Authentication: {token}\r\n{described}");
        served.server.client().get("/v1/authorize", &headers).status
    };
    assert_eq!(ask(), 403);
    served.reload(&file("[127.0.0.1]"), "server.trusted_proxies is");
    let start = Instant::now();
    while ask() != 200 {
        assert!(start.elapsed() < Duration::from_secs(20));
    }
}

#[test]
fn what_needs_a_restart_is_said_each_time_and_bad_settings_change_nothing() {
    let (world, token) = World::with_token("my_app");
    let served = Configured::with(world, "server: {token_ttl: 100, idle_timeout: 75}\n", &[]);
    let line = served.reload("server: {token_ttl: 200, idle_timeout: 75}\n", "token_ttl");
    assert!(line.contains("WARN") && line.contains("server.token_ttl has changed: restart the server"), "{line}");
    let bad = "server: {token_ttl: 200, idle_timeout: 1, head_timeout: none}\n";
    let line = served.reload(bad, "the old ones stay in force");
    assert!(line.contains("ERROR") && line.contains("server.head_timeout") && line.contains("line 1"), "{line}");
    let line = served.reload("server: {idle_timeout: 1, tls_cert: /nowhere}\n", "tls_key is missing");
    assert!(line.contains("ERROR"), "{line}");
    assert!(!served.server.log().contains("idle_timeout is"), "{}", served.server.log());
    assert_eq!(served.server.log().matches("token_ttl has changed").count(), 1);
    served.reload("server: {token_ttl: 200, write_timeout: 7}\n", "write_timeout is 7 from now on");
    assert_eq!(served.server.log().matches("token_ttl has changed").count(), 2);
    assert_eq!(served.server.authorize(&token).status, 200);
}

#[test]
fn flags_still_win_and_secrets_are_not_logged() {
    let (world, token) = World::with_token("my_app");
    let served = Configured::with(world, "server: {idle_timeout: 5}\n", &["--idle-timeout", "60"]);
    let secret = token.replace("my_app", "other");
    let file = format!("server: {{idle_timeout: 6, body_timeout: 7, tokens: ['{secret}']}}\n");
    served.reload(&file, "server.body_timeout is 7");
    let line = served.server.wait_for_log("server.tokens has changed");
    assert!(!served.server.log().contains("idle_timeout is") && !served.server.log().contains(&secret[8..]), "{line}");
    assert_eq!(served.server.authorize(&secret).status, 401);
}

#[test]
fn certificates_are_read_at_once_and_from_other_files() {
    let (world, token) = World::with_token("my_app");
    let (old, new) = (Authority::new(), Authority::new());
    let [cert, key] = old.issue("localhost").write(world.path(), "old");
    let [new_cert, new_key] = new.issue("localhost").write(world.path(), "new");
    let file = |cert: &std::path::Path, key: &std::path::Path| {
        let (cert, key) = (cert.display(), key.display());
        format!("server: {{listen: ['https://127.0.0.1:0'], port: 1, tls_cert: {cert}, tls_key: {key}}}\n")
    };
    let path = world.path().join("jerakia.yaml");
    fs::write(&path, file(&cert, &key)).unwrap();
    let server = Server::start(world.command(&["server", "--config", path.to_str().unwrap()]));
    let served = Configured { world, server };
    let ask = |authority: &Authority| {
        let address = served.server.address().to_string();
        Client::connect_tls(&address, &authority.client(None, &[])).authorize(&token).status
    };
    assert_eq!(ask(&old), 200);
    let line = served.reload(&file(&new_cert, &key), "the old one stays in force");
    assert!(line.contains("must be the key of"), "{line}");
    assert_eq!(ask(&old), 200);
    served.reload(&file(&new_cert, &new_key), "the certificate was read again");
    assert_eq!(ask(&new), 200);
}
