//! The log: on standard error, or in a file.

use crate::args::{Args, Command, LogFormat};
use crate::config::{Config, LogLevel};
use anyhow::Context as _;
use std::fs::OpenOptions;
use std::os::unix::fs::OpenOptionsExt as _;
use std::sync::Mutex;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::fmt::writer::BoxMakeWriter;

/// Starts logging.
///
/// # Errors
/// When the log file can't be written.
pub fn start(args: &Args, config: &Config) -> anyhow::Result<()> {
    let server = matches!(args.command, Command::Server(_));
    let writer = match &config.logfile.value {
        Some(path) if server => {
            let file = OpenOptions::new().create(true).append(true).mode(0o600).open(path);
            let file = file.with_context(|| format!("can't write the log file {}", path.display()))?;
            BoxMakeWriter::new(Mutex::new(file))
        }
        _ => BoxMakeWriter::new(std::io::stderr),
    };
    let log =
        tracing_subscriber::fmt().with_max_level(level(args, config, server)).with_writer(writer).with_ansi(false);
    match args.log_format {
        LogFormat::Text => log.init(),
        LogFormat::Json => log.json().flatten_event(true).init(),
    }
    Ok(())
}

/// Other commands speak for themselves: they log only what may go wrong.
fn level(args: &Args, config: &Config, server: bool) -> LevelFilter {
    if args.debug {
        return LevelFilter::TRACE;
    }
    if args.verbose > 0 {
        return LevelFilter::DEBUG;
    }
    match config.loglevel.value {
        LogLevel::Error => LevelFilter::ERROR,
        _ if !server => LevelFilter::WARN,
        LogLevel::Warn => LevelFilter::WARN,
        LogLevel::Info => LevelFilter::INFO,
        LogLevel::Debug => LevelFilter::DEBUG,
    }
}
