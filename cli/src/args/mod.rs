//! The command line: what all commands share. Each noun has a file of its own.

mod attributes;
mod audit;
mod cluster;
mod component;
mod config;
mod create_tokens;
mod db;
mod health;
mod import;
mod integrate;
mod lookup;
mod remote;
mod select;
mod server;
mod server_url;
mod token;

pub use attributes::AttributeArgs;
pub use audit::{AuditCommand, AuditListArgs};
pub use cluster::ClusterCommand;
pub use component::ComponentCommand;
pub use config::ConfigCommand;
pub use db::DbCommand;
pub use health::{HealthArgs, Place};
pub use import::ImportArgs;
pub use integrate::Integration;
pub use lookup::{Asked, LookupArgs, LookupOutput, ScopeArg};
pub use remote::{RemoteArgs, RemoteServer};
pub use select::{BulkArgs, SelectArgs};
pub use server::ServerArgs;
pub use server_url::ServerUrl;
pub use token::{
    ExplainArgs, ListArgs, Named, NewToken, Output, RegenerateArgs, RotateArgs, ShowArgs, Sort, TokenCommand,
    UpdateArgs,
};

use crate::config::{Flags, SettingFlags};
use clap::{ArgAction, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;
use std::collections::BTreeMap;
use std::fmt::Display;
use std::path::PathBuf;

/// Authenticates applications by API token and manages the tokens.
#[derive(Debug, Parser)]
#[command(
    name = "jerakia",
    version,
    after_help = "\
Examples:
  jerakia token create my_app          create a token; it is shown once
  jerakia server                       answer requests that carry a token
  jerakia token disable my_app         in force when the command returns

Exit codes: 0 done, 1 refused or not found, 2 usage, 3 the database or the server can't be used."
)]
pub struct Args {
    /// The configuration file [default: /etc/jerakia/jerakia.yaml, if it exists]
    #[arg(short, long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,

    #[command(flatten)]
    settings: SettingFlags<false>,

    #[command(flatten)]
    pub remote: RemoteArgs,

    /// Log debug messages
    #[arg(short, long, global = true, action = ArgAction::Count)]
    pub verbose: u8,

    /// Log trace messages, too
    #[arg(short = 'D', long, global = true)]
    pub debug: bool,

    /// The format of log lines
    #[arg(long, global = true, value_enum, default_value_t = LogFormat::Text)]
    pub log_format: LogFormat,

    #[command(subcommand)]
    pub command: Command,
}

/// The format of log lines.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum LogFormat {
    /// For people
    Text,
    /// One JSON object per line
    Json,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Serve requests until SIGTERM or SIGINT
    Server(ServerArgs),
    /// Manage tokens
    Token {
        /// With PostgreSQL: return once a change is stored, without waiting for the servers
        #[arg(long, global = true)]
        no_wait: bool,

        #[command(subcommand)]
        command: TokenCommand,
    },
    /// Show, check and prune the audit trail
    Audit {
        #[command(subcommand)]
        command: AuditCommand,
    },
    /// Show the servers on a PostgreSQL database
    Cluster {
        #[command(subcommand)]
        command: ClusterCommand,
    },
    /// Back up, check, restore and copy the databases
    Db {
        #[command(subcommand)]
        command: DbCommand,
    },
    /// Print a proxy's configuration that puts this server in front of a service
    ///
    /// The configuration fits the settings in force. Change its port, host name and service address.
    #[command(after_help = "\
Examples:
  jerakia integrate nginx > /etc/nginx/conf.d/shop.conf
  jerakia integrate haproxy-lua > /etc/haproxy/jerakia.lua")]
    Integrate {
        #[arg(value_enum)]
        proxy: Integration,
    },
    /// Look up a key, as a client of the server would
    Lookup(LookupArgs),
    /// The token component, for other hosts
    Component {
        #[command(subcommand)]
        command: ComponentCommand,
    },
    /// Print each setting in force with its source
    #[command(after_help = "\
Example:
  JERAKIA_SERVER_PORT=8080 jerakia config")]
    Config {
        #[command(subcommand)]
        command: Option<ConfigCommand>,
    },
    /// Print the program's version
    Version,
    /// Find what needs attention, and what to do about it: exit 1 if something does
    ///
    /// Checks the settings, the files with their modes and owners, the space on the disk, the clock,
    /// running servers, and tokens that have expired or are unused. Changes nothing.
    #[command(after_help = "\
Example:
  jerakia doctor || mail -s 'jerakia needs attention' root")]
    Doctor,
    /// Ask a running server whether it can decide: exit 0 if so, 1 if not or if it doesn't answer
    ///
    /// For health checks of containers and monitoring. Certificates are not verified, since no
    /// token is sent.
    Health(HealthArgs),
    /// Print a shell's completions
    ///
    /// They complete API IDs, too, for users who can read the database. Print them again after an
    /// upgrade of this program; its Debian package does so.
    #[command(after_help = "\
Example:
  jerakia completions bash > /etc/bash_completion.d/jerakia")]
    Completions {
        #[arg(value_enum)]
        shell: Shell,
    },
    /// Write the man pages, completions and sample settings that a package has
    #[command(hide = true)]
    PackageFiles { directory: PathBuf },
}

/// Bad arguments that the parser itself can't detect.
#[derive(Debug, thiserror::Error)]
#[error("{0} (see --help)")]
pub struct UsageError(String);

impl UsageError {
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// Names the argument that an error is about, for `map_err`.
    pub fn of<E: Display>(argument: &str) -> impl FnOnce(E) -> Self {
        move |error| Self(format!("{argument}: {error}"))
    }
}

impl Args {
    /// The settings that flags give. They take precedence over all others.
    pub fn flags(&self) -> Flags {
        let mut settings = self.settings.given().collect::<BTreeMap<_, _>>();
        if let Command::Server(server) = &self.command {
            settings.extend(server.settings.given());
        }
        Flags { config: self.config.clone(), settings }
    }
}
