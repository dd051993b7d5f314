//! Settings. They come, in order of precedence, from flags, the environment, the
//! configuration file and defaults. Each keeps its source.

mod bind;
mod database;
mod error;
mod file;
mod flags;
mod layers;
mod library;
mod listen;
mod location;
mod log_level;
mod table;
mod value;

pub use database::DatabaseLocation;
pub use error::ConfigError;
pub use flags::SettingFlags;
pub use layers::Source;
pub use log_level::LogLevel;
pub use table::Entry;
pub use value::MAX_TOKENS;

use bind::Bind;
use jerakia_host::http::{ProxyFamily, TrustedProxy};
use jerakia_host::model::Period;
use layers::{Layers, Setting};
use listen::{GroupName, Listen};
use std::collections::BTreeMap;
use std::env;
use std::ffi::OsString;
use std::mem;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use value::{Count, List, Seconds, Tokens, Value};

// One entry per setting: its help, name, type with bounds, and default. The rest follows
// from the name: `server.port` is JERAKIA_SERVER_PORT in the environment and `port` below
// `server` in the file. Settings of the server are also flags of `jerakia server`. A test
// checks that docs/SETTINGS.md lists all settings.
table::settings! {
    /// Where the tokens are; null for databasedir
    database: Option<DatabaseLocation> = None;
    /// The directory of the token database
    databasedir: PathBuf = location::databasedir();
    /// The directory that relative paths in policies start from
    vardir: PathBuf = "/var/lib/jerakia".into();
    /// The directory of policies
    policydir: PathBuf = "/etc/jerakia/policy.d".into();
    /// The least severe messages that are logged
    loglevel: LogLevel = LogLevel::Info;
    /// The server's log file; null for standard error
    logfile: Option<PathBuf> = None;
    /// Whether lookups apply schemas
    enable_schema: bool = true;

    schema: Schema {
        /// The directory of schemas
        docroot: PathBuf = vardir.value.join("schema");
    }

    server: Server {
        /// The addresses to listen on; none for the one of server.bind and server.port
        listen: List<Listen> = List(Vec::new());
        /// The address to listen on
        bind: Bind = Bind::Address(Ipv4Addr::LOCALHOST.into());
        /// The port to listen on; 0 picks a free one
        port: u16 = 9843;
        /// The group that can use Unix sockets; null for the process's own
        socket_group: Option<GroupName> = None;
        /// The certificate for https:// addresses, in PEM, followed by those of intermediate authorities
        tls_cert: Option<PathBuf> = None;
        /// The private key of the certificate, in PEM
        tls_key: Option<PathBuf> = None;
        /// The authorities of clients, in PEM, which then need a certificate; null for any client
        tls_client_ca: Option<PathBuf> = None;
        /// How long tokens in memory are trusted without a full refresh
        token_ttl: Seconds<1, 86_400> = Seconds(300);
        /// With PostgreSQL: how long the server decides without hearing from the database. So long, and a fourth longer, an act waits for a server that is cut off
        lease: Seconds<1, 300> = Seconds(5);
        /// When a new token ends that is given no end; null for never, or for server.max_expiry
        default_expiry: Option<Period> = None;
        /// The latest end that a token can be given, from then on; null for no limit
        max_expiry: Option<Period> = None;
        /// How many connections can be open at once; one more closes the longest idle one of the client that has the most
        max_connections: Count<1, 1_000_000> = Count(1024);
        /// How many credentials of one client address can be refused in a second, and five times as many at once, until it is answered 429
        max_failures: Count<1, 10_000> = Count(20);
        /// How long the head of a request can take
        head_timeout: Seconds<1, 3600> = Seconds(10);
        /// How long the body of a request can take
        body_timeout: Seconds<1, 3600> = Seconds(30);
        /// How long a client can take to receive an answer
        write_timeout: Seconds<1, 3600> = Seconds(30);
        // Longer than the usual 60 seconds of proxies: they close first, and lose no request.
        /// How long a connection stays open between requests
        idle_timeout: Seconds<1, 3600> = Seconds(75);
        /// How long the server keeps serving after SIGTERM, while /readyz fails, before it closes the port
        shutdown_delay: Seconds<0, 3600> = Seconds(0);
        /// How long requests in flight can take once the port is closed
        shutdown_grace: Seconds<1, 3600> = Seconds(10);
        /// How many lookups and scope requests run at once; one token can have half of them. Kept answers don't count
        max_lookups: Count<1, 1000> = Count(8);
        /// How many more can wait for a turn, for their body, or for their client to read the answer
        max_waiting_lookups: Count<0, 10_000> = Count(64);
        /// How long a lookup can wait for its turn
        lookup_wait: Seconds<1, 3600> = Seconds(5);
        /// The largest body of scope data, in bytes
        max_scope_size: Count<1024, 67_108_864> = Count(262_144);
        /// How much all scope data can take, in bytes
        max_scopes_size: Count<0, 1_099_511_627_776> = Count(268_435_456);
        /// The proxies that ask /v1/authorize, by the headers in which they describe requests to it; null for none
        forward_auth: Option<ProxyFamily> = None;
        /// The proxies whose headers are believed
        trusted_proxies: List<TrustedProxy> = List(TrustedProxy::loopback());
        /// Tokens that are good while the server runs, and are not stored
        tokens: Tokens = Tokens(Vec::new());
        /// A file of tokens that are good while the server runs, one on each line
        token_file: Option<PathBuf> = None;
        /// Whether the log has a line for each request
        access_log: bool = false;
        /// Whether tokens with grants for tokens:read and tokens:write administer tokens over HTTP
        admin_api: bool = false;
        /// Where metrics are served, at /metrics, without a token; null for nowhere
        metrics: Option<SocketAddr> = None;
    }
}

/// Keys that Jerakia 3 or its clients know and this program does not use.
const UNUSED: &[&str] = &[
    "plugindir",
    "piddir",
    "pidfile",
    "server_url",
    "server_api",
    "server_token",
    "encryption",
    "eyaml",
    "plugins",
    "puppetdb",
    "client",
    "client_token",
    "consul",
    "enable_schemas",
    "schema.enable_caching",
    "schema.format",
];

/// The settings on the command line.
#[derive(Debug, Default)]
pub struct Flags {
    /// `--config`
    pub config: Option<PathBuf>,
    /// The text of each flag of a setting, by the setting's name.
    pub settings: BTreeMap<&'static str, OsString>,
}

impl Config {
    /// The settings in force, and the file's keys that this program ignores.
    ///
    /// # Errors
    /// When the file or a value can't be used. A default never replaces a bad value.
    pub fn load(flags: &Flags) -> Result<(Self, Vec<String>), ConfigError> {
        let mut layers = Layers::new(flags)?;
        if let Some(first) = mem::take(&mut layers.file.problems).into_iter().next() {
            return Err(first);
        }
        let config = Self::read(&layers)?;
        match config.two_databases() {
            Some(error) => Err(error),
            None => Ok((config, layers.file.unused)),
        }
    }

    /// Everything that keeps these settings from being used, and the keys of the file that
    /// this program does not use.
    pub fn problems(flags: &Flags) -> (Vec<ConfigError>, Vec<String>) {
        match Layers::new(flags) {
            Err(error) => (vec![error], Vec::new()),
            Ok(mut layers) => {
                let mut all = mem::take(&mut layers.file.problems);
                all.extend(Self::problems_of_values(&layers));
                all.extend(Self::read(&layers).ok().and_then(|it| it.two_databases()));
                (all, layers.file.unused)
            }
        }
    }

    /// Sentences about environment variables that look like settings and are none. Their values
    /// may be secret.
    pub fn unknown_variables() -> Vec<String> {
        let known = |it: &str| it == location::VARIABLE || Self::NAMES.iter().any(|name| layers::variable(name) == it);
        let names = env::vars_os().filter_map(|(name, _)| name.into_string().ok());
        let mut unknown: Vec<_> = names.filter(|it| it.starts_with("JERAKIA_") && !known(it)).collect();
        unknown.sort();
        let sentence = |name| {
            format!("the environment variable {name} is not a setting, and has no effect: docs/SETTINGS.md lists them")
        };
        unknown.into_iter().map(sentence).collect()
    }

    /// The configuration file, if there is one.
    pub fn file(flags: &Flags) -> Option<PathBuf> {
        location::configuration_file(flags.config.as_deref())
    }

    /// Each setting with its default, whatever this machine and user have set. Only the default
    /// directory of the database is one of the user.
    pub fn defaults() -> Vec<table::Entry> {
        Self::read(&Layers::empty(&Flags::default())).map(|it| it.entries()).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[allow(clippy::unwrap_used)]
    fn the_docs_list_each_setting_as_it_is() {
        let docs = include_str!("../../../docs/SETTINGS.md");
        for entry in Config::defaults() {
            let table::Entry { name, help, accepts, value, .. } = entry;
            let row = format!("| `{name}` | {help} | {accepts} |");
            // The default directory depends on the user.
            let row = if name == "databasedir" { row } else { format!("{row} `{value}` |") };
            assert!(docs.contains(&row), "docs/SETTINGS.md lacks the line\n{row}");
        }
    }
}
