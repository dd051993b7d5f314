//! The command line of `jerakia lookup`.

use clap::{Args, ValueEnum};
use jerakia_host::lookup::{LookupType, Merge};

#[derive(Debug, Args)]
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
