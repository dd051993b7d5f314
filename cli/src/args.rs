//! The command line.

mod db;

pub use db::{ConfigCommand, DbCommand};

use crate::config::{Flags, SettingFlags};
use clap::{ArgAction, Args as ClapArgs, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;
use jerakia_host::lookup::{LookupType, Merge};
use std::collections::BTreeMap;
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

Exit codes: 0 done, 1 refused or not found, 2 usage, 3 the database can't be used."
)]
pub struct Args {
    /// The configuration file [default: /etc/jerakia/jerakia.yaml, if it is there]
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,

    #[command(flatten)]
    settings: SettingFlags<false>,

    /// Log debug messages
    #[arg(short, long, global = true, action = ArgAction::Count)]
    pub verbose: u8,

    /// Log trace messages, too
    #[arg(short = 'D', long, global = true)]
    pub debug: bool,

    /// How log lines look
    #[arg(long, global = true, value_enum, default_value_t = LogFormat::Text)]
    pub log_format: LogFormat,

    #[command(subcommand)]
    pub command: Command,
}

/// How log lines look.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum LogFormat {
    /// For people
    Text,
    /// One JSON object a line
    Json,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Serve requests until SIGTERM or SIGINT
    Server(ServerArgs),
    /// Manage tokens
    Token {
        #[command(subcommand)]
        command: TokenCommand,
    },
    /// Back up, check and restore the databases
    Db {
        #[command(subcommand)]
        command: DbCommand,
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
    /// Find what needs attention, and what to do about it: exit 1 if there is something
    ///
    /// Looks at the settings, the files with their modes and owners, the space on the disk, the clock,
    /// running servers, and tokens that nobody uses. Changes nothing.
    #[command(after_help = "\
Example:
  jerakia doctor || mail -s 'jerakia needs attention' root")]
    Doctor,
    /// Print a shell's completions
    #[command(after_help = "\
Example:
  jerakia completions bash > /etc/bash_completion.d/jerakia")]
    Completions {
        #[arg(value_enum)]
        shell: Shell,
    },
}

#[derive(Debug, ClapArgs)]
#[command(after_help = "\
Examples:
  jerakia server
  jerakia server --bind 0.0.0.0 --port 8080
  jerakia server --port 0              pick a free port, and say which on stderr")]
pub struct ServerArgs {
    #[command(flatten)]
    settings: SettingFlags<true>,
}

#[derive(Debug, Subcommand)]
#[command(after_help = "\
Examples:
  jerakia token create my_app
  TOKEN=$(jerakia token create my_app --quiet)
  jerakia token list --output json
  jerakia token disable my_app")]
pub enum TokenCommand {
    /// Create the token of a new API ID and show it once
    Create(NewToken),
    /// Replace a token: the old one stops working at once
    Regenerate(NewToken),
    /// List API IDs, their last-seen times, and their status
    List {
        /// How the list looks
        #[arg(short, long, value_enum, default_value_t = Output::Table)]
        output: Output,
    },
    /// Refuse a token until it is enabled again
    Disable(Named),
    /// Accept a disabled token again
    Enable(Named),
    /// Delete a token for good
    Delete(Named),
}

#[derive(Debug, ClapArgs)]
#[command(after_help = "\
Examples:
  jerakia lookup port --namespace apache
  jerakia lookup users --namespace a/b --type cascade --merge hash -m env:dev
  jerakia lookup --namespace apache --output yaml")]
pub struct LookupArgs {
    /// The key; all of the namespace without one
    pub key: Option<String>,

    /// The namespace; / separates levels
    #[arg(short, long)]
    pub namespace: String,

    /// The policy
    #[arg(short, long, default_value = "default")]
    pub policy: String,

    /// Stop at the first file that has the key, or merge what all have
    #[arg(short = 't', long = "type", value_enum, default_value_t = LookupTypeArg::First)]
    pub lookup_type: LookupTypeArg,

    /// How to merge
    #[arg(long, value_enum, default_value_t = MergeArg::Array)]
    pub merge: MergeArg,

    /// Scope: what search paths and conditions are about
    #[arg(short, long, value_name = "KEY:VALUE", value_parser = pair)]
    pub metadata: Vec<(String, String)>,

    /// How the value looks
    #[arg(short, long, value_enum, default_value_t = LookupOutput::Json)]
    pub output: LookupOutput,
}

fn pair(text: &str) -> Result<(String, String), String> {
    let (key, value) = text.split_once(':').ok_or("it takes a key and a value, as in env:dev")?;
    Ok((key.into(), value.into()))
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum LookupTypeArg {
    First,
    Cascade,
}

impl From<LookupTypeArg> for LookupType {
    fn from(it: LookupTypeArg) -> Self {
        match it {
            LookupTypeArg::First => Self::First,
            LookupTypeArg::Cascade => Self::Cascade,
        }
    }
}

#[derive(Clone, Copy, Debug, ValueEnum)]
#[value(rename_all = "snake_case")]
pub enum MergeArg {
    Array,
    Hash,
    DeepHash,
}

impl From<MergeArg> for Merge {
    fn from(it: MergeArg) -> Self {
        match it {
            MergeArg::Array => Self::Array,
            MergeArg::Hash => Self::Hash,
            MergeArg::DeepHash => Self::DeepHash,
        }
    }
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum LookupOutput {
    Json,
    Yaml,
}

#[derive(Debug, Subcommand)]
#[command(after_help = "\
Examples:
  jerakia component export
  jerakia component inspect jerakia-auth.wasm")]
pub enum ComponentCommand {
    /// Write the portable component that this program carries, or its contract
    Export {
        /// Where to; - is standard output
        #[arg(default_value = "jerakia-auth.wasm", default_value_if("wit", "true", "jerakia-auth.wit.wasm"))]
        file: PathBuf,
        /// Write the contract instead: the WIT package with its comments, encoded as a .wasm file
        #[arg(long)]
        wit: bool,
    },
    /// Show a component's name, version, size, SHA-256, imports, exports and WIT text
    ///
    /// The WIT text has its comments where it is that of this program's own component: a component
    /// does not carry them.
    Inspect {
        /// Which one [default: the one that this program carries]
        file: Option<PathBuf>,
    },
}

#[derive(Debug, ClapArgs)]
pub struct Named {
    /// The name of the application
    #[arg(value_name = "API_ID")]
    pub api_id: String,
}

#[derive(Debug, ClapArgs)]
pub struct NewToken {
    #[command(flatten)]
    pub of: Named,

    /// Print the token and nothing else
    #[arg(short, long)]
    pub quiet: bool,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum Output {
    /// For people: times are local
    Table,
    /// An array of objects: times are RFC 3339, UTC
    Json,
}

impl Args {
    /// What goes before all other settings.
    pub fn flags(&self) -> Flags {
        let mut settings = self.settings.given().collect::<BTreeMap<_, _>>();
        if let Command::Server(server) = &self.command {
            settings.extend(server.settings.given());
        }
        Flags { config: self.config.clone(), settings }
    }
}
