//! `jerakia lookup`

use crate::args::{Asked, LookupArgs, LookupOutput, ScopeArg, UsageError};
use crate::config::Config;
use crate::terminal;
use anyhow::bail;
use jerakia_host::lookup::{Engine, Key, Map, Request, Value};
use jerakia_host::scope::{ScopeId, Scopes};
use serde::Serialize;

pub fn run(args: &LookupArgs, config: &Config) -> anyhow::Result<()> {
    let asked = args.asked()?;
    let pairs = asked.metadata.iter().map(|(key, value)| (Key::Text(key.clone()), Value::Text(value.clone())));
    let metadata: Map = pairs.collect();
    let request = Request {
        policy: args.policy.clone(),
        lookup_type: args.lookup_type.into(),
        merge: args.merge,
        scope: match args.scope {
            ScopeArg::Metadata => metadata.clone(),
            ScopeArg::None => Map::new(),
            ScopeArg::Server => stored(&asked, config)?,
        },
        metadata,
        use_schema: args.use_schema(),
        ..Request::new(asked.key.as_deref(), &asked.namespace)
    };
    let answer = Engine::new(&config.lookup()).lookup(request)?;
    match (answer.found(), &asked.key) {
        (true, _) => terminal::print_data(&text(args.output, &answer.payload())?),
        (false, _) if !args.required => Ok(()),
        (false, Some(key)) => bail!("No {key} in namespace {}", asked.namespace),
        (false, None) => bail!("Nothing in namespace {}", asked.namespace),
    }
}

/// The scope that was stored on the server that uses this database.
fn stored(asked: &Asked, config: &Config) -> anyhow::Result<Map> {
    let option = |name| asked.scope_options.iter().rev().find(|(it, _)| it == name).map(|(_, value)| value);
    let (Some(realm), Some(identifier)) = (option("realm"), option("identifier")) else {
        return Err(UsageError::new("--scope server needs --scope-options realm:NAME identifier:NAME").into());
    };
    let state = config.database().open_for_admin()?.state()?;
    let scopes = Scopes::new(state, config.lookup_limits().scopes);
    match scopes.get(&ScopeId::new(realm, identifier)?)? {
        Value::Map(map) => Ok(*map),
        _ => Ok(Map::new()),
    }
}

fn text(output: LookupOutput, value: &impl Serialize) -> anyhow::Result<String> {
    Ok(match output {
        LookupOutput::Json => serde_json::to_string_pretty(value)?,
        LookupOutput::Yaml => yaml(value)?,
        LookupOutput::Text => bare(serde_json::to_string_pretty(value)?)?,
    })
}

/// An integer of more than 128 bits serializes as raw JSON. Then print everything as JSON, which is
/// also YAML.
fn yaml(value: &impl Serialize) -> anyhow::Result<String> {
    let yaml = serde_saphyr::to_string(value)?;
    let raw = yaml.contains("$serde_json::private::RawValue");
    Ok(if raw { serde_json::to_string_pretty(value)? } else { yaml.trim_end().to_owned() })
}

/// JSON, except for text, which has no quotes, and null, which is empty.
fn bare(json: String) -> anyhow::Result<String> {
    Ok(match json.as_bytes() {
        b"null" => String::new(),
        [b'"', ..] => serde_json::from_str(&json)?,
        _ => json,
    })
}
