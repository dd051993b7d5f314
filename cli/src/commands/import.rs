//! `jerakia token import`

use super::whoever_runs_this;
use crate::args::ImportArgs;
use crate::config::Config;
use crate::terminal;
use anyhow::bail;
use jerakia_host::clock;
use jerakia_host::model::ApiId;
use jerakia_host::store::sqlite::read_jerakia3;
use jerakia_host::store::{AdminStore, Jerakia3Token, StoreError};
use std::collections::HashSet;

/// What an import does with each token of Jerakia 3.
#[derive(Default)]
struct Plan {
    import: Vec<(ApiId, Jerakia3Token)>,
    existing: usize,
    refused: usize,
    lines: Vec<String>,
}

pub fn run(
    args: &ImportArgs,
    config: &Config,
    store: impl FnOnce() -> Result<Box<dyn AdminStore>, StoreError>,
) -> anyhow::Result<()> {
    let found = read_jerakia3(&args.file)?;
    let plan = Plan::of(found, config.database().api_ids()?);
    if !args.dry_run {
        store()?.import(&plan.import, &whoever_runs_this(), clock::now())?;
    }
    terminal::print_lines(plan.lines.iter().chain([&plan.summary(args.dry_run)]))?;
    match plan.refused {
        0 => Ok(()),
        1 => bail!("1 token can't be imported: create a new one for it with `jerakia token create`"),
        many => bail!("{many} tokens can't be imported: create new ones for them with `jerakia token create`"),
    }
}

impl Plan {
    fn of(found: Vec<Jerakia3Token>, mut known: HashSet<String>) -> Self {
        let mut plan = Self::default();
        for token in found {
            let line = |what: &str| format!("{:<20} {what}", terminal::escaped(&token.api_id));
            match token.importable() {
                Err(error) => {
                    plan.refused += 1;
                    plan.lines.push(line(&format!("can't be imported: {}", terminal::escaped(&error.to_string()))));
                }
                Ok(api_id) if !known.insert(api_id.to_string()) => {
                    plan.existing += 1;
                    plan.lines.push(line("exists already: left as it is"));
                }
                Ok(api_id) => {
                    plan.lines.push(line(if token.active { "active" } else { "disabled" }));
                    plan.import.push((api_id, token));
                }
            }
        }
        plan
    }

    fn summary(&self, dry_run: bool) -> String {
        let Self { import, existing, .. } = self;
        let done = if dry_run { "would be imported" } else { "imported" };
        format!("{} {done}, {existing} existed already", import.len())
    }
}
