//! `jerakia lookup`

use crate::args::{LookupArgs, LookupOutput};
use crate::config::Config;
use crate::terminal;
use anyhow::bail;
use jerakia_host::lookup::{Engine, Key, Request, Value};

pub fn run(args: &LookupArgs, config: &Config) -> anyhow::Result<()> {
    let scope: Vec<_> =
        args.metadata.iter().map(|(key, value)| (Key::Text(key.clone()), Value::Text(value.clone()))).collect();
    let request = Request {
        policy: args.policy.clone(),
        lookup_type: args.lookup_type.into(),
        merge: args.merge.into(),
        scope: scope.iter().cloned().collect(),
        metadata: scope.into_iter().collect(),
        ..Request::new(args.key.as_deref(), &args.namespace)
    };
    let answer = Engine::new(&config.lookup()).lookup(request)?;
    if !answer.found() {
        match &args.key {
            Some(key) => bail!("No {key} in namespace {}", args.namespace),
            None => bail!("Nothing in namespace {}", args.namespace),
        }
    }
    let text = match args.output {
        LookupOutput::Json => serde_json::to_string_pretty(&answer.payload())?,
        LookupOutput::Yaml => serde_saphyr::to_string(&answer.payload())?.trim_end().to_owned(),
    };
    terminal::print_lines([terminal::escaped_lines(&text)])
}
