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
use tracing_subscriber::{Registry, fmt, reload};
use writer::Writer;

/// Global, since tracing has one subscriber per process.
static QUEUE: OnceLock<Queue> = OnceLock::new();
static LEVEL: OnceLock<Level> = OnceLock::new();

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
    let (filter, handle) = reload::Layer::new(Targets::new());
    let level = LEVEL.get_or_init(|| Level { handle, debug: args.debug, verbose: args.verbose > 0, server });
    level.set(config);
    // Tracing would report a failed write on standard error, and panic if that fails too.
    let log = fmt::layer().with_writer(lines).with_ansi(false).log_internal_errors(false);
    match args.log_format {
        LogFormat::Text => tracing_subscriber::registry().with(filter).with(log).init(),
        LogFormat::Json => tracing_subscriber::registry().with(filter).with(log.json().flatten_event(true)).init(),
    }
    if server {
        panics::log_them();
        config.logfile.value.iter().for_each(|it| warn_of_loose_mode(it));
    }
    Ok(())
}

/// What is logged at `level`. Whatever that is, the access log is on or off. The driver of PostgreSQL
/// may log less: it logs the values in its statements, which have digests and scope data.
fn targets(level: LevelFilter, access_log: bool) -> Targets {
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

/// Logs at the level of `config` from now on, unless flags of the command line ask for more.
pub fn set_level(config: &Config) {
    if let Some(level) = LEVEL.get() {
        level.set(config);
    }
}

/// The level in force, and the flags that decide it.
struct Level {
    handle: reload::Handle<Targets, Registry>,
    debug: bool,
    verbose: bool,
    server: bool,
}

impl Level {
    fn set(&self, config: &Config) {
        // Fails only in a process that no longer logs.
        drop(self.handle.reload(targets(self.of(config), config.server.access_log.value)));
    }

    /// Commands other than the server print their results, so they log only warnings and errors
    /// unless a flag asks for more.
    fn of(&self, config: &Config) -> LevelFilter {
        if self.debug {
            return LevelFilter::TRACE;
        }
        if self.verbose {
            return LevelFilter::DEBUG;
        }
        let asked = matches!(config.loglevel.source, Source::Flag(_));
        match config.loglevel.value {
            LogLevel::Error => LevelFilter::ERROR,
            _ if !self.server && !asked => LevelFilter::WARN,
            LogLevel::Warn => LevelFilter::WARN,
            LogLevel::Info => LevelFilter::INFO,
            LogLevel::Debug => LevelFilter::DEBUG,
        }
    }
}
