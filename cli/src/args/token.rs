//! The command line of `jerakia token`.

use super::{AttributeArgs, BulkArgs, ImportArgs, SelectArgs, UsageError};
use clap::{Args, Subcommand, ValueEnum};
use jerakia_host::model::{ApiId, Period};
use std::path::PathBuf;

#[derive(Debug, Subcommand)]
#[command(after_help = "\
Examples:
  jerakia token create my_app --expires 90d --grant 'lookup:apache/**'
  TOKEN=$(jerakia token create my_app --quiet)
  jerakia token rotate my_app          the former token stays good for a day
  jerakia token list --unused 90d --output json
  jerakia token disable my_app")]
pub enum TokenCommand {
    /// Create the token of a new API ID and show it once
    Create(NewToken),
    /// Replace a token: the former one stops working at once
    Regenerate(RegenerateArgs),
    /// Replace a token: the former one stays good for a while
    Rotate(RotateArgs),
    /// List API IDs, their last-seen times, and their status
    List(ListArgs),
    /// Show all attributes of a token
    Show(ShowArgs),
    /// Change when a token ends, what it may do, its description or its labels
    ///
    /// A flag replaces all that it names: --grant all grants, --label all labels.
    Update(UpdateArgs),
    /// Print the grant by which a token may do something; exits with 1 if it may not
    Explain(ExplainArgs),
    /// Refuse tokens until they are enabled again
    Disable(BulkArgs),
    /// Accept disabled tokens again
    Enable(BulkArgs),
    /// Delete tokens for good
    Delete(BulkArgs),
    /// Take over the tokens of Jerakia 3, which then work unchanged
    Import(ImportArgs),
}

#[derive(Debug, Args)]
pub struct Named {
    /// The name of the application: 1 to 64 of A-Z a-z 0-9 _ . @ -, the first a letter, a digit or _
    #[arg(value_name = "API_ID")]
    pub api_id: String,
}

impl Named {
    /// The API ID for a token that is to be made.
    pub fn new_id(&self) -> Result<ApiId, UsageError> {
        self.api_id.parse().map_err(UsageError::of("API_ID"))
    }
}

#[derive(Debug, Args)]
pub struct NewToken {
    #[command(flatten)]
    pub of: Named,

    #[command(flatten)]
    pub attributes: AttributeArgs,

    /// Store the token in this file, <API_ID>:<80 hexadecimal digits>, instead of a new one; - is standard input
    #[arg(long, value_name = "FILE")]
    pub token_file: Option<PathBuf>,

    /// Print the token and nothing else
    #[arg(short, long)]
    pub quiet: bool,
}

#[derive(Debug, Args)]
pub struct RegenerateArgs {
    #[command(flatten)]
    pub of: Named,

    /// Print the token and nothing else
    #[arg(short, long)]
    pub quiet: bool,
}

#[derive(Debug, Args)]
pub struct RotateArgs {
    #[command(flatten)]
    pub of: Named,

    /// How long the former token stays good, up to 36500d; never longer than the token itself
    #[arg(long, value_name = "PERIOD", default_value = "24h", conflicts_with = "finish")]
    pub grace: Period,

    /// Make no new token: end the former one, unless it was used in the last 15 minutes
    #[arg(long, conflicts_with = "quiet")]
    pub finish: bool,

    /// Proceed even if a former token is still good, which then ends; with --finish, even if it was just used
    #[arg(long)]
    pub force: bool,

    /// Print the token and nothing else
    #[arg(short, long)]
    pub quiet: bool,
}

#[derive(Debug, Args)]
pub struct ListArgs {
    #[command(flatten)]
    pub select: SelectArgs,

    /// Only tokens that end within this time, such as 14d, up to 36500d, or have ended; exits with 1 if there is one
    #[arg(long, value_name = "PERIOD")]
    pub expiring: Option<Period>,

    /// The order; tokens without that time come first
    #[arg(long, value_enum, default_value_t = Sort::ApiId)]
    pub sort: Sort,

    /// The format of the list
    #[arg(short, long, value_enum, default_value_t = Output::Table)]
    pub output: Output,
}

#[derive(Debug, Args)]
pub struct ShowArgs {
    #[command(flatten)]
    pub of: Named,

    /// The format
    #[arg(short, long, value_enum, default_value_t = Output::Table)]
    pub output: Output,
}

#[derive(Debug, Args)]
pub struct UpdateArgs {
    #[command(flatten)]
    pub of: Named,

    #[command(flatten)]
    pub attributes: AttributeArgs,
}

#[derive(Debug, Args)]
pub struct ExplainArgs {
    #[command(flatten)]
    pub of: Named,

    /// The permission to check, such as lookup:apache/web, of at most 4096 bytes
    pub permission: String,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum Output {
    /// For people: times are local
    Table,
    /// For programs: times are RFC 3339, UTC
    Json,
}

/// The orders of a list. All but the first need memory for all of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "snake_case")]
pub enum Sort {
    ApiId,
    CreatedAt,
    ExpiresAt,
    LastSeen,
}
