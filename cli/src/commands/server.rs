//! `jerakia server`

use super::unstored;
use crate::config::Config;
use crate::{logging, terminal};
use jerakia_host::server::{Server, Settings};

pub fn run(config: &Config) -> anyhow::Result<()> {
    let server = Server::start(&Settings {
        database: config.database(),
        bind: config.server.bind.resolve()?,
        port: config.server.port.value,
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
        terminal::note(&format!("metrics on http://{address}/metrics"));
    }
    terminal::note(&format!("listening on http://{}", server.address()));
    server.run(logging::reopen);
    Ok(())
}
