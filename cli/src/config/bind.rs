//! The address to listen on: an IP address, or a host name.

use super::value::Value;
use super::{ConfigError, Setting, Source};
use std::ffi::OsStr;
use std::io;
use std::net::{IpAddr, ToSocketAddrs as _};

/// The longest name of a host, in bytes (RFC 1035, section 2.3.4).
const MAX_NAME_LEN: usize = 253;

/// Where to listen.
#[derive(Clone, Debug)]
pub enum Bind {
    Address(IpAddr),
    /// Resolved when the server starts; no other command needs it.
    Name(String),
}

impl Setting<Bind> {
    /// The address. If a name has several, the first IPv4 address: the default is one too, and most
    /// of Jerakia 3's clients connect to 127.0.0.1 by default.
    ///
    /// # Errors
    /// When the name can't be resolved.
    pub fn resolve(&self) -> Result<IpAddr, ConfigError> {
        resolve(&self.value, "server.bind", &self.source)
    }
}

/// The address for a `setting` that comes from `source`.
pub(super) fn resolve(bind: &Bind, setting: &'static str, source: &Source) -> Result<IpAddr, ConfigError> {
    let name = match bind {
        Bind::Address(address) => return Ok(*address),
        Bind::Name(name) => name,
    };
    let resolved = (name.as_str(), 0).to_socket_addrs().map(|all| all.map(|it| it.ip()).collect::<Vec<_>>());
    let first = resolved.and_then(|all| {
        let ipv4 = all.iter().find(|it| it.is_ipv4()).or(all.first());
        ipv4.copied().ok_or_else(|| io::Error::other("it has no address"))
    });
    first.map_err(|error| ConfigError::UnknownHost { setting, name: name.clone(), origin: source.clone(), error })
}

impl Value for Bind {
    fn read(text: &OsStr) -> Option<Self> {
        let text = text.to_str()?;
        if let Ok(address) = text.parse() {
            return Some(Self::Address(address));
        }
        is_name(text).then(|| Self::Name(text.into()))
    }

    fn accepts() -> String {
        "an IP address or a host name, such as 127.0.0.1, ::1 or localhost".into()
    }

    fn yaml(&self) -> String {
        match self {
            Self::Address(it) => format!("\"{it}\""),
            Self::Name(it) => format!("\"{it}\""),
        }
    }
}

/// Whether `text` has the form of a host name (RFC 1123, section 2.1). The last label is never a
/// number, so that a mistyped address is not taken for a name.
fn is_name(text: &str) -> bool {
    let plain = |label: &str| {
        !label.is_empty() && label.bytes().all(|it| it.is_ascii_alphanumeric() || it == b'-' || it == b'_')
    };
    let number = |label: &str| label.bytes().all(|it| it.is_ascii_digit());
    text.len() <= MAX_NAME_LEN
        && text.split('.').all(plain)
        && text.split('.').next_back().is_some_and(|it| !number(it))
}

#[cfg(test)]
mod tests {
    use super::is_name;

    #[test]
    fn a_mistyped_address_is_not_a_name() {
        for name in ["localhost", "ip6-localhost", "web-01.example.org", "1a.2b"] {
            assert!(is_name(name), "{name}");
        }
        for other in ["", "127.0.0", "1.2.3.4.5", "127.0.0.256", "a b", "localhost:80", "a..b", ":::1", "ä", "42"] {
            assert!(!is_name(other), "{other}");
        }
    }
}
