//! `jerakia config`

use crate::terminal;
use jerakia_host::config::{Config, Setting};
use std::fmt::Display;
use std::path::PathBuf;

/// Prints a configuration file that would give the same settings.
pub fn print(config: &Config) -> anyhow::Result<()> {
    let lines = [
        path("databasedir", &config.databasedir),
        path("vardir", &config.vardir),
        path("policydir", &config.policydir),
        line("loglevel", config.loglevel.value, &config.loglevel),
        match &config.logfile.value {
            Some(file) => line("logfile", quoted(file), &config.logfile),
            None => line("logfile", "null", &config.logfile),
        },
        line("enable_schema", config.enable_schema.value, &config.enable_schema),
        "schema:".into(),
        path("  docroot", &config.schema_docroot),
        "server:".into(),
        line("  bind", format!("\"{}\"", config.bind.value), &config.bind),
        line("  port", config.port.value, &config.port),
        line("  token_ttl", config.token_ttl.value, &config.token_ttl),
    ];
    terminal::print_lines(lines)
}

fn path(name: &str, setting: &Setting<PathBuf>) -> String {
    line(name, quoted(&setting.value), setting)
}

fn line<T>(name: &str, value: impl Display, setting: &Setting<T>) -> String {
    format!("{:<42} # {}", format!("{name}: {value}"), setting.source)
}

/// JSON's strings are YAML's double-quoted ones.
fn quoted(path: &std::path::Path) -> String {
    serde_json::Value::from(path.to_string_lossy()).to_string()
}
