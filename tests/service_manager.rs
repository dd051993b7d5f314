//! A service manager such as systemd learns what the server does, and restarts one that hangs.

use crate::harness::{Server, World};
use rustix::process::Signal;
use std::fs;
use std::os::unix::net::UnixDatagram;
use std::process::Command;
use std::time::{Duration, Instant};

/// The longest wait for a notification.
const MAX_WAIT: Duration = Duration::from_secs(20);

/// The end of the service manager.
struct Manager(UnixDatagram);

impl Manager {
    fn of(world: &World, command: &mut Command) -> Self {
        let path = world.path().join("notify");
        let socket = UnixDatagram::bind(&path).unwrap();
        socket.set_read_timeout(Some(MAX_WAIT)).unwrap();
        command.env("NOTIFY_SOCKET", path);
        Self(socket)
    }

    fn next(&self) -> String {
        let mut buffer = [0; 4096];
        let length = self.0.recv(&mut buffer).expect("a notification");
        String::from_utf8(buffer[..length].to_vec()).unwrap()
    }

    /// Skips others until one with a line that begins with `start`.
    fn wait_for(&self, start: &str) -> String {
        let begun = Instant::now();
        while begun.elapsed() < MAX_WAIT {
            let message = self.next();
            if message.lines().any(|it| it.starts_with(start)) {
                return message;
            }
        }
        panic!("no {start} within {MAX_WAIT:?}");
    }
}

fn supervised(world: &World) -> (Server, Manager) {
    let mut command = world.command(&["server", "--port", "0"]);
    command.env("WATCHDOG_USEC", "300000");
    let manager = Manager::of(world, &mut command);
    (Server::start(command), manager)
}

#[test]
fn a_service_manager_learns_that_the_server_is_ready_reloads_and_stops() {
    let world = World::new();
    let (server, manager) = supervised(&world);
    assert_eq!(manager.wait_for("READY="), "READY=1\n");
    assert_eq!(manager.wait_for("STATUS="), "STATUS=deciding\n");
    assert_eq!(server.client().get("/readyz", "").status, 200);
    server.signal(Signal::HUP);
    let reload = manager.wait_for("RELOADING=1");
    assert!(reload.contains("\nMONOTONIC_USEC="), "{reload}");
    assert_eq!(manager.wait_for("READY="), "READY=1\n");
    server.signal(Signal::TERM);
    let stop = manager.wait_for("STOPPING=1");
    assert!(stop.contains("EXTEND_TIMEOUT_USEC=70000000\n"), "{stop}");
    assert_eq!(server.wait().0.code(), Some(0));
}

#[test]
fn the_watchdog_is_fed_by_a_server_that_has_lost_its_database() {
    let world = World::new();
    let (server, manager) = supervised(&world);
    manager.wait_for("WATCHDOG=1");
    fs::rename(world.databasedir(), world.path().join("elsewhere")).unwrap();
    let status = manager.wait_for("STATUS=can't decide");
    assert!(status.contains("was moved, replaced or deleted"), "{status}");
    assert_eq!(server.client().get("/readyz", "").status, 503);
    for _ in 0..3 {
        manager.wait_for("WATCHDOG=1");
    }
    assert!(!server.log().contains("the watchdog is not fed"), "{}", server.log());
}

#[test]
fn a_service_manager_that_is_gone_does_not_stop_the_server() {
    let (world, token) = World::with_token("my_app");
    let mut command = world.command(&["server", "--port", "0"]);
    command.env("NOTIFY_SOCKET", world.path().join("nothing"));
    let server = Server::start(command);
    assert_eq!(server.authorize(&token).status, 200);
    server.wait_for_log("the service manager can't be notified");
}
