//! The flags that select tokens, for lists and for acts on many.

use clap::{ArgGroup, Args};
use jerakia_host::model::{Label, Period, Status};
use jerakia_host::store::TokenFilter;

#[derive(Debug, Args)]
pub struct SelectArgs {
    /// Only tokens with this label; can be repeated: only tokens with all of them
    #[arg(long = "label", value_name = "KEY=VALUE")]
    labels: Vec<Label>,

    /// Only tokens that were neither used nor made within this time, such as 90d, up to 36500d
    #[arg(long, value_name = "PERIOD")]
    unused: Option<Period>,

    /// Only tokens with this status: disabled, expired, imported or active; can be repeated: any of them
    #[arg(long = "status", value_name = "STATUS")]
    statuses: Vec<Status>,
}

impl SelectArgs {
    /// The filter at `now`, in seconds since the epoch.
    pub fn filter(&self, now: i64) -> TokenFilter {
        TokenFilter {
            labels: self.labels.clone(),
            statuses: self.statuses.clone(),
            unused_since: self.unused.map(|it| now.saturating_sub(it.as_seconds())),
            ..TokenFilter::all()
        }
    }
}

impl SelectArgs {
    /// The same filter as query parameters of the HTTP API.
    pub fn query(&self) -> Vec<(&'static str, String)> {
        let labels = self.labels.iter().map(|it| ("label", format!("{}={}", it.key, it.value)));
        let statuses = self.statuses.iter().map(|it| ("status", it.name().into()));
        labels.chain(statuses).chain(self.unused.map(|it| ("unused", it.to_string()))).collect()
    }
}

/// The tokens of an act: one by name, or those that flags select.
#[derive(Debug, Args)]
#[command(group = ArgGroup::new("which").required(true).multiple(true).args(["api_id", "labels", "unused", "statuses", "all"]))]
pub struct BulkArgs {
    /// The name of the application
    #[arg(value_name = "API_ID", conflicts_with_all = ["labels", "unused", "statuses", "all", "yes"])]
    pub api_id: Option<String>,

    #[command(flatten)]
    pub select: SelectArgs,

    /// All tokens
    #[arg(long, conflicts_with_all = ["labels", "unused", "statuses"])]
    pub all: bool,

    /// Only print the API IDs of these tokens
    #[arg(long)]
    pub dry_run: bool,

    /// Proceed even if more than one token changes
    #[arg(long)]
    pub yes: bool,
}
