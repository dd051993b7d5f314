//! The arguments of `jerakia integrate`.

use clap::ValueEnum;

/// A file of a proxy's configuration.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum Integration {
    Nginx,
    Caddy,
    Traefik,
    Envoy,
    Haproxy,
    /// The file that HAProxy's configuration loads
    HaproxyLua,
}
