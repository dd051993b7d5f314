//! The command line of `jerakia lookup`: Jerakia 3's.

use super::UsageError;
use super::create_tokens::CreateTokens;
use clap::{Args, ValueEnum};
use jerakia_host::lookup::{LookupType, Merge};

#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  HOST=$(jerakia lookup hostname --namespace apache)
  jerakia lookup apache::vhosts --type cascade --merge-type hash -d env:dev hostname:web-01
  jerakia lookup --namespace apache --output yaml")]
pub struct LookupArgs {
    /// The key; all of the namespace without one. a::b is the key b of the namespace a
    key: Option<String>,

    /// The namespace; / or :: separates levels. Where there is neither -n nor a :: in the key, it is the empty one: the
    /// files that the search path itself names
    #[arg(short, long)]
    namespace: Option<String>,

    /// The policy
    #[arg(short, long, default_value = "default")]
    pub policy: String,

    /// Stop at the first file that has the key, or merge what all have
    #[arg(short = 't', long = "type", value_enum, default_value_t = LookupTypeArg::First)]
    pub lookup_type: LookupTypeArg,

    /// How a cascade merges: array, hash or deep_hash
    #[arg(short, long = "merge-type", visible_alias = "merge", alias = "merge_type", value_name = "TYPE",
        default_value = "array", value_parser = merge)]
    pub merge: Merge,

    /// Facts about the machine or application that the lookup is for. May be given again
    #[arg(short = 'd', long, value_name = "KEY:VALUE", num_args = 1..)]
    metadata: Vec<String>,

    /// What search paths and conditions are about: metadata, none, or server, which is what was stored there
    #[arg(short, long, default_value = "metadata", value_parser = scope)]
    pub scope: ScopeArg,

    /// With --scope server: realm:NAME identifier:NAME
    #[arg(long, alias = "scope_options", value_name = "KEY:VALUE", num_args = 1..)]
    scope_options: Vec<String>,

    /// Apply schemas (the default)
    #[arg(short = 'S', long, overrides_with = "no_schema")]
    schema: bool,

    /// Look up as if there were no schemas
    #[arg(long, overrides_with = "schema")]
    no_schema: bool,

    /// How the value looks
    #[arg(short, long, value_enum, default_value_t = LookupOutput::Text)]
    pub output: LookupOutput,

    /// Exit with 1 when nothing is found
    #[arg(long)]
    pub required: bool,

    #[command(flatten)]
    create_tokens: CreateTokens,
}

/// What is asked, with the values that belong to several flags put where they belong.
#[derive(Debug, PartialEq)]
pub struct Asked {
    pub key: Option<String>,
    /// With / between its levels.
    pub namespace: String,
    pub metadata: Vec<Pair>,
    pub scope_options: Vec<Pair>,
}

/// A key and its value.
pub type Pair = (String, String);

impl LookupArgs {
    /// What is asked.
    ///
    /// # Errors
    /// When a text is neither the key nor a pair, or tokens are on the command line.
    pub fn asked(&self) -> Result<Asked, UsageError> {
        self.create_tokens.refuse()?;
        let (metadata, rest) = pairs(&self.metadata);
        let (scope_options, more) = pairs(&self.scope_options);
        // `-d env:dev port`: a flag that takes several values takes the key, too.
        let mut keys = self.key.iter().map(String::as_str).chain(rest).chain(more);
        let key = keys.next();
        if let Some(other) = keys.next() {
            return Err(UsageError::new(format!(
                "{other:?} is not KEY:VALUE, and the key is {:?}",
                key.unwrap_or_default()
            )));
        }
        let (namespace, key) = match (&self.namespace, key.and_then(|it| it.rsplit_once("::"))) {
            (Some(namespace), _) => (namespace.as_str(), key),
            (None, Some((namespace, key))) => (namespace, Some(key)),
            (None, None) => ("", key),
        };
        let key = key.map(Into::into);
        Ok(Asked { key, namespace: namespace.replace("::", "/"), metadata, scope_options })
    }

    pub fn use_schema(&self) -> bool {
        self.schema || !self.no_schema
    }
}

/// The pairs among `texts`, and the other texts.
fn pairs(texts: &[String]) -> (Vec<Pair>, impl Iterator<Item = &str>) {
    let found = texts.iter().filter_map(|it| pair(it)).collect();
    (found, texts.iter().filter(|it| pair(it).is_none()).map(String::as_str))
}

/// `a::b` is a key with its namespace; `ip:::1` is a pair.
fn pair(text: &str) -> Option<Pair> {
    let (key, value) = text.split_once(':')?;
    let is_key = value.starts_with(':') && !value.starts_with("::");
    (!is_key).then(|| (key.into(), value.into()))
}

/// Exact: a merge type that nobody knows may be metadata, which earlier builds took with -m.
fn merge(text: &str) -> Result<Merge, &'static str> {
    match text {
        "array" => Ok(Merge::Array),
        "hash" => Ok(Merge::Hash),
        "deep_hash" => Ok(Merge::DeepHash),
        _ => Err("use array, hash or deep_hash; metadata is -d KEY:VALUE"),
    }
}

/// Where the scope is from.
#[derive(Clone, Copy, Debug)]
pub enum ScopeArg {
    Metadata,
    None,
    Server,
}

fn scope(text: &str) -> Result<ScopeArg, &'static str> {
    match text {
        "metadata" => Ok(ScopeArg::Metadata),
        "none" => Ok(ScopeArg::None),
        "server" => Ok(ScopeArg::Server),
        "yaml" | "puppetdb" => Err("this program does not have it: give the values as -d KEY:VALUE, or store them on \
                                    the server (PUT /v1/scope/<realm>/<identifier>) and use server"),
        _ => Err("use metadata, none or server"),
    }
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
pub enum LookupOutput {
    /// A value as it is; JSON for lists and maps
    Text,
    Json,
    Yaml,
}
