//! The README's nginx snippet, in front of a service, with the real nginx.

use crate::harness::{Client, Response, Server, World};
use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// How long nginx may take to start.
const MAX_WAIT: Duration = Duration::from_secs(20);

/// nginx, until it is dropped.
struct Nginx {
    process: Child,
    address: SocketAddr,
}

impl Nginx {
    /// Runs the snippet of the README, in front of `service` and with `server` behind it.
    fn start(world: &World, server: &Server, service: SocketAddr) -> Self {
        let address = free();
        let readme = include_str!("../README.md");
        let (_, snippet) = readme.split_once("```nginx\n").unwrap();
        let (snippet, _) = snippet.split_once("```").unwrap();
        let snippet = replaced(snippet, "127.0.0.1:9843", &server.address().to_string());
        let snippet = replaced(&snippet, "127.0.0.1:8000", &service.to_string());
        let snippet = replaced(&snippet, "listen 8080", &format!("listen {address}"));
        let paths = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map(|it| format!("{it}_temp_path {it};"));
        let main = "daemon off; master_process off; pid nginx.pid; error_log stderr warn; events {}";
        let path = world.path().join("nginx.conf");
        fs::write(&path, format!("{main}\nhttp {{ access_log off; {}\n{snippet}}}\n", paths.join(" "))).unwrap();
        let mut command = Command::new("nginx");
        command.env("PATH", "/usr/sbin:/usr/local/sbin:/usr/bin").arg("-c").arg(&path).arg("-p").arg(world.path());
        let process =
            command.stdin(Stdio::null()).spawn().expect("nginx is not installed: scripts/nginx.sh installs it");
        let mut nginx = Self { process, address };
        nginx.wait();
        nginx
    }

    fn wait(&mut self) {
        let start = Instant::now();
        while TcpStream::connect(self.address).is_err() {
            assert_eq!(self.process.try_wait().unwrap(), None, "it has ended");
            assert!(start.elapsed() < MAX_WAIT, "it does not listen");
            thread::yield_now();
        }
    }

    fn send(&self, line: &str, headers: &str) -> Response {
        let mut client = Client::connect(&self.address.to_string());
        client.send(format!("{line} HTTP/1.1\r\nHost: anything\r\n{headers}\r\n"))
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        drop(self.process.kill());
        drop(self.process.wait());
    }
}

fn replaced(text: &str, from: &str, to: &str) -> String {
    assert!(text.contains(from), "{from} is not in\n{text}");
    text.replace(from, to)
}

fn free() -> SocketAddr {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap()
}

/// A service that answers with the head of the request.
fn service() -> SocketAddr {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = BufReader::new(stream.unwrap());
            let mut head = String::new();
            while !head.ends_with("\r\n\r\n") && stream.read_line(&mut head).unwrap() > 0 {}
            let answer =
                format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{head}", head.len());
            stream.get_mut().write_all(answer.as_bytes()).unwrap();
        }
    });
    address
}

/// Connections to `address` in any state, counted at their clients' end.
fn connections_to(address: SocketAddr) -> usize {
    let to = format!("0100007F:{:04X}", address.port());
    let table = fs::read_to_string("/proc/net/tcp").unwrap();
    table.lines().filter(|line| line.split_whitespace().nth(2) == Some(&to)).count()
}

struct Protected {
    world: World,
    server: Server,
    nginx: Nginx,
    token: String,
}

impl Protected {
    fn start() -> Self {
        let (world, token) = World::with_token("my_app");
        let server = world.server_with(&["--forward-auth", "nginx"]);
        let nginx = Nginx::start(&world, &server, service());
        Self { nginx, server, world, token }
    }

    fn send(&self, line: &str) -> Response {
        self.nginx.send(line, &format!("X-Authentication: {}\r\n", self.token))
    }
}

#[test]
fn a_token_reaches_the_service_as_its_api_id() {
    let it = Protected::start();
    for credential in [format!("X-Authentication: {}", it.token), format!("Authorization: Bearer {}", it.token)] {
        let forged = "X-Jerakia-Api-Id: admin\r\nX_Jerakia_Api_Id: admin\r\nX-Jerakia-Expires: never\r\n";
        let answer = it.nginx.send("POST /a?b", &format!("{credential}\r\n{forged}Content-Length: 0\r\n"));
        let seen = answer.text().to_ascii_lowercase();
        assert_eq!(answer.status, 200, "{answer:?}");
        assert!(seen.starts_with("post /a?b ") && seen.contains("x-jerakia-api-id: my_app"), "{seen}");
        assert!(!seen.contains("admin") && !seen.contains("expires") && !seen.contains(&it.token[7..]), "{seen}");
    }
    assert_eq!(it.nginx.send("GET /", "").status, 401);
    assert_eq!(it.nginx.send("GET /", &format!("X-Authentication: my_app:{}\r\n", "0".repeat(80))).status, 401);
    it.world.done(&["token", "disable", "my_app"]);
    assert_eq!(it.send("GET /a").status, 401, "from the next request on");
}

#[test]
fn grants_are_judged_by_what_the_client_asked_nginx_for() {
    let it = Protected::start();
    it.world.set_grants("my_app", &["http:GET:shop.example/public/**", "http:PUT:shop.example/*"]);
    for (line, status) in [
        ("GET /public/a?b", 200),
        ("GET /p%75blic/a", 200),
        ("PUT /a", 200),
        ("POST /public/a", 403),
        ("GET /admin", 403),
        ("GET /public/../admin", 403),
        ("GET /public//../admin", 403),
        ("GET /public/%2e%2e/admin", 403),
        ("GET /public/a%2fb", 403),
        ("GET /public/a;b", 403),
    ] {
        assert_eq!(it.send(line).status, status, "{line}");
    }
    let forged = "X-Original-URI: /public/a\r\nX-Original-Host: shop.example\r\nX-Original-Method: GET\r\n\
        X-Forwarded-Uri: /public/a\r\nX-Forwarded-Host: shop.example\r\nX-Forwarded-Method: GET\r\n";
    let headers = format!("X-Authentication: {}\r\n{forged}", it.token);
    assert_eq!(it.nginx.send("GET /admin", &headers).status, 403);
    assert_eq!(it.nginx.send("GET /authorize", &headers).status, 404, "it is internal");
}

#[test]
fn nginx_keeps_its_connection_to_the_server() {
    let it = Protected::start();
    for _ in 0..20 {
        assert_eq!(it.send("GET /a").status, 200);
        assert_eq!(it.nginx.send("GET /a", "").status, 401);
    }
    assert_eq!(connections_to(it.server.address()), 1);
}

#[test]
fn a_server_that_is_down_lets_nobody_through() {
    let it = Protected::start();
    assert_eq!(it.send("GET /a").status, 200);
    drop(it.server);
    assert_eq!(it.nginx.send("GET /a", &format!("X-Authentication: {}\r\n", it.token)).status, 500);
}
