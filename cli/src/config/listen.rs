//! Where to listen: the list of addresses, or its short form of one address and port.

use super::bind::{self, Bind};
use super::value::Value;
use super::{Config, ConfigError, Source};
use jerakia_host::listen::Address;
use jerakia_host::tls;
use nix::unistd::Group;
use std::ffi::OsStr;
use std::net::SocketAddr;
use std::path::PathBuf;

/// The longest path of a Unix socket, in bytes (unix(7)).
const MAX_PATH_LEN: usize = 107;

/// An address to listen on.
#[derive(Clone, Debug)]
pub enum Listen {
    Http(Bind, u16),
    Https(Bind, u16),
    Unix(PathBuf),
}

impl Config {
    /// The addresses to listen on. `server.listen`, unless `server.bind` or `server.port` come
    /// from a source that takes precedence over its own.
    ///
    /// # Errors
    /// When a host name can't be resolved.
    pub fn addresses(&self) -> Result<Vec<Address>, ConfigError> {
        let server = &self.server;
        if self.has_list() {
            return server.listen.value.0.iter().map(|it| self.resolve(it)).collect();
        }
        Ok(vec![Address::Http(SocketAddr::new(server.bind.resolve()?, server.port.value))])
    }

    /// Whether no source says where to listen.
    pub fn listens_by_default(&self) -> bool {
        let server = &self.server;
        let sources = [&server.listen.source, &server.bind.source, &server.port.source];
        sources.into_iter().all(|it| matches!(it, Source::Default))
    }

    /// The settings of one address and port that have no effect.
    pub fn unused_short_form(&self) -> Vec<&'static str> {
        let server = &self.server;
        let short = [("server.bind", &server.bind.source), ("server.port", &server.port.source)];
        let given = short.into_iter().filter(|(_, source)| !matches!(source, Source::Default));
        given.map(|(name, _)| name).filter(|_| self.has_list()).collect()
    }

    /// The number of the group of Unix sockets.
    ///
    /// # Errors
    /// When there is no such group.
    pub fn socket_group(&self) -> Result<Option<u32>, ConfigError> {
        let setting = &self.server.socket_group;
        let Some(name) = &setting.value else { return Ok(None) };
        let number = name.0.parse().ok();
        let group = number.or_else(|| Group::from_name(&name.0).ok().flatten().map(|it| it.gid.as_raw()));
        let unknown = || ConfigError::UnknownGroup { name: name.0.clone(), origin: setting.source.clone() };
        group.map(Some).ok_or_else(unknown)
    }

    /// The files for TLS.
    ///
    /// # Errors
    /// When a certificate has no key, or the other way round.
    pub fn tls(&self) -> Result<Option<tls::Files>, ConfigError> {
        let server = &self.server;
        match (&server.tls_cert.value, &server.tls_key.value, &server.tls_client_ca.value) {
            (Some(cert), Some(key), client_ca) => {
                Ok(Some(tls::Files { cert: cert.clone(), key: key.clone(), client_ca: client_ca.clone() }))
            }
            (None, None, None) => Ok(None),
            (None, ..) => Err(ConfigError::HalfTls("server.tls_cert")),
            (_, None, _) => Err(ConfigError::HalfTls("server.tls_key")),
        }
    }

    fn has_list(&self) -> bool {
        let server = &self.server;
        let short = [&server.bind.source, &server.port.source];
        !server.listen.value.0.is_empty() && !short.into_iter().any(|it| it.precedes(&server.listen.source))
    }

    fn resolve(&self, listen: &Listen) -> Result<Address, ConfigError> {
        let at = |bind: &Bind, port| {
            let ip = bind::resolve(bind, "server.listen", &self.server.listen.source)?;
            Ok(SocketAddr::new(ip, port))
        };
        Ok(match listen {
            Listen::Http(bind, port) => Address::Http(at(bind, *port)?),
            Listen::Https(bind, port) => Address::Https(at(bind, *port)?),
            Listen::Unix(path) => Address::Unix(path.clone()),
        })
    }
}

impl Value for Listen {
    fn read(text: &OsStr) -> Option<Self> {
        let (scheme, rest) = text.to_str()?.split_once(':')?;
        if scheme == "unix" {
            return (rest.starts_with('/') && rest.len() <= MAX_PATH_LEN).then(|| Self::Unix(rest.into()));
        }
        let (host, port) = rest.strip_prefix("//")?.rsplit_once(':')?;
        let bare = host.strip_prefix('[').and_then(|it| it.strip_suffix(']'));
        // An IPv6 address has brackets, and nothing else has.
        let bind = match bare {
            Some(address) => Bind::Address(address.parse::<std::net::Ipv6Addr>().ok()?.into()),
            None => Bind::read(host.as_ref()).filter(|_| !host.contains(':'))?,
        };
        let port = u16::read(port.as_ref())?;
        match scheme {
            "http" => Some(Self::Http(bind, port)),
            "https" => Some(Self::Https(bind, port)),
            _ => None,
        }
    }

    fn accepts() -> String {
        "addresses such as http://127.0.0.1:9843, https://[::]:9844 and unix:/run/jerakia.sock".into()
    }

    fn yaml(&self) -> String {
        let at = |scheme, bind: &Bind, port| match bind {
            Bind::Address(ip) => format!("{scheme}://{}", SocketAddr::new(*ip, port)),
            Bind::Name(name) => format!("{scheme}://{name}:{port}"),
        };
        let text = match self {
            Self::Http(bind, port) => at("http", bind, *port),
            Self::Https(bind, port) => at("https", bind, *port),
            Self::Unix(path) => format!("unix:{}", path.display()),
        };
        serde_json::Value::from(text).to_string()
    }
}

/// A group of users.
#[derive(Clone, Debug)]
pub struct GroupName(String);

impl Value for GroupName {
    fn read(text: &OsStr) -> Option<Self> {
        let text = text.to_str()?;
        (!text.is_empty()).then(|| Self(text.into()))
    }

    fn accepts() -> String {
        "the name or number of a group".into()
    }

    fn yaml(&self) -> String {
        serde_json::Value::from(self.0.as_str()).to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_a_url_with_a_port_or_a_unix_path() {
        let read = |text: &str| Listen::read(text.as_ref()).map(|it| it.yaml());
        for same in ["http://127.0.0.1:9843", "https://[::1]:0", "http://localhost:1", "unix:/run/a b.sock"] {
            assert_eq!(read(same), Some(format!("\"{same}\"")));
        }
        for bad in [
            "",
            "127.0.0.1:1",
            "http://127.0.0.1",
            "http://:1",
            "http://::1:1",
            "http://[localhost]:1",
            "http://[::1]",
            "http://[127.0.0.1]:1",
            "http://a:65536",
            "http://a:1/",
            "http://a:1/b",
            "ftp://a:1",
            "http:a:1",
            "HTTP://a:1",
            "unix:",
            "unix:a",
            "http://a@b:1",
            &format!("unix:/{}", "x".repeat(107)),
        ] {
            assert!(read(bad).is_none(), "{bad}");
        }
    }
}
