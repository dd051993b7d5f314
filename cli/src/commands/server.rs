//! `jerakia server`

use crate::terminal;
use jerakia_host::config::Config;
use jerakia_host::http::LookupLimits;
use jerakia_host::server::{Server, Settings};
use std::time::Duration;

pub fn run(config: &Config) -> anyhow::Result<()> {
    let server = Server::start(&Settings {
        databasedir: config.databasedir.value.clone(),
        bind: config.bind.value,
        port: config.port.value,
        token_ttl: Duration::from_secs(config.token_ttl.value),
        lookup: config.lookup(),
        lookup_limits: LookupLimits::default(),
    })?;
    terminal::note(&format!("listening on http://{}", server.address()));
    Ok(server.run()?)
}
