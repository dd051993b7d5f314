//! `jerakia server`

use super::reload::Reload;
use super::unstored;
use crate::config::{Config, Flags};
use crate::{logging, terminal};
use jerakia_host::server::{Server, Settings};

pub fn run(config: &Config, flags: Flags) -> anyhow::Result<()> {
    for name in config.unused_short_form() {
        tracing::warn!("{name} has no effect: server.listen says where to listen");
    }
    let server = Server::start(&Settings {
        database: config.database(),
        listen: config.addresses()?,
        listen_is_default: config.listens_by_default(),
        socket_group: config.socket_group()?,
        tls: config.tls()?,
        token_ttl: config.server.token_ttl.value.duration(),
        limits: config.limits(),
        lookup: config.lookup(),
        lookup_limits: config.lookup_limits(),
        trusted_proxies: config.server.trusted_proxies.value.0.clone(),
        forward_auth: config.server.forward_auth.value,
        unstored: unstored::tokens(config)?,
        admin_api: config.server.admin_api.value,
        expiry: config.expiry(),
        metrics: config.server.metrics.value,
        log_lines_lost: logging::lost,
    })?;
    if let Some(address) = server.metrics_address() {
        terminal::note(&format!("metrics on {address}/metrics"));
    }
    for listener in server.listeners() {
        terminal::note(&format!("listening on {listener}"));
    }
    let reload = Reload::new(flags, config, server.controls());
    server.run(move || reload.run());
    Ok(())
}
