//! Why settings can't be used.

use super::layers::Source;
use std::path::PathBuf;

/// A setting, or the file, can't be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file can't be read.
    #[error("can't read the configuration file {}", path.display())]
    Unreadable {
        path: PathBuf,
        #[source]
        error: std::io::Error,
    },
    /// The file is not YAML.
    #[error("the configuration file {} is not valid YAML", path.display())]
    NotYaml {
        path: PathBuf,
        #[source]
        error: Box<serde_saphyr::Error>,
    },
    /// The file has, for example, a list in place of a map or a value.
    #[error("the configuration file {}, line {line}: {name} takes {expected}", path.display())]
    BadShape { path: PathBuf, line: u64, name: String, expected: &'static str },
    /// The file has an unknown key.
    #[error("the configuration file {}, line {line}: {name} is not a setting (docs/SETTINGS.md lists them)", path.display())]
    Unknown { path: PathBuf, line: u64, name: String },
    /// A source gives a value that the setting doesn't accept.
    #[error("{name} can't be {value:?} ({origin:#}): use {accepts}")]
    BadValue { name: &'static str, value: String, origin: Source, accepts: String },
    /// The same, with a reason. Never quotes it.
    #[error("{name} can't be used ({origin:#}): {reason}")]
    Refused { name: &'static str, origin: Source, reason: String },
    /// One source names two databases.
    #[error("database and databasedir are both set ({origin}): remove one")]
    TwoDatabases { origin: Source },
    /// The file of tokens. Never quotes it.
    #[error("server.token_file can't be {path:?}: {reason}")]
    TokenFile { path: PathBuf, reason: String },
    /// An API ID has two tokens.
    #[error("server.tokens and server.token_file have two tokens of {api_id}: remove one")]
    TwoTokens { api_id: String },
    /// The group of Unix sockets does not exist.
    #[error("server.socket_group can't be {name:?} ({origin:#}): there is no such group")]
    UnknownGroup { name: String, origin: Source },
    /// TLS needs two files.
    #[error("{0} is missing: TLS needs both server.tls_cert and server.tls_key")]
    HalfTls(&'static str),
    /// The name to listen on stands for no address.
    #[error("{setting} can't be {name:?} ({origin:#}): use an IP address, or a name that this machine can resolve")]
    UnknownHost {
        setting: &'static str,
        name: String,
        origin: Source,
        #[source]
        error: std::io::Error,
    },
}
