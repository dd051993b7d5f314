//! Proxies that tests run: where they are installed, their addresses and configurations.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::Path;
use std::process::{self, Command};
use std::sync::atomic::{AtomicU16, Ordering};

/// Replaces `from`, which must occur once in `text`, by `to`.
#[must_use]
pub fn replaced(text: &str, from: &str, to: &str) -> String {
    assert_eq!(text.matches(from).count(), 1, "{from} in\n{text}");
    text.replace(from, to)
}

/// A program that `scripts/proxies.sh` installs: from Debian, or into target/proxies.
pub fn program(name: &str) -> Command {
    let own = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/proxies/bin").join(name);
    let places = [own, Path::new("/usr/sbin").join(name)];
    let found = places.iter().find(|it| it.is_file());
    Command::new(found.unwrap_or_else(|| panic!("{name} is not installed: scripts/proxies.sh installs it")))
}

/// A free address. Its port is below those that the kernel hands out, so that it stays free until
/// the proxy has started.
pub fn free() -> SocketAddr {
    static TAKEN: AtomicU16 = AtomicU16::new(0);
    let first = process::id() % 10_000;
    loop {
        let next = first + u32::from(TAKEN.fetch_add(1, Ordering::Relaxed));
        let port = 20_000 + u16::try_from(next % 12_000).unwrap();
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        if TcpListener::bind(address).is_ok() {
            return address;
        }
    }
}
