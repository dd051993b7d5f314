//! The addresses that a server listens on.

use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;

/// Where to listen, and by which protocol.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Address {
    /// HTTP/1.1 without TLS. Port 0 picks a free one.
    Http(SocketAddr),
    /// HTTP/1.1 and HTTP/2 over TLS. Port 0 picks a free one.
    Https(SocketAddr),
    /// HTTP/1.1 on a Unix socket.
    Unix(PathBuf),
}

impl Address {
    /// Whether requests to it cross a network without encryption.
    pub(super) fn is_readable_on_its_way(&self) -> bool {
        matches!(self, Self::Http(at) if !at.ip().to_canonical().is_loopback())
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Http(at) => write!(f, "http://{at}"),
            Self::Https(at) => write!(f, "https://{at}"),
            Self::Unix(path) => write!(f, "unix:{}", path.display()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_loopback_and_tls_keep_requests_private() {
        let http = |at: &str| Address::Http(at.parse().unwrap());
        for private in ["127.0.0.1:1", "127.9.9.9:1", "[::1]:1", "[::ffff:127.0.0.1]:1"] {
            assert!(!http(private).is_readable_on_its_way(), "{private}");
        }
        for readable in ["0.0.0.0:1", "[::]:1", "10.0.0.1:1", "[2001:db8::1]:1"] {
            assert!(http(readable).is_readable_on_its_way(), "{readable}");
            assert!(!Address::Https(readable.parse().unwrap()).is_readable_on_its_way());
        }
        assert!(!Address::Unix("/run/jerakia.sock".into()).is_readable_on_its_way());
    }
}
