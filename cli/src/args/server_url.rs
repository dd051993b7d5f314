//! The address of a server on another machine.

use std::net::IpAddr;
use std::str::FromStr;
use ureq::http::Uri;

/// `https://HOST[:PORT][/PATH]`; `http://` only if the host is this machine, since a token is sent
/// there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerUrl {
    text: String,
    pub is_plain: bool,
}

/// A text that is not a [`ServerUrl`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadServerUrl {
    #[error("use https://HOST[:PORT]")]
    Malformed,
    #[error(
        "your token would be readable on its way: use https://, or http:// on this machine alone (127.0.0.1, ::1, localhost)"
    )]
    Plain,
}

impl ServerUrl {
    /// The URL of a route, whose path begins with a slash.
    pub fn route(&self, path: &str) -> String {
        format!("{}{path}", self.text)
    }
}

impl std::fmt::Display for ServerUrl {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.text)
    }
}

impl FromStr for ServerUrl {
    type Err = BadServerUrl;

    fn from_str(text: &str) -> Result<Self, BadServerUrl> {
        let uri: Uri = text.parse().map_err(|_| BadServerUrl::Malformed)?;
        let (Some(scheme), Some(authority)) = (uri.scheme_str(), uri.authority()) else {
            return Err(BadServerUrl::Malformed);
        };
        if authority.as_str().contains('@') || authority.host().is_empty() || text.contains(['?', '#']) {
            return Err(BadServerUrl::Malformed);
        }
        let is_plain = match scheme {
            "https" => false,
            "http" if is_this_machine(authority.host()) => true,
            "http" => return Err(BadServerUrl::Plain),
            _ => return Err(BadServerUrl::Malformed),
        };
        Ok(Self { text: text.trim_end_matches('/').into(), is_plain })
    }
}

fn is_this_machine(host: &str) -> bool {
    let address: Option<IpAddr> = host.trim_start_matches('[').trim_end_matches(']').parse().ok();
    address.map_or_else(|| host.eq_ignore_ascii_case("localhost"), |it| it.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_sent_in_plain_text_to_this_machine_alone() {
        let route = |text: &str| text.parse().map(|it: ServerUrl| it.route("/v1/tokens"));
        for (text, expected) in [
            ("https://example.org", "https://example.org/v1/tokens"),
            ("https://example.org:8443/jerakia/", "https://example.org:8443/jerakia/v1/tokens"),
            ("http://127.0.0.1:9843", "http://127.0.0.1:9843/v1/tokens"),
            ("http://[::1]:9843/", "http://[::1]:9843/v1/tokens"),
            ("http://localhost", "http://localhost/v1/tokens"),
        ] {
            assert_eq!(route(text), Ok(expected.into()));
        }
        for text in ["http://example.org", "http://10.0.0.1", "http://localhost.example.org", "http://127.0.0.1.nip.io"]
        {
            assert_eq!(route(text), Err(BadServerUrl::Plain), "{text}");
        }
        for text in
            ["", "example.org", "ftp://example.org", "https://", "https://a@b", "https://a/?b", "http://127.0.0.1@x"]
        {
            assert_eq!(route(text), Err(BadServerUrl::Malformed), "{text}");
        }
    }
}
