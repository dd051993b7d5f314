//! Logs to standard error or, for a server, to a file. Logging never fails and never waits:
//! see docs/LOGGING.md.

mod destination;
mod line;
mod panics;
mod queue;
mod writer;

use crate::args::{Args, Command, LogFormat};
use crate::config::{Config, LogLevel, Source};
use destination::Destination;
use jerakia_host::http::ACCESS_LOG;
use queue::Queue;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::sync::OnceLock;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use writer::Writer;

/// Global, since tracing has one subscriber per process.
static QUEUE: OnceLock<Queue> = OnceLock::new();

/// Starts logging.
///
/// # Errors
/// When the log file can't be opened, or no thread can be started.
pub fn start(args: &Args, config: &Config) -> anyhow::Result<()> {
    let server = matches!(args.command, Command::Server(_));
    let destination = match &config.logfile.value {
        Some(path) if server => Destination::file(path)?,
        _ => Destination::standard_error()?,
    };
    let queue = Writer::start(destination, args.log_format)?;
    let lines = QUEUE.get_or_init(|| queue).clone();
    let log = tracing_subscriber::fmt().with_max_level(LevelFilter::TRACE).with_writer(lines).with_ansi(false);
    // Tracing would report a failed write on standard error, and panic if that fails too.
    let log = log.log_internal_errors(false);
    let levels = levels(level(args, config, server), config.server.access_log.value);
    match args.log_format {
        LogFormat::Text => log.finish().with(levels).init(),
        LogFormat::Json => log.json().flatten_event(true).finish().with(levels).init(),
    }
    if server {
        panics::log_them();
        config.logfile.value.iter().for_each(|it| warn_of_loose_mode(it));
    }
    Ok(())
}

/// What is logged at `level`. Whatever that is, the access log is on or off. The driver of PostgreSQL
/// logs the values in its statements, which have digests and scope data.
fn levels(level: LevelFilter, access_log: bool) -> Targets {
    let access = if access_log { LevelFilter::INFO } else { LevelFilter::OFF };
    let driver = level.min(LevelFilter::WARN);
    Targets::new().with_default(level).with_target(ACCESS_LOG, access).with_target("tokio_postgres", driver)
}

/// Warns if other users can read the log, which has API IDs and request paths, or if others
/// than its owner can write it. A group may read it, as is usual for logs.
fn warn_of_loose_mode(path: &Path) {
    let mode = fs::metadata(path).map_or(0, |it| it.permissions().mode() & 0o777);
    if mode & 0o027 != 0 {
        let path = path.display();
        tracing::warn!("{path} is open to other users (mode {mode:04o}): run `chmod 0640 {path}`");
    }
}

/// Reopens the log file by its path, after a rotation. Returns at once.
pub fn reopen() {
    if let Some(queue) = QUEUE.get() {
        queue.reopen();
    }
}

/// How many lines were lost since the start.
pub fn lost() -> u64 {
    QUEUE.get().map_or(0, Queue::lost)
}

/// Waits until all lines are written, but at most one second: an unread pipe must not keep
/// the process from ending.
pub fn finish() {
    if let Some(queue) = QUEUE.get() {
        queue.finish();
    }
}

/// The level to log at. Commands other than the server print their results, so they log only
/// warnings and errors unless a flag asks for more.
fn level(args: &Args, config: &Config, server: bool) -> LevelFilter {
    if args.debug {
        return LevelFilter::TRACE;
    }
    if args.verbose > 0 {
        return LevelFilter::DEBUG;
    }
    let asked = matches!(config.loglevel.source, Source::Flag(_));
    match config.loglevel.value {
        LogLevel::Error => LevelFilter::ERROR,
        _ if !server && !asked => LevelFilter::WARN,
        LogLevel::Warn => LevelFilter::WARN,
        LogLevel::Info => LevelFilter::INFO,
        LogLevel::Debug => LevelFilter::DEBUG,
    }
}
