//! The command line of `jerakia token`.

use super::ImportArgs;
use clap::{Args, Subcommand, ValueEnum};

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
    /// Take over the tokens of Jerakia 3, which then work unchanged
    Import(ImportArgs),
}

#[derive(Debug, Args)]
pub struct Named {
    /// The name of the application
    #[arg(value_name = "API_ID")]
    pub api_id: String,
}

#[derive(Debug, Args)]
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
