//! The command line of `jerakia health`.

use clap::Args;
use jerakia_host::listen::Address;
use std::str::FromStr;
use ureq::http::Uri;

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  jerakia health
  jerakia health --url https://jerakia.example.org
  jerakia health --url unix:/run/jerakia/jerakia.sock")]
pub struct HealthArgs {
    /// The server, by http:, https: or unix: [default: the first address that the settings name, without TLS if there is one]
    #[arg(id = "place", long = "url", value_name = "URL")]
    pub url: Option<Place>,

    /// How long to wait for the answer, in seconds
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u64).range(1..=60))]
    pub timeout: u64,
}

/// Where a server answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// `http://HOST:PORT` or `https://HOST:PORT`, with a path before the server's own if a proxy adds one.
    Url(String),
    /// The path of a Unix socket.
    Unix(String),
}

/// A text that is not a [`Place`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("use http://HOST:PORT, https://HOST:PORT or unix:/PATH")]
pub struct BadPlace;

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Url(url) => f.write_str(url),
            Self::Unix(path) => write!(f, "unix:{path}"),
        }
    }
}

impl FromStr for Place {
    type Err = BadPlace;

    fn from_str(text: &str) -> Result<Self, BadPlace> {
        if let Some(path) = text.strip_prefix("unix:") {
            return if path.starts_with('/') { Ok(Self::Unix(path.into())) } else { Err(BadPlace) };
        }
        let uri: Uri = text.parse().map_err(|_| BadPlace)?;
        let known = matches!(uri.scheme_str(), Some("http" | "https"));
        if known && uri.host().is_some_and(|it| !it.is_empty()) && !text.contains(['?', '#', '@']) {
            return Ok(Self::Url(text.trim_end_matches('/').into()));
        }
        Err(BadPlace)
    }
}

impl Place {
    /// Where a process on this machine reaches a server that listens on `address`. None if the
    /// system picks the port.
    pub fn of(address: &Address) -> Option<Self> {
        let (scheme, mut at) = match address {
            Address::Unix(path) => return Some(Self::Unix(path.to_str()?.into())),
            Address::Http(at) => ("http", *at),
            Address::Https(at) => ("https", *at),
        };
        if at.ip().is_unspecified() {
            let loopback = |it: std::net::IpAddr| match it {
                std::net::IpAddr::V4(_) => std::net::Ipv4Addr::LOCALHOST.into(),
                std::net::IpAddr::V6(_) => std::net::Ipv6Addr::LOCALHOST.into(),
            };
            at.set_ip(loopback(at.ip()));
        }
        (at.port() != 0).then(|| Self::Url(format!("{scheme}://{at}")))
    }

    /// Whether TLS is needed to reach it.
    pub fn is_encrypted(&self) -> bool {
        matches!(self, Self::Url(url) if url.starts_with("https:"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_is_reached_where_it_listens() {
        let of = |address: Address| Place::of(&address).map(|it| it.to_string());
        let http = |at: &str| of(Address::Http(at.parse().unwrap()));
        assert_eq!(http("0.0.0.0:80"), Some("http://127.0.0.1:80".into()));
        assert_eq!(http("[::]:80"), Some("http://[::1]:80".into()));
        assert_eq!(http("10.1.2.3:80"), Some("http://10.1.2.3:80".into()));
        assert_eq!(http("127.0.0.1:0"), None);
        assert_eq!(of(Address::Unix("/run/a.sock".into())), Some("unix:/run/a.sock".into()));
    }

    #[test]
    fn a_place_is_a_url_or_the_path_of_a_socket() {
        for text in ["http://localhost:1", "https://a.example/b", "unix:/a"] {
            assert_eq!(text.parse().map(|it: Place| it.to_string()), Ok(text.into()));
        }
        for text in ["", "a", "localhost:1", "ftp://a", "unix:a", "http://", "http://a?b", "http://a@b"] {
            assert_eq!(text.parse::<Place>(), Err(BadPlace), "{text}");
        }
    }
}
