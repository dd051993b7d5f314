//! Runs the configurations that `jerakia integrate` prints, with the real proxies in front of a
//! service. All proxies go through the same scenarios; each has a file that says how it is run,
//! with the tests that are its own.

mod caddy;
mod envoy;
mod haproxy;
mod nginx;
mod running;
mod scenarios;
mod service;
mod traefik;

use crate::harness::{Response, Server, World, free, program, replaced};
use running::Running;
use service::Service;
use std::fs;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::Command;

/// How one of the proxies is run.
struct Proxy {
    /// As in `server.forward_auth` and `jerakia integrate`.
    name: &'static str,
    /// The command that runs it. Writes its files.
    command: fn(&Files) -> Command,
    /// Its answer when the server is down, and when the server does not answer.
    down: u16,
    stuck: u16,
    /// Its answer to a client that had too many failures.
    flood: u16,
    /// Whether the service and the server's log get an id of the request from it.
    names_requests: bool,
    /// How long it waits for the server: seconds, with room for a busy machine.
    patience: u64,
}

/// The input of a proxy's configuration.
struct Files<'a> {
    world: &'a World,
    server: SocketAddr,
    service: SocketAddr,
    /// The address that the proxy listens on.
    listen: SocketAddr,
}

impl Files<'_> {
    /// What `jerakia integrate` prints for our service.
    fn printed(&self, name: &str) -> String {
        let mut command = self.world.command(&["integrate", name]);
        command.env("JERAKIA_SERVER_PORT", self.server.port().to_string());
        command.env("JERAKIA_SERVER_FORWARD_AUTH", name.split('-').next().unwrap());
        let output = command.output().unwrap();
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap()
    }

    fn write(&self, name: &str, text: impl AsRef<[u8]>) -> PathBuf {
        let path = self.world.path().join(name);
        fs::write(&path, text).unwrap();
        path
    }
}

/// A service behind a proxy that asks a server.
struct ProtectedService {
    proxy: &'static Proxy,
    world: World,
    server: Server,
    running: Running,
    service: Service,
    token: String,
}

impl ProtectedService {
    fn behind(proxy: &'static Proxy) -> Self {
        let (world, token) = World::with_token("my_app");
        let arguments = ["--forward-auth", proxy.name, "--trusted-proxies", "127.0.0.1", "--access-log", "true"];
        let server = world.server_with(&arguments);
        let service = Service::start();
        let listen = free();
        let files = Files { world: &world, server: server.address(), service: service.address, listen };
        let running = Running::start((proxy.command)(&files), listen, world.path());
        Self { proxy, server, running, service, world, token }
    }

    /// A request with a token.
    fn send(&self, line: &str, headers: &str) -> Response {
        self.running.send(line, &format!("X-Authentication: {}\r\n{headers}", self.token))
    }

    /// How many requests have reached the service, and the answer's status.
    fn outcome(&self, line: &str, headers: &str) -> (usize, u16) {
        let before = self.service.count();
        let status = self.send(line, headers).status;
        (self.service.count() - before, status)
    }
}

/// The tests of a proxy.
macro_rules! tests_of {
    ($proxy:expr) => {
        #[test]
        fn the_service_gets_the_api_id_and_no_identity_that_a_client_sends() {
            super::scenarios::identity(&$proxy);
        }

        #[test]
        fn a_request_without_a_good_token_does_not_reach_the_service() {
            super::scenarios::tokens(&$proxy);
        }

        #[test]
        fn grants_are_compared_with_the_request_that_the_client_made() {
            super::scenarios::grants(&$proxy);
        }

        #[test]
        fn a_request_has_no_id_that_its_client_chose() {
            super::scenarios::request_ids(&$proxy);
        }

        #[test]
        fn a_client_with_too_many_failures_is_refused_and_others_are_served() {
            super::scenarios::floods(&$proxy);
        }

        #[test]
        fn while_the_server_is_stuck_or_down_requests_are_refused() {
            super::scenarios::outages(&$proxy);
        }
    };
}
use tests_of;
