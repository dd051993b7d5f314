//! Families of proxies, as the settings name them.

use std::fmt;
use std::str::FromStr;

/// A family of proxies, by the headers in which they describe a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProxyFamily {
    /// `X-Original-Method`, `X-Original-URI`, `X-Original-Host`.
    Nginx,
    /// `X-Forwarded-Method`, `X-Forwarded-Proto`, `X-Forwarded-Host`, `X-Forwarded-Uri`.
    Traefik,
    /// The same.
    Caddy,
    /// Method and `Host` of the request itself, and its path after `/v1/authorize`.
    Envoy,
    /// As nginx.
    Haproxy,
}

const NAMES: [(&str, ProxyFamily); 5] = [
    ("nginx", ProxyFamily::Nginx),
    ("traefik", ProxyFamily::Traefik),
    ("caddy", ProxyFamily::Caddy),
    ("envoy", ProxyFamily::Envoy),
    ("haproxy", ProxyFamily::Haproxy),
];

/// A text that is not the name of a family.
#[derive(Debug, thiserror::Error)]
#[error("use nginx, traefik, caddy, envoy or haproxy")]
pub struct BadProxyFamily;

impl FromStr for ProxyFamily {
    type Err = BadProxyFamily;

    fn from_str(text: &str) -> Result<Self, BadProxyFamily> {
        NAMES.iter().find(|(name, _)| *name == text).map(|(_, family)| *family).ok_or(BadProxyFamily)
    }
}

impl fmt::Display for ProxyFamily {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = NAMES.iter().find(|(_, family)| family == self).map_or("", |(name, _)| name);
        f.write_str(name)
    }
}
