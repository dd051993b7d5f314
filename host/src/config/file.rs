//! The configuration file: YAML, with the original's keys.

use super::{ConfigError, LogLevel};
use serde::Deserialize;
use serde::de::IgnoredAny;
use std::net::IpAddr;
use std::path::{Path, PathBuf};

/// What a file may have. Any other key is an error that names it.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct File {
    pub(super) databasedir: Option<PathBuf>,
    pub(super) vardir: Option<PathBuf>,
    pub(super) policydir: Option<PathBuf>,
    pub(super) loglevel: Option<LogLevel>,
    pub(super) logfile: Option<PathBuf>,
    pub(super) enable_schema: Option<bool>,
    pub(super) schema: Option<Schema>,
    pub(super) server: Option<Server>,

    // Known to the original, and of no use here.
    plugindir: Option<IgnoredAny>,
    piddir: Option<IgnoredAny>,
    pidfile: Option<IgnoredAny>,
    server_url: Option<IgnoredAny>,
    server_api: Option<IgnoredAny>,
    server_token: Option<IgnoredAny>,
    encryption: Option<IgnoredAny>,
    eyaml: Option<IgnoredAny>,
    plugins: Option<IgnoredAny>,
    puppetdb: Option<IgnoredAny>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Server {
    pub(super) bind: Option<IpAddr>,
    pub(super) port: Option<u16>,
    pub(super) token_ttl: Option<u64>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Schema {
    pub(super) docroot: Option<PathBuf>,
}

impl File {
    pub(super) fn read(path: &Path) -> Result<Self, ConfigError> {
        let text =
            std::fs::read_to_string(path).map_err(|error| ConfigError::Unreadable { path: path.to_owned(), error })?;
        // An empty document is a null, and says nothing.
        let file: Option<Self> = serde_saphyr::from_str(&text)
            .map_err(|error| ConfigError::BadFile { path: path.to_owned(), error: error.to_string() })?;
        Ok(file.unwrap_or_default())
    }

    /// The keys it has that are of no use here.
    pub(super) fn ignored(&self) -> Vec<String> {
        let known = [
            ("plugindir", &self.plugindir),
            ("piddir", &self.piddir),
            ("pidfile", &self.pidfile),
            ("server_url", &self.server_url),
            ("server_api", &self.server_api),
            ("server_token", &self.server_token),
            ("encryption", &self.encryption),
            ("eyaml", &self.eyaml),
            ("plugins", &self.plugins),
            ("puppetdb", &self.puppetdb),
        ];
        known.iter().filter(|(_, value)| value.is_some()).map(|(name, _)| (*name).into()).collect()
    }
}
