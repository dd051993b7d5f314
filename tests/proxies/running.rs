//! A proxy, as a process of its own.

use crate::harness::{Client, Response};
use socket2::{Domain, Socket, Type};
use std::fs::{self, File};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// How long a proxy may take to start.
const MAX_WAIT: Duration = Duration::from_secs(20);

/// The address of clients: the server trusts proxies on 127.0.0.1 only.
pub const CLIENT: IpAddr = IpAddr::V4(Ipv4Addr::new(127, 0, 0, 2));

/// A proxy, until it is dropped.
pub struct Running {
    process: Child,
    address: SocketAddr,
    log: PathBuf,
}

impl Running {
    /// Starts a proxy in `directory`, and waits until it reaches the server.
    pub fn start(mut command: Command, address: SocketAddr, directory: &Path) -> Self {
        let log = directory.join("proxy.log");
        let file = File::create(&log).unwrap();
        command.env_clear().env("PATH", "/usr/bin:/bin").env("HOME", directory).current_dir(directory);
        command.stdin(Stdio::null()).stdout(file.try_clone().unwrap()).stderr(file);
        let mut running = Self { process: command.spawn().unwrap(), address, log };
        let start = Instant::now();
        // Traefik listens before it has read all of its configuration.
        while running.connect("shop.example", "GET /", "", "").is_none_or(|it| it.status != 401) {
            assert_eq!(running.process.try_wait().unwrap(), None, "it has ended: {}", running.log());
            assert!(start.elapsed() < MAX_WAIT, "it does not serve: {}", running.log());
            thread::sleep(Duration::from_millis(5));
        }
        running
    }

    /// A request for the service, on a connection of its own.
    pub fn send(&self, line: &str, headers: &str) -> Response {
        self.send_to("shop.example", line, headers)
    }

    pub fn post(&self, path: &str, headers: &str, body: &str) -> Response {
        let headers = format!("{headers}Content-Length: {}\r\n", body.len());
        self.connect("shop.example", &format!("POST {path}"), &headers, body).unwrap()
    }

    /// A request of a client at another address.
    pub fn send_from(&self, client: Ipv4Addr, line: &str, headers: &str) -> Response {
        self.connect_from(client.into(), "shop.example", line, headers, "").unwrap()
    }

    pub fn send_to(&self, host: &str, line: &str, headers: &str) -> Response {
        self.connect(host, line, headers, "").unwrap_or_else(|| panic!("it does not listen: {}", self.log()))
    }

    /// None if the proxy does not listen.
    fn connect(&self, host: &str, line: &str, headers: &str, body: &str) -> Option<Response> {
        self.connect_from(CLIENT, host, line, headers, body)
    }

    fn connect_from(&self, client: IpAddr, host: &str, line: &str, headers: &str, body: &str) -> Option<Response> {
        let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
        socket.bind(&SocketAddr::new(client, 0).into()).unwrap();
        socket.connect(&self.address.into()).ok()?;
        let request = format!("{line} HTTP/1.1\r\nHost: {host}\r\n{headers}\r\n{body}");
        Some(Client::on(socket.into()).send(request))
    }

    /// `shop.example` and its port, as clients name it.
    pub fn host(&self) -> String {
        format!("shop.example:{}", self.address.port())
    }

    /// Its log.
    pub fn log(&self) -> String {
        String::from_utf8_lossy(&fs::read(&self.log).unwrap()).into_owned()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        drop(self.process.kill());
        drop(self.process.wait());
    }
}
