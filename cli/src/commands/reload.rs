//! SIGHUP: reads the settings again, and applies those that can change while a server runs.

use crate::config::{Config, Flags};
use crate::{exit, logging};
use jerakia_host::server::Controls;
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

/// Settings that can change. Those of connections count for new ones.
const CHANGEABLE: &[&str] = &[
    "loglevel",
    "server.access_log",
    "server.tls_cert",
    "server.tls_key",
    "server.tls_client_ca",
    "server.max_connections",
    "server.head_timeout",
    "server.body_timeout",
    "server.write_timeout",
    "server.idle_timeout",
    "server.shutdown_delay",
    "server.shutdown_grace",
    "server.trusted_proxies",
];

/// A running server, and the settings in force, as text.
pub struct Reload {
    flags: Flags,
    controls: Controls,
    in_force: Mutex<BTreeMap<&'static str, String>>,
}

impl Reload {
    /// Of a server that was started with `config`, which `flags` belong to.
    pub fn new(flags: Flags, config: &Config, controls: Controls) -> Self {
        Self { flags, controls, in_force: Mutex::new(values(config)) }
    }

    /// Reads the settings and the certificates again, and opens the log file by its path again. If
    /// the settings can't be used, all old ones stay in force, and the log says why.
    pub fn run(&self) {
        logging::reopen();
        let loaded = Config::load(&self.flags).map(|(config, _)| config);
        match loaded.and_then(|config| config.tls().map(|tls| (config, tls))) {
            Ok((config, tls)) => {
                logging::set_level(&config);
                self.report(&config, tls.is_some());
                self.controls.set_rules(config.limits(), &config.server.trusted_proxies.value.0);
                tls.into_iter().for_each(|it| self.controls.reload_certificates(it));
            }
            Err(error) => {
                let error = exit::message(&error.into());
                tracing::error!(error, "the settings can't be used; the old ones stay in force");
            }
        }
    }

    /// Logs each change.
    fn report(&self, config: &Config, has_tls: bool) {
        let mut in_force = self.in_force.lock().unwrap_or_else(PoisonError::into_inner);
        let new = values(config).into_iter().filter(|(name, value)| in_force.get(name) != Some(value));
        for (name, value) in new.collect::<Vec<_>>() {
            let starts_or_ends_tls =
                name.starts_with("server.tls_") && has_tls != self.controls.certificates().is_some();
            if CHANGEABLE.contains(&name) && !starts_or_ends_tls {
                tracing::info!("{name} is {value} from now on");
                in_force.insert(name, value);
            } else {
                tracing::warn!("{name} has changed: restart the server to apply it");
            }
        }
    }
}

/// The value of each setting. Secrets are not shown in it.
fn values(config: &Config) -> BTreeMap<&'static str, String> {
    config.entries().into_iter().map(|it| (it.name, it.value)).collect()
}
