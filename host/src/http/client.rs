//! The client of a request: its address, also behind trusted proxies.

use crate::log_limit;
use axum::http::HeaderMap;
use ipnet::IpNet;
use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::str::FromStr;
use std::sync::Arc;

const FORWARDED_FOR: &str = "X-Forwarded-For";

/// A proxy whose headers are believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TrustedProxy {
    /// All peers in a network.
    Network(IpNet),
    /// All peers on a Unix socket.
    Unix,
}

impl TrustedProxy {
    /// All proxies on this machine that connect by IP.
    #[must_use]
    pub fn loopback() -> Vec<Self> {
        [IpNet::new_assert([127, 0, 0, 0].into(), 8), IpNet::new_assert(IpAddr::from([0, 0, 0, 0, 0, 0, 0, 1]), 128)]
            .map(Self::Network)
            .into()
    }
}

/// A text that is not `unix`, a network or an address.
#[derive(Debug, thiserror::Error)]
#[error("use unix, a network such as 10.0.0.0/8, or an address")]
pub struct BadTrustedProxy;

/// `unix`, a network in CIDR notation, or an address.
impl FromStr for TrustedProxy {
    type Err = BadTrustedProxy;

    fn from_str(text: &str) -> Result<Self, BadTrustedProxy> {
        if text == "unix" {
            return Ok(Self::Unix);
        }
        let network = text.parse().or_else(|_| text.parse::<IpAddr>().map(IpNet::from));
        network.map(|it: IpNet| Self::Network(it.trunc())).map_err(|_| BadTrustedProxy)
    }
}

impl fmt::Display for TrustedProxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Network(network) => network.fmt(f),
            Self::Unix => f.write_str("unix"),
        }
    }
}

/// The other end of a connection.
#[derive(Clone)]
pub(super) struct Peer {
    address: Option<IpAddr>,
    trusted: Arc<[TrustedProxy]>,
    is_proxy: bool,
}

impl Peer {
    /// `address`: none for a Unix socket.
    pub(super) fn new(address: Option<SocketAddr>, trusted: Arc<[TrustedProxy]>) -> Self {
        let address = address.map(|it| it.ip().to_canonical());
        let is_proxy = includes(&trusted, address);
        Self { address, trusted, is_proxy }
    }

    /// Whether it is a trusted proxy.
    pub(super) fn is_proxy(&self) -> bool {
        self.is_proxy
    }

    /// The client of a request with `headers`.
    pub(super) fn client(&self, headers: &HeaderMap) -> Client {
        let of = |address, is_own| Client { address, is_proxy: self.is_proxy, is_own };
        if !headers.contains_key(FORWARDED_FOR) {
            return of(self.address, !self.is_proxy);
        }
        if !self.is_proxy {
            if log_limit::UNTRUSTED_ADDRESSES.is_first() {
                let peer = self.address.map(tracing::field::display);
                tracing::warn!(peer, "{FORWARDED_FOR} is ignored: the peer is not in server.trusted_proxies");
            }
            return of(self.address, true);
        }
        let address = rightmost(headers, &self.trusted);
        of(address, !includes(&self.trusted, address))
    }
}

/// The client of a request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Client {
    /// The rightmost address in X-Forwarded-For that is not a trusted proxy's, where a
    /// trusted proxy sent the request; else that of the connection. None when it has none
    /// or a trusted proxy does not know it.
    pub address: Option<IpAddr>,
    /// Whether a trusted proxy sent the request.
    pub is_proxy: bool,
    /// Whether `address` is not a trusted proxy's.
    is_own: bool,
}

impl Client {
    /// Its address, if that is known and not a trusted proxy's, behind which there can be many.
    pub(super) fn own_address(&self) -> Option<IpAddr> {
        self.address.filter(|_| self.is_own)
    }
}

/// The client's address, found from the right: only entries that trusted proxies wrote are
/// believed. The leftmost if all are trusted; none if a trusted proxy wrote no address.
fn rightmost(headers: &HeaderMap, trusted: &[TrustedProxy]) -> Option<IpAddr> {
    let mut last = None;
    for value in headers.get_all(FORWARDED_FOR).iter().rev() {
        for entry in value.as_bytes().rsplit(|it| *it == b',') {
            last = Some(address(std::str::from_utf8(entry).ok()?.trim())?);
            if !includes(trusted, last) {
                return last;
            }
        }
    }
    last
}

/// An address, with or without brackets and port.
fn address(text: &str) -> Option<IpAddr> {
    let bare = text.strip_prefix('[').and_then(|it| it.strip_suffix(']')).unwrap_or(text);
    let address = bare.parse().ok().or_else(|| text.parse::<SocketAddr>().ok().map(|it| it.ip()));
    address.map(|it: IpAddr| it.to_canonical())
}

fn includes(trusted: &[TrustedProxy], address: Option<IpAddr>) -> bool {
    trusted.iter().any(|it| match (it, address) {
        (TrustedProxy::Network(network), Some(address)) => network.contains(&address),
        (TrustedProxy::Unix, None) => true,
        _ => false,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    fn proxies(texts: &[&str]) -> Arc<[TrustedProxy]> {
        texts.iter().map(|it| it.parse().unwrap()).collect()
    }

    fn headers(values: &[&[u8]]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(FORWARDED_FOR, HeaderValue::from_bytes(value).unwrap());
        }
        headers
    }

    /// What is found of a client behind 10.0.0.1 when 10.0.0.0/8 and fd00::/8 are trusted.
    fn behind(values: &[&[u8]]) -> Option<String> {
        let peer = Peer::new(Some(([10, 0, 0, 1], 1).into()), proxies(&["10.0.0.0/8", "fd00::/8"]));
        peer.client(&headers(values)).address.map(|it| it.to_string())
    }

    #[test]
    fn the_client_is_the_rightmost_that_is_not_trusted() {
        for (values, expected) in [
            (&[][..], "10.0.0.1"),
            (&[&b"1.2.3.4"[..]], "1.2.3.4"),
            (&[b"6.6.6.6, 1.2.3.4"], "1.2.3.4"),
            (&[b"6.6.6.6,1.2.3.4 , 10.9.9.9,10.8.8.8"], "1.2.3.4"),
            (&[b"6.6.6.6", b"1.2.3.4", b"10.9.9.9"], "1.2.3.4"),
            (&[b"garbage, 1.2.3.4"], "1.2.3.4"),
            (&[b"\xff, 1.2.3.4"], "1.2.3.4"),
            (&[b"10.7.7.7, 10.8.8.8"], "10.7.7.7"),
            (&[b"1.2.3.4:5678"], "1.2.3.4"),
            (&[b"2001:DB8::1, fd00::1"], "2001:db8::1"),
            (&[b"[2001:db8::1]"], "2001:db8::1"),
            (&[b"[2001:db8::1]:443"], "2001:db8::1"),
            (&[b"::ffff:1.2.3.4, ::ffff:10.1.1.1"], "1.2.3.4"),
        ] {
            assert_eq!(behind(values).as_deref(), Some(expected), "{values:?}");
        }
        for unknown in [&b""[..], b"unknown", b"1.2.3.4, _hidden", b"1.2.3.4,", b"1.2.3.4, \xff, 10.1.1.1"] {
            assert_eq!(behind(&[unknown]), None, "{unknown:?}");
        }
    }

    #[test]
    fn others_are_not_believed() {
        let forwarded = headers(&[b"1.2.3.4"]);
        let client = |peer: Option<[u8; 4]>, trusted: &[&str]| {
            Peer::new(peer.map(|it| (it, 1).into()), proxies(trusted)).client(&forwarded)
        };
        let believed = Client { address: Some([1, 2, 3, 4].into()), is_proxy: true, is_own: true };
        let direct = |address: [u8; 4]| Client { address: Some(address.into()), is_proxy: false, is_own: true };
        assert_eq!(client(Some([11, 0, 0, 1]), &["10.0.0.0/8", "unix"]), direct([11, 0, 0, 1]));
        assert_eq!(client(Some([127, 0, 0, 1]), &[]), direct([127, 0, 0, 1]));
        assert_eq!(client(Some([10, 0, 0, 1]), &["10.0.0.1"]), believed);
        assert_eq!(client(None, &["unix"]), believed);
        assert_eq!(client(None, &["0.0.0.0/0", "::/0"]).own_address(), None);
    }

    #[test]
    fn the_address_of_a_proxy_is_not_its_clients_own() {
        let own = |peer: Option<[u8; 4]>, values: &[&[u8]]| {
            let peer = Peer::new(peer.map(|it| (it, 1).into()), proxies(&["10.0.0.0/8", "unix"]));
            peer.client(&headers(values)).own_address().map(|it| it.to_string())
        };
        for peer in [Some([10, 0, 0, 1]), None] {
            assert_eq!(own(peer, &[b"6.6.6.6, 1.2.3.4, 10.1.1.1"]).as_deref(), Some("1.2.3.4"));
            for unknown in [&[][..], &[&b"10.7.7.7"[..]], &[b"1.2.3.4, unknown"], &[b""]] {
                assert_eq!(own(peer, unknown), None, "{unknown:?}");
            }
        }
        assert_eq!(own(Some([11, 0, 0, 1]), &[b"10.7.7.7"]).as_deref(), Some("11.0.0.1"));
        assert_eq!(own(Some([11, 0, 0, 1]), &[]).as_deref(), Some("11.0.0.1"));
        let peer = Peer::new(None, proxies(&["10.0.0.0/8"]));
        assert_eq!(peer.client(&headers(&[b"1.2.3.4"])).own_address(), None, "a client on a Unix socket has none");
    }

    #[test]
    fn trusted_proxies_are_networks_addresses_and_unix() {
        let spelled = |it: &str| it.parse::<TrustedProxy>().map(|it| it.to_string());
        assert_eq!(spelled("10.1.2.3/8").unwrap(), "10.0.0.0/8");
        assert_eq!(spelled("10.1.2.3").unwrap(), "10.1.2.3/32");
        assert_eq!(spelled("::1").unwrap(), "::1/128");
        assert_eq!(spelled("unix").unwrap(), "unix");
        for bad in ["", "10.0.0.0/33", "loopback", "Unix", "10.0.0.0/8 "] {
            assert!(spelled(bad).is_err(), "{bad:?}");
        }
        let loopback: Vec<_> = TrustedProxy::loopback().iter().map(ToString::to_string).collect();
        assert_eq!(loopback, ["127.0.0.0/8", "::1/128"]);
    }
}
