//! The level of logging.

use super::value::Value;
use std::ffi::OsStr;

/// The least severe messages that are logged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogLevel {
    /// Failures.
    Error,
    /// Possible failures.
    Warn,
    /// Normal events.
    Info,
    /// Details of normal events. Jerakia 3 calls this level `verbose`.
    Debug,
}

impl Value for LogLevel {
    fn read(text: &OsStr) -> Option<Self> {
        match text.to_str()? {
            "error" | "fatal" => Some(Self::Error),
            "warn" => Some(Self::Warn),
            "info" => Some(Self::Info),
            "debug" | "verbose" => Some(Self::Debug),
            _ => None,
        }
    }

    fn accepts() -> String {
        "error, warn, info or debug".into()
    }

    fn yaml(&self) -> String {
        let name = match self {
            Self::Error => "error",
            Self::Warn => "warn",
            Self::Info => "info",
            Self::Debug => "debug",
        };
        name.into()
    }
}
