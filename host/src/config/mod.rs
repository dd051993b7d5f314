//! Settings: from flags, the environment, the configuration file, and defaults, in
//! this order; each remembers where it came from.

mod file;
mod location;
mod log_level;

pub use log_level::LogLevel;

use crate::lookup;
use file::File;
use std::env;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr};
use std::path::PathBuf;
use std::str::FromStr;

/// A full refresh at least once a day: tombstones are kept for a week.
const LONGEST_TTL: u64 = 86_400;

/// A value and where it came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setting<T> {
    /// What is in force.
    pub value: T,
    /// Who said so.
    pub source: Source,
}

/// Where a value came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// The command line.
    Flag(&'static str),
    /// An environment variable.
    Environment(&'static str),
    /// The configuration file.
    File(PathBuf),
    /// Nobody said anything else.
    Default,
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flag(name) => write!(f, "flag {name}"),
            Self::Environment(name) => write!(f, "environment {name}"),
            Self::File(path) => write!(f, "file {}", path.display()),
            Self::Default => f.write_str("default"),
        }
    }
}

/// What the command line says. It goes before everything else.
#[derive(Debug, Default)]
pub struct Flags {
    /// `--config`
    pub config: Option<PathBuf>,
    /// `--databasedir`
    pub databasedir: Option<PathBuf>,
    /// `--bind`
    pub bind: Option<IpAddr>,
    /// `--port`
    pub port: Option<u16>,
    /// `--token-ttl`, in seconds
    pub token_ttl: Option<u64>,
}

/// All settings.
#[derive(Debug)]
pub struct Config {
    /// Where the token database is.
    pub databasedir: Setting<PathBuf>,
    /// What relative paths in policies start from.
    pub vardir: Setting<PathBuf>,
    /// Where policies are.
    pub policydir: Setting<PathBuf>,
    /// What is logged.
    pub loglevel: Setting<LogLevel>,
    /// Where to; none: standard error.
    pub logfile: Setting<Option<PathBuf>>,
    /// Whether lookups consult schemas.
    pub enable_schema: Setting<bool>,
    /// Where schemas are.
    pub schema_docroot: Setting<PathBuf>,
    /// The address to listen on.
    pub bind: Setting<IpAddr>,
    /// The port to listen on.
    pub port: Setting<u16>,
    /// How long a full refresh of the token cache is trusted, in seconds.
    pub token_ttl: Setting<u64>,
    /// What the file has that this program does not use.
    pub ignored: Vec<String>,
}

/// Why there are no settings.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file can't be read.
    #[error("can't read the configuration file {}: {error}", path.display())]
    Unreadable {
        /// Which one.
        path: PathBuf,
        /// Why.
        error: std::io::Error,
    },
    /// The file has an error.
    #[error("the configuration file {} has an error: {error}", path.display())]
    BadFile {
        /// Which one.
        path: PathBuf,
        /// Line, column, and what is wrong there.
        error: String,
    },
    /// A value can't be used.
    #[error("{name} can't be {value:?} ({source_of}): {advice}")]
    BadValue {
        /// Of which setting.
        name: String,
        /// Who gave it.
        source_of: String,
        /// The value.
        value: String,
        /// What can be.
        advice: String,
    },
}

impl Config {
    /// The settings in force.
    ///
    /// # Errors
    /// When the file or a value can't be used: nothing is guessed.
    pub fn load(flags: &Flags) -> Result<Self, ConfigError> {
        let path = location::configuration_file(flags.config.as_deref());
        let file = path.as_deref().map(File::read).transpose()?.unwrap_or_default();
        let ignored = file.ignored();
        let (server, schema) = (file.server.unwrap_or_default(), file.schema.unwrap_or_default());

        let from = Layers { file: path.unwrap_or_default() };
        let vardir = from.pick(None, "JERAKIA_VARDIR", file.vardir, || "/var/lib/jerakia".into())?;
        let schemas = vardir.value.join("schema");
        let databasedir = flags.databasedir.clone().map(|it| ("--databasedir", it));
        let bind = flags.bind.map(|it| ("--bind", it));
        let port = flags.port.map(|it| ("--port", it));
        let ttl = flags.token_ttl.map(|it| ("--token-ttl", it));
        let config = Self {
            databasedir: from.pick(databasedir, "JERAKIA_DATABASEDIR", file.databasedir, location::databasedir)?,
            policydir: from.pick(None, "JERAKIA_POLICYDIR", file.policydir, || "/etc/jerakia/policy.d".into())?,
            loglevel: from.pick(None, "JERAKIA_LOGLEVEL", file.loglevel, || LogLevel::Info)?,
            logfile: from.pick_optional("JERAKIA_LOGFILE", file.logfile)?,
            enable_schema: from.pick(None, "JERAKIA_ENABLE_SCHEMA", file.enable_schema, || true)?,
            schema_docroot: from.pick(None, "JERAKIA_SCHEMA_DOCROOT", schema.docroot, || schemas)?,
            bind: from.pick(bind, "JERAKIA_SERVER_BIND", server.bind, || Ipv4Addr::LOCALHOST.into())?,
            port: from.pick(port, "JERAKIA_SERVER_PORT", server.port, || 9843)?,
            token_ttl: from.pick(ttl, "JERAKIA_SERVER_TOKEN_TTL", server.token_ttl, || 300)?,
            vardir,
            ignored,
        };
        match config.token_ttl.value {
            1..=LONGEST_TTL => Ok(config),
            ttl => Err(bad_value(&config.token_ttl.source, "token_ttl", ttl, "it takes 1 to 86400 seconds")),
        }
    }
}

impl Config {
    /// What a lookup engine needs.
    #[must_use]
    pub fn lookup(&self) -> lookup::Settings {
        lookup::Settings {
            policydir: self.policydir.value.clone(),
            vardir: self.vardir.value.clone(),
            schema_docroot: self.schema_docroot.value.clone(),
            enable_schema: self.enable_schema.value,
        }
    }
}

/// Values of lower precedence than flags.
struct Layers {
    file: PathBuf,
}

impl Layers {
    fn pick<T: FromStr<Err: fmt::Display>>(
        &self,
        flag: Option<(&'static str, T)>,
        variable: &'static str,
        file: Option<T>,
        default: impl FnOnce() -> T,
    ) -> Result<Setting<T>, ConfigError> {
        if let Some((name, value)) = flag {
            return Ok(Setting { value, source: Source::Flag(name) });
        }
        let lower = self.pick_optional(variable, file)?;
        Ok(Setting { value: lower.value.unwrap_or_else(default), source: lower.source })
    }

    fn pick_optional<T: FromStr<Err: fmt::Display>>(
        &self,
        variable: &'static str,
        file: Option<T>,
    ) -> Result<Setting<Option<T>>, ConfigError> {
        let source = Source::Environment(variable);
        match (env::var_os(variable), file) {
            (Some(text), _) => match text.to_str().map(str::parse::<T>) {
                Some(Ok(value)) => Ok(Setting { value: Some(value), source }),
                Some(Err(error)) => Err(bad_value(&source, variable, text.display(), error)),
                None => Err(bad_value(&source, variable, text.display(), "it is not UTF-8")),
            },
            (None, Some(value)) => Ok(Setting { value: Some(value), source: Source::File(self.file.clone()) }),
            (None, None) => Ok(Setting { value: None, source: Source::Default }),
        }
    }
}

fn bad_value(source: &Source, name: &str, value: impl fmt::Display, advice: impl fmt::Display) -> ConfigError {
    ConfigError::BadValue {
        name: name.into(),
        source_of: source.to_string(),
        value: value.to_string(),
        advice: advice.to_string(),
    }
}
