//! The types of settings: they parse, print and bound values.

use jerakia_host::admin::GivenToken;
use jerakia_host::http::{ProxyFamily, TrustedProxy};
use jerakia_host::model::Period;
use serde_json::Value as Json;
use std::ffi::OsStr;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

/// A type that settings can have.
pub trait Value: Sized {
    /// Whether a file can have a list here. Its text is its elements, separated by commas.
    const IS_LIST: bool = false;

    /// Whether no message may quote a value. Such a setting is not a flag either: every user of a
    /// machine can read the arguments of a process.
    const IS_SECRET: bool = false;

    /// Parses `text`; none if the setting doesn't accept it.
    fn read(text: &OsStr) -> Option<Self>;

    /// The accepted values, to follow "use" in an error.
    fn accepts() -> String;

    /// Why `text` is not accepted, where there is more to say than what is. Never quotes a secret.
    fn reason(_text: &OsStr) -> Option<String> {
        None
    }

    /// Why a flag can't give this value, which other sources can.
    fn refused_as_flag(&self) -> Option<&'static str> {
        None
    }

    /// The value as YAML.
    fn yaml(&self) -> String;
}

/// Whole seconds between two bounds.
#[derive(Clone, Copy, Debug)]
pub struct Seconds<const MIN: u64, const MAX: u64>(pub u64);

impl<const MIN: u64, const MAX: u64> Seconds<MIN, MAX> {
    pub fn duration(self) -> Duration {
        Duration::from_secs(self.0)
    }
}

impl<const MIN: u64, const MAX: u64> Value for Seconds<MIN, MAX> {
    fn read(text: &OsStr) -> Option<Self> {
        text.to_str()?.parse().ok().filter(|it| (MIN..=MAX).contains(it)).map(Self)
    }

    fn accepts() -> String {
        format!("{MIN} to {MAX} seconds")
    }

    fn yaml(&self) -> String {
        self.0.to_string()
    }
}

/// A count between two bounds.
#[derive(Clone, Copy, Debug)]
pub struct Count<const MIN: usize, const MAX: usize>(pub usize);

impl<const MIN: usize, const MAX: usize> Value for Count<MIN, MAX> {
    fn read(text: &OsStr) -> Option<Self> {
        text.to_str()?.parse().ok().filter(|it| (MIN..=MAX).contains(it)).map(Self)
    }

    fn accepts() -> String {
        format!("{MIN} to {MAX}")
    }

    fn yaml(&self) -> String {
        self.0.to_string()
    }
}

/// At least a second: a token that ends at once is of no use.
impl Value for Period {
    fn read(text: &OsStr) -> Option<Self> {
        text.to_str()?.parse().ok().filter(|it: &Self| it.as_seconds() > 0)
    }

    fn accepts() -> String {
        "a length of time such as 90d, of 1s to 36500d".into()
    }

    fn yaml(&self) -> String {
        self.to_string()
    }
}

impl Value for u16 {
    fn read(text: &OsStr) -> Option<Self> {
        text.to_str()?.parse().ok()
    }

    fn accepts() -> String {
        format!("{} to {}", Self::MIN, Self::MAX)
    }

    fn yaml(&self) -> String {
        self.to_string()
    }
}

/// An address and a port.
impl Value for SocketAddr {
    fn read(text: &OsStr) -> Option<Self> {
        text.to_str()?.parse().ok()
    }

    fn accepts() -> String {
        "an IP address and a port, such as 127.0.0.1:9845 or [::1]:9845".into()
    }

    fn yaml(&self) -> String {
        format!("\"{self}\"")
    }
}

impl Value for bool {
    fn read(text: &OsStr) -> Option<Self> {
        text.to_str()?.parse().ok()
    }

    fn accepts() -> String {
        "true or false".into()
    }

    fn yaml(&self) -> String {
        self.to_string()
    }
}

impl Value for PathBuf {
    fn read(text: &OsStr) -> Option<Self> {
        (!text.is_empty()).then(|| text.into())
    }

    fn accepts() -> String {
        "a path".into()
    }

    /// A JSON string is also a double-quoted YAML string.
    fn yaml(&self) -> String {
        Json::from(self.to_string_lossy()).to_string()
    }
}

/// Any number of values.
#[derive(Clone, Debug)]
pub struct List<T>(pub Vec<T>);

impl<T: Value> Value for List<T> {
    const IS_LIST: bool = true;

    fn read(text: &OsStr) -> Option<Self> {
        let text = text.to_str()?.trim();
        let elements = text.split(',').filter(|_| !text.is_empty());
        elements.map(|it| T::read(it.trim().as_ref())).collect::<Option<_>>().map(Self)
    }

    fn accepts() -> String {
        format!("a list of {}", T::accepts())
    }

    fn yaml(&self) -> String {
        format!("[{}]", self.0.iter().map(Value::yaml).collect::<Vec<_>>().join(", "))
    }
}

/// The most tokens in the setting, and in the file.
pub const MAX_TOKENS: usize = 1000;

/// Tokens. What is kept does not tell their text.
#[derive(Clone, Debug)]
pub struct Tokens(pub Vec<GivenToken>);

impl Value for Tokens {
    const IS_LIST: bool = true;
    const IS_SECRET: bool = true;

    fn read(text: &OsStr) -> Option<Self> {
        let text = text.to_str()?.trim();
        let elements = text.split(',').filter(|_| !text.is_empty());
        let tokens = elements.map(|it| GivenToken::of(it.trim().as_bytes()).ok()).collect::<Option<Vec<_>>>()?;
        (tokens.len() <= MAX_TOKENS).then_some(Self(tokens))
    }

    fn accepts() -> String {
        format!("a list of at most {MAX_TOKENS} tokens, each `<API ID>:<80 hexadecimal digits, lower case>`")
    }

    /// Their API IDs, in a comment: they must not look like a value of the setting.
    fn yaml(&self) -> String {
        let hidden = |it: &GivenToken| Json::from(format!("{}:{NOT_SHOWN}", it.api_id)).to_string();
        format!("[{}]", self.0.iter().map(hidden).collect::<Vec<_>>().join(", "))
    }
}

/// What is shown in place of a secret.
pub const NOT_SHOWN: &str = "(not shown)";

impl Value for TrustedProxy {
    fn read(text: &OsStr) -> Option<Self> {
        text.to_str()?.parse().ok()
    }

    fn accepts() -> String {
        "networks such as 10.0.0.0/8, addresses and unix".into()
    }

    fn yaml(&self) -> String {
        format!("\"{self}\"")
    }
}

impl Value for ProxyFamily {
    fn read(text: &OsStr) -> Option<Self> {
        text.to_str()?.parse().ok()
    }

    fn accepts() -> String {
        "nginx, traefik, caddy, envoy or haproxy".into()
    }

    fn yaml(&self) -> String {
        self.to_string()
    }
}

/// Only a default can be none: a source always gives a value.
impl<T: Value> Value for Option<T> {
    const IS_SECRET: bool = T::IS_SECRET;

    fn read(text: &OsStr) -> Option<Self> {
        T::read(text).map(Some)
    }

    fn accepts() -> String {
        T::accepts()
    }

    fn reason(text: &OsStr) -> Option<String> {
        T::reason(text)
    }

    fn refused_as_flag(&self) -> Option<&'static str> {
        self.as_ref()?.refused_as_flag()
    }

    fn yaml(&self) -> String {
        self.as_ref().map_or_else(|| "null".into(), Value::yaml)
    }
}
