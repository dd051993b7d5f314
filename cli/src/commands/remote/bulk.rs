//! `jerakia --server URL token disable`, `enable` and `delete`: each token is an act of its
//! own, and the first that fails ends the command.

pub use crate::commands::token::bulk::BulkAct;

use super::client::Client;
use super::{Tokens, route, token};
use crate::args::BulkArgs;
use crate::commands::token::bulk::{check, dry_run, report};
use crate::commands::token::existing;
use crate::commands::token::progress::Progress;
use anyhow::Context as _;
use jerakia_host::model::ApiId;
use serde::Deserialize;
use serde::de::IgnoredAny;

/// The answer of `/v1/whoami`.
#[derive(Deserialize)]
struct Whoami {
    payload: Own,
}

/// The token in `--credential-file`.
#[derive(Deserialize)]
struct Own {
    api_id: String,
}

pub fn run(client: &Client, args: &BulkArgs, act: BulkAct) -> anyhow::Result<()> {
    match &args.api_id {
        Some(api_id) if args.dry_run => {
            let token = token(client, api_id)?;
            dry_run(act, [token].iter().filter(|it| act.changes(it)).map(|it| it.api_id.as_str()))
        }
        Some(api_id) => perform(client, &existing(api_id)?, act),
        None => selected(client, args, act),
    }
}

fn selected(client: &Client, args: &BulkArgs, act: BulkAct) -> anyhow::Result<()> {
    let mut api_ids = Vec::new();
    for token in Tokens::of(client, args.select.query())? {
        let token = token?;
        if let Some(api_id) = token.api_id.parse::<ApiId>().ok().filter(|_| act.changes(&token)) {
            api_ids.push(api_id);
        }
    }
    spare_own(client, &api_ids, act)?;
    if args.dry_run {
        return dry_run(act, api_ids.iter().map(|it| &**it));
    }
    check(api_ids.len(), args, act)?;
    let mut progress = Progress::new(api_ids.len());
    for (at, api_id) in api_ids.iter().enumerate() {
        perform(client, api_id, act)
            .with_context(|| format!("{at} of {} tokens are done. The next, {api_id}, is not", api_ids.len()))?;
        progress.reached(at + 1);
    }
    drop(progress);
    report(api_ids.len(), act)
}

/// Refuses to change the token in `--credential-file`: the rest of the command would fail without
/// it.
fn spare_own(client: &Client, api_ids: &[ApiId], act: BulkAct) -> anyhow::Result<()> {
    if matches!(act, BulkAct::Enable) || api_ids.is_empty() {
        return Ok(());
    }
    let Whoami { payload: Own { api_id: own } } = client.send("GET", "/v1/whoami", None)?;
    let name = act.name();
    anyhow::ensure!(
        !api_ids.iter().any(|it| **it == *own),
        "Nothing was changed: the token of --credential-file, {own}, is among them. Select others, for example with --label, and {name} {own} by its API ID"
    );
    Ok(())
}

fn perform(client: &Client, api_id: &ApiId, act: BulkAct) -> anyhow::Result<()> {
    let _: IgnoredAny = match act {
        BulkAct::Disable | BulkAct::Enable => client.send("POST", &route(api_id, &format!("/{}", act.name())), None)?,
        BulkAct::Delete => client.send("DELETE", &route(api_id, ""), None)?,
    };
    Ok(())
}
