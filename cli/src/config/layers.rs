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
    /// Its place in the order of precedence; the first wins.
    pub(super) fn rank(&self) -> u8 {
        match self {
            Self::Flag(_) => 0,
            Self::Environment(_) => 1,
            Self::File { .. } => 2,
            Self::Default => 3,
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
        let Some((source, text)) = self.given(name) else {
            return Ok(Setting { value: default(), source: Source::Default });
        };
        match T::read(&text) {
            Some(value) => Ok(Setting { value, source }),
            None => Err(bad_value::<T>(name, &text, source)),
        }
    }

    /// Why the setting can't have the value that it is given.
    pub(super) fn problem<T: Value>(&self, name: &'static str) -> Option<ConfigError> {
        let (source, text) = self.given(name)?;
        T::read(&text).is_none().then(|| bad_value::<T>(name, &text, source))
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

fn bad_value<T: Value>(name: &'static str, text: &OsStr, origin: Source) -> ConfigError {
    let value = if T::IS_SECRET { NOT_SHOWN.into() } else { text.to_string_lossy().into_owned() };
    ConfigError::BadValue { name, value, origin, accepts: T::accepts() }
}
