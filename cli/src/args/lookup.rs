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
    /// The key; without one, the whole namespace. a::b is the key b of the namespace a
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

    /// Facts about the machine or application that the lookup is for; can be repeated
    #[arg(short = 'd', long, value_name = "KEY:VALUE", num_args = 1..)]
    metadata: Vec<String>,

    /// The source of the scope: metadata, none, or server, for scope data that was stored on the server
    #[arg(short, long, default_value = "metadata", value_parser = scope)]
    pub scope: ScopeArg,

    /// With --scope server: realm:NAME identifier:NAME
    #[arg(long, alias = "scope_options", value_name = "KEY:VALUE", num_args = 1..)]
    scope_options: Vec<String>,

    /// Apply schemas (the default)
    #[arg(short = 'S', long, overrides_with = "no_schema")]
    schema: bool,

    /// Ignore schemas
    #[arg(long, overrides_with = "schema")]
    no_schema: bool,

    /// The format of the value
    #[arg(short, long, value_enum, default_value_t = LookupOutput::Text)]
    pub output: LookupOutput,

    /// Exit with 1 if nothing is found
    #[arg(long)]
    pub required: bool,

    #[command(flatten)]
    create_tokens: CreateTokens,
}

/// The parsed arguments: values that a flag took by mistake are where they belong.
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
    /// Parses the arguments.
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

/// Strict: an unknown merge type can be metadata, which earlier builds took with -m.
fn merge(text: &str) -> Result<Merge, &'static str> {
    match text {
        "array" => Ok(Merge::Array),
        "hash" => Ok(Merge::Hash),
        "deep_hash" => Ok(Merge::DeepHash),
        _ => Err("use array, hash or deep_hash; metadata is -d KEY:VALUE"),
    }
}

/// The source of the scope.
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
    /// Scalars as bare text; lists and maps as JSON
    Text,
    Json,
    Yaml,
}
