//! The flags for a token's attributes.

use super::UsageError;
use clap::Args;
use jerakia_host::model::{BadGrant, Description, Expiry, Grants, Label, Labels};

#[derive(Debug, Args)]
pub struct AttributeArgs {
    /// When it ends: a length of time such as 90d, a time such as 2027-01-31T00:00:00Z, or never; from 1s to 36500d from now
    #[arg(long, value_name = "WHEN")]
    pub expires: Option<Expiry>,

    /// What it may do: a pattern over permissions; can be repeated, up to 4096 bytes in all
    #[arg(long = "grant", value_name = "PATTERN", value_parser = pattern)]
    grants: Vec<String>,

    /// Give it no grants: it may do everything except tokens:*
    #[arg(long, conflicts_with = "grants")]
    no_grants: bool,

    /// What it is for: one line of at most 1024 bytes
    #[arg(long, value_name = "TEXT")]
    pub description: Option<Description>,

    /// A label, to select it by; can be repeated, up to 32 times with different keys; keys of 63 characters of A-Z a-z 0-9 _ . / -, values of 255 bytes
    #[arg(long = "label", value_name = "KEY=VALUE")]
    labels: Vec<Label>,

    /// Give it no labels
    #[arg(long, conflicts_with = "labels")]
    no_labels: bool,
}

impl AttributeArgs {
    /// The grants; none where no flag names them.
    pub fn grants(&self) -> Result<Option<Grants>, UsageError> {
        let given = self.no_grants || !self.grants.is_empty();
        let grants = given.then(|| Grants::of(&self.grants)).transpose();
        grants.map_err(UsageError::of("--grant"))
    }

    /// The labels; none where no flag names them.
    pub fn labels(&self) -> Result<Option<Labels>, UsageError> {
        let given = self.no_labels || !self.labels.is_empty();
        let labels = given.then(|| Labels::of(self.labels.clone())).transpose();
        labels.map_err(UsageError::of("--label"))
    }

    /// Whether no flag is given.
    pub fn are_empty(&self) -> bool {
        let Self { expires, grants, no_grants, description, labels, no_labels } = self;
        let flags = *no_grants || *no_labels || !grants.is_empty() || !labels.is_empty();
        !flags && expires.is_none() && description.is_none()
    }
}

fn pattern(text: &str) -> Result<String, BadGrant> {
    Grants::of([text]).map(|_| text.into())
}
