//! `jerakia token disable`, `enable` and `delete`: of one token, or of all that flags select.

use super::progress::Progress;
use super::{existing, perform};
use crate::args::BulkArgs;
use crate::commands::whoever_runs_this;
use crate::terminal;
use anyhow::bail;
use jerakia_host::admin::{Act, ActRefusal, Change};
use jerakia_host::clock;
use jerakia_host::model::{ApiId, Status, Token};
use jerakia_host::store::{AdminStore, TokenFilter};

/// The act that is performed on each token.
#[derive(Clone, Copy, Debug)]
pub enum BulkAct {
    Disable,
    Enable,
    Delete,
}

pub fn run(store: &mut dyn AdminStore, args: &BulkArgs, act: BulkAct) -> anyhow::Result<()> {
    let at = clock::now();
    match &args.api_id {
        Some(api_id) if args.dry_run => {
            let token = store.show(api_id, at)?.ok_or_else(|| ActRefusal::NotFound(api_id.clone()))?;
            dry_run(act, [token].iter().filter(|it| act.changes(it)).map(|it| it.api_id.as_str()))
        }
        Some(api_id) => {
            perform(store, existing(api_id)?, act.change(), at)?;
            Ok(())
        }
        None => selected(store, args, act, at),
    }
}

fn selected(store: &mut dyn AdminStore, args: &BulkArgs, act: BulkAct, at: i64) -> anyhow::Result<()> {
    let filter = if args.all { TokenFilter::all() } else { args.select.filter(at) };
    let acts = acts(store, filter, act, at)?;
    if args.dry_run {
        return dry_run(act, acts.iter().map(|it| &*it.api_id));
    }
    check(acts.len(), args, act)?;
    if !acts.is_empty() {
        let mut progress = Progress::new(acts.len());
        let reach = store.perform_each(&acts, &mut |at, _| progress.reached(at + 1))?;
        super::report(super::done(&act.change()), reach);
    }
    report(acts.len(), act)
}

/// Refuses to change more than one token without `--yes`.
pub fn check(count: usize, args: &BulkArgs, act: BulkAct) -> anyhow::Result<()> {
    if count > 1 && !args.yes {
        bail!("This would {} {}: see which with --dry-run, then repeat it with --yes", act.name(), tokens(count));
    }
    Ok(())
}

pub fn report(count: usize, act: BulkAct) -> anyhow::Result<()> {
    terminal::print_lines([format!("{} {}", act.done(), tokens(count))])
}

/// The acts on the selected tokens, except those that would change nothing.
fn acts(store: &dyn AdminStore, filter: TokenFilter, act: BulkAct, at: i64) -> anyhow::Result<Vec<Act>> {
    let (mut acts, actor) = (Vec::new(), whoever_runs_this());
    for token in store.list(filter, at)? {
        let token = token?;
        if !act.changes(&token) {
            continue;
        }
        let Ok(api_id) = token.api_id.parse::<ApiId>() else {
            terminal::note(&format!("{} is left alone: it is not an API ID", terminal::escaped(&token.api_id)));
            continue;
        };
        // A token that another command changes in the meantime may no longer match the flags. It
        // is disabled all the same: otherwise, changing it again and again could prevent that.
        let expected = (!matches!(act, BulkAct::Disable)).then_some(token.version);
        acts.push(Act { expected, ..Act::new(api_id, act.change(), actor.clone(), at) });
    }
    Ok(acts)
}

pub fn dry_run<'a>(act: BulkAct, api_ids: impl Iterator<Item = &'a str>) -> anyhow::Result<()> {
    let api_ids: Vec<_> = api_ids.map(terminal::escaped).collect();
    terminal::print_lines(&api_ids)?;
    terminal::note(&format!("Would {} {}", act.name(), tokens(api_ids.len())));
    Ok(())
}

fn tokens(count: usize) -> String {
    if count == 1 { "1 token".into() } else { format!("{count} tokens") }
}

impl BulkAct {
    fn change(self) -> Change {
        match self {
            Self::Disable => Change::Disable,
            Self::Enable => Change::Enable,
            Self::Delete => Change::Delete,
        }
    }

    pub fn changes(self, token: &Token) -> bool {
        match self {
            Self::Disable => token.status != Status::Disabled,
            Self::Enable => token.status == Status::Disabled,
            Self::Delete => true,
        }
    }

    pub fn name(self) -> &'static str {
        match self {
            Self::Disable => "disable",
            Self::Enable => "enable",
            Self::Delete => "delete",
        }
    }

    fn done(self) -> &'static str {
        match self {
            Self::Disable => "Disabled",
            Self::Enable => "Enabled",
            Self::Delete => "Deleted",
        }
    }
}
