//! The sources of settings, and their precedence.

use super::file::File;
use super::value::{NOT_SHOWN, Value};
use super::{ConfigError, Flags, flags, location};
use std::env;
use std::ffi::{OsStr, OsString};
use std::fmt;
use std::path::PathBuf;

/// A value and its source.
#[derive(Clone, Debug)]
pub struct Setting<T> {
    pub value: T,
    pub source: Source,
}

/// The source of a value.
#[derive(Clone, Debug)]
pub enum Source {
    /// The command line, with the flag's name.
    Flag(String),
    /// An environment variable.
    Environment(String),
    /// The configuration file, with the line of the value.
    File { path: PathBuf, line: u64 },
    /// None of the above.
    Default,
}

impl Source {
    /// Whether its values count before those of `other`.
    pub(super) fn precedes(&self, other: &Self) -> bool {
        self.rank() > other.rank()
    }

    /// Whether who started this process has set it: it is no file and no default.
    pub(super) fn is_of_caller(&self) -> bool {
        matches!(self, Self::Flag(_) | Self::Environment(_))
    }

    pub(super) fn rank(&self) -> u8 {
        match self {
            Self::Flag(_) => 3,
            Self::Environment(_) => 2,
            Self::File { .. } => 1,
            Self::Default => 0,
        }
    }
}

/// The alternate form includes the line in the file.
impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flag(name) => write!(f, "flag {name}"),
            Self::Environment(name) => write!(f, "environment {name}"),
            Self::File { path, line } if f.alternate() => write!(f, "file {}, line {line}", path.display()),
            Self::File { path, .. } => write!(f, "file {}", path.display()),
            Self::Default => f.write_str("default"),
        }
    }
}

/// All sources.
pub(super) struct Layers<'a> {
    flags: &'a Flags,
    environment: fn(&str) -> Option<OsString>,
    pub(super) file: File,
}

impl<'a> Layers<'a> {
    /// The sources of this process. Reads the file.
    pub(super) fn new(flags: &'a Flags) -> Result<Self, ConfigError> {
        let path = location::configuration_file(flags.config.as_deref());
        let file = path.map(File::read).transpose()?.unwrap_or_default();
        Ok(Self { flags, environment: |name| env::var_os(name), file })
    }

    /// Empty sources, so that every setting has its default.
    pub(super) fn empty(flags: &'a Flags) -> Self {
        Self { flags, environment: |_| None, file: File::default() }
    }

    /// The value of a setting, and its source.
    pub(super) fn read<T: Value>(
        &self,
        name: &'static str,
        default: impl FnOnce() -> T,
    ) -> Result<Setting<T>, ConfigError> {
        match self.given(name) {
            Some((source, text)) => parse(name, &text, source),
            None => Ok(Setting { value: default(), source: Source::Default }),
        }
    }

    /// Why the setting can't have the value that it is given.
    pub(super) fn problem<T: Value>(&self, name: &'static str) -> Option<ConfigError> {
        let (source, text) = self.given(name)?;
        parse::<T>(name, &text, source).err()
    }

    fn given(&self, name: &str) -> Option<(Source, OsString)> {
        if let Some(text) = self.flags.settings.get(name) {
            return Some((Source::Flag(format!("--{}", flags::flag(name))), text.clone()));
        }
        let variable = variable(name);
        if let Some(text) = (self.environment)(&variable) {
            return Some((Source::Environment(variable), text));
        }
        let (line, text) = self.file.value(name)?;
        Some((Source::File { path: self.file.path.clone(), line }, text.into()))
    }
}

/// The environment variable of a setting.
pub(super) fn variable(name: &str) -> String {
    format!("JERAKIA_{}", name.replace('.', "_").to_uppercase())
}

fn parse<T: Value>(name: &'static str, text: &OsStr, source: Source) -> Result<Setting<T>, ConfigError> {
    let Some(value) = T::read(text) else { return Err(bad_value::<T>(name, text, source)) };
    match value.refused_as_flag() {
        Some(reason) if matches!(source, Source::Flag(_)) => {
            Err(ConfigError::Refused { name, origin: source, reason: reason.into() })
        }
        _ => Ok(Setting { value, source }),
    }
}

fn bad_value<T: Value>(name: &'static str, text: &OsStr, origin: Source) -> ConfigError {
    if let Some(reason) = T::reason(text) {
        return ConfigError::Refused { name, origin, reason };
    }
    let value = if T::IS_SECRET { NOT_SHOWN.into() } else { text.to_string_lossy().into_owned() };
    ConfigError::BadValue { name, value, origin, accepts: T::accepts() }
}
