//! Three servers on one PostgreSQL: an act that has returned is in force on all of them, whatever
//! happens to a server, to its connection, or to the database. Apart from the other end-to-end tests,
//! and one at a time: each keeps all processors and a lease must be renewed in time.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)]

mod balanced;
mod clients;
mod failover;
mod faults;
mod promise;

use clients::Clients;
use harness::{Database, Ran, Response, Server, World, size};
use jerakia_harness as harness;
use std::process::Command;
use std::sync::RwLockWriteGuard;
use std::thread;
use std::time::{Duration, Instant};

const CLIENTS: usize = 64;

/// The command that makes the clients' token.
const CREATE: [&str; 6] = ["token", "create", "my_app", "-q", "--grant", "http:**"];

/// Answers that are judged after each act.
const TRIALS: usize = 20;

/// The lease of these servers: short, so that the tests are.
const LEASE: Duration = Duration::from_secs(2);

/// The longest that an act may take: the lease and its margin, and some time to run a command on a
/// machine that the clients keep busy.
const LONGEST: Duration = Duration::from_millis(2500 + 5000);

/// Servers on one database, a token for clients, and one for the administrator.
struct Cluster {
    _alone: RwLockWriteGuard<'static, ()>,
    world: World,
    url: String,
    servers: Vec<Server>,
    token: String,
    admin: String,
}

impl Cluster {
    /// Three servers, which name themselves to PostgreSQL `node0` to `node2`.
    fn on(database: &Database) -> Self {
        Self::at([0, 1, 2].map(|_| database.url()))
    }

    /// One server for each URL of the database. Commands use the last one.
    fn at<const N: usize>(urls: [String; N]) -> Self {
        let url = urls.last().unwrap().clone();
        let mut cluster = Self {
            _alone: harness::quiet(),
            world: World::new(),
            url,
            servers: Vec::new(),
            token: String::new(),
            admin: String::new(),
        };
        cluster.admin = cluster.done(&["token", "create", "admin", "-q", "--grant", "**", "--grant", "tokens:**"]);
        cluster.token = cluster.done(&CREATE);
        for (number, url) in urls.iter().enumerate() {
            let server = cluster.start(number, url);
            cluster.servers.push(server);
        }
        cluster
    }

    fn start(&self, number: usize, url: &str) -> Server {
        let mut command = self.command(&["server", "--port", "0", "--admin-api", "true"]);
        command.env("JERAKIA_SERVER_LEASE", LEASE.as_secs().to_string());
        command.env("JERAKIA_DATABASE", url).env("PGAPPNAME", format!("node{number}"));
        command.args(["--max-failures", "10000"]);
        Server::start(command)
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = self.world.command(arguments);
        command.env_remove("JERAKIA_DATABASEDIR").env("JERAKIA_DATABASE", &self.url);
        command
    }

    fn run(&self, arguments: &[&str]) -> Ran {
        Ran::of(self.command(arguments).output().unwrap())
    }

    fn done(&self, arguments: &[&str]) -> String {
        let ran = self.run(arguments);
        assert_eq!(ran.code, Some(0), "{arguments:?}: {}", ran.stderr);
        ran.stdout.trim().to_owned()
    }

    /// The administrator's request to a server.
    fn post(&self, server: usize, path: &str) -> Response {
        let token = &self.admin;
        let head = format!("POST {path} HTTP/1.1\r\nHost: localhost\r\nX-Authentication: {token}\r\n");
        self.servers[server].client().send(format!("{head}Content-Length: 0\r\n\r\n"))
    }

    fn clients(&self) -> Clients {
        Clients::of(self.servers.iter().map(Server::address).collect(), &self.token)
    }

    /// Waits until a server answers the token with this status, though it was not restarted.
    fn wait_for(&self, server: usize, status: u16) {
        let headers = format!("X-Authentication: {}\r\n", self.token);
        self.servers[server].wait_for_status("/v1/authorize", &headers, status);
    }
}

/// What is measured while something is broken.
#[derive(Default)]
struct Measured {
    act: Duration,
    granted: Duration,
}

impl Measured {
    fn report(&self, fault: &str, trials: usize) {
        println!("{fault}: the longest act took {:?}; cut off, a server granted for {:?}", self.act, self.granted);
        crate::harness::report(&format!("cluster: {fault}"), trials, 0);
    }
}

/// Breaks something again and again while clients ask all servers, and disables their token each
/// time. `cut_off`: the server that hears nothing while the result of `break_it` lives.
fn break_repeatedly<T>(fault: &str, cluster: &Cluster, cut_off: Option<usize>, break_it: impl Fn() -> T) {
    let (clients, mut most) = (cluster.clients(), Measured::default());
    thread::scope(|scope| {
        let _stopping = clients.stopping();
        clients.start(scope, CLIENTS);
        for _ in 0..size(1, 25) {
            clients.order(TRIALS, &[200], || cluster.token.clone());
            let broken = break_it();
            let begun = Instant::now();
            clients.order(size(TRIALS, 400), &[401, 503], || {
                let ran = cluster.run(&["token", "disable", "my_app"]);
                assert_eq!(ran.code, Some(0), "{fault}: {}", ran.stderr);
                most.act = most.act.max(begun.elapsed());
                cluster.token.clone()
            });
            if let Some(server) = cut_off {
                most.granted = most.granted.max(clients.granted_after(server, begun));
            }
            drop(broken);
            (0..cluster.servers.len()).for_each(|it| cluster.wait_for(it, 401));
            clients.order(TRIALS, &[200], || {
                cluster.done(&["token", "enable", "my_app"]);
                (0..cluster.servers.len()).for_each(|it| cluster.wait_for(it, 200));
                cluster.token.clone()
            });
        }
    });
    most.report(fault, clients.all_right());
    assert!(most.granted <= LEASE, "{fault}: granted for {:?}", most.granted);
    assert!(most.act <= LONGEST, "{fault}: the act took {:?}", most.act);
}
