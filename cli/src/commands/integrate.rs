//! `jerakia integrate`

use crate::args::Integration;
use crate::config::Config;
use crate::terminal;
use jerakia_host::http::ProxyFamily;
use jerakia_host::listen::Address;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// Prints a proxy's configuration for the server with these settings.
pub fn print(of: Integration, config: &Config) -> anyhow::Result<()> {
    let (address, notes) = (address(config)?, notes(of.family(), config));
    let comment = match of {
        Integration::HaproxyLua => "--",
        _ => "#",
    };
    let notes: String = notes.iter().map(|it| format!("{comment} NOTE: {it}\n")).collect();
    let text = of.template().replace("@notes@\n", &notes);
    let text = text.replace("@address@", &address.to_string());
    let text = text.replace("@ip@", &address.ip().to_string()).replace("@port@", &address.port().to_string());
    terminal::print_lines([text.trim_end()])
}

/// Where a proxy on the same machine reaches the server: the first address without TLS.
fn address(config: &Config) -> anyhow::Result<SocketAddr> {
    let address = listens(config)?;
    if address.port() == 0 {
        anyhow::bail!("server.port is 0, so each start of the server picks another: set server.port, then try again");
    }
    let ip = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    Ok(SocketAddr::new(ip, address.port()))
}

fn listens(config: &Config) -> anyhow::Result<SocketAddr> {
    let http = |it| if let Address::Http(address) = it { Some(address) } else { None };
    config.addresses()?.into_iter().find_map(http).ok_or_else(|| {
        anyhow::anyhow!(
            "server.listen has no http:// address, which a proxy on this machine needs: add one, then try again"
        )
    })
}

/// What the administrator has to know about the present settings.
fn notes(family: ProxyFamily, config: &Config) -> Vec<String> {
    let mut notes = Vec::new();
    if let Ok(ip) = listens(config).map(|it| it.ip())
        && ip.is_unspecified()
    {
        notes.push(format!(
            "server.bind is {ip}: the server listens on all addresses. Below is the one for a proxy on the same machine."
        ));
    }
    if config.server.forward_auth.value != Some(family) {
        let now = config.server.forward_auth.value.map_or("null".into(), |it| it.to_string());
        notes.push(format!(
            "server.forward_auth is {now}: set it to {family}, or grants are judged by something else than the \
             client's request."
        ));
    }
    notes
}

impl Integration {
    fn family(self) -> ProxyFamily {
        match self {
            Self::Nginx => ProxyFamily::Nginx,
            Self::Caddy => ProxyFamily::Caddy,
            Self::Traefik => ProxyFamily::Traefik,
            Self::Envoy => ProxyFamily::Envoy,
            Self::Haproxy | Self::HaproxyLua => ProxyFamily::Haproxy,
        }
    }

    fn template(self) -> &'static str {
        match self {
            Self::Nginx => include_str!("../../snippets/nginx.conf"),
            Self::Caddy => include_str!("../../snippets/Caddyfile"),
            Self::Traefik => include_str!("../../snippets/traefik.yaml"),
            Self::Envoy => include_str!("../../snippets/envoy.yaml"),
            Self::Haproxy => include_str!("../../snippets/haproxy.cfg"),
            Self::HaproxyLua => include_str!("../../snippets/haproxy.lua"),
        }
    }
}
