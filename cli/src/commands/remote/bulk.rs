//! `jerakia --server URL token disable`, `enable` and `delete`: each token is an act of its
//! own, and the first that fails ends the command.

pub use crate::commands::token::bulk::Kind;

use super::client::Client;
use super::{Tokens, route, token};
use crate::args::BulkArgs;
use crate::commands::token::bulk::{check, dry_run, report};
use crate::commands::token::existing;
use crate::commands::token::progress::Progress;
use anyhow::Context as _;
use jerakia_host::model::ApiId;
use serde::de::IgnoredAny;

pub fn run(client: &Client, args: &BulkArgs, kind: Kind) -> anyhow::Result<()> {
    match &args.api_id {
        Some(api_id) if args.dry_run => {
            let token = token(client, api_id)?;
            dry_run(kind, [token].iter().filter(|it| kind.changes(it)).map(|it| it.api_id.as_str()))
        }
        Some(api_id) => act(client, &existing(api_id)?, kind),
        None => selected(client, args, kind),
    }
}

fn selected(client: &Client, args: &BulkArgs, kind: Kind) -> anyhow::Result<()> {
    let mut api_ids = Vec::new();
    for token in Tokens::of(client, args.select.query())? {
        let token = token?;
        if let Some(api_id) = token.api_id.parse::<ApiId>().ok().filter(|_| kind.changes(&token)) {
            api_ids.push(api_id);
        }
    }
    if args.dry_run {
        return dry_run(kind, api_ids.iter().map(|it| &**it));
    }
    check(api_ids.len(), args, kind)?;
    let mut progress = Progress::new(api_ids.len());
    for (at, api_id) in api_ids.iter().enumerate() {
        act(client, api_id, kind)
            .with_context(|| format!("{at} of {} are done, and {api_id} is not", api_ids.len()))?;
        progress.reached(at + 1);
    }
    drop(progress);
    report(api_ids.len(), kind)
}

fn act(client: &Client, api_id: &ApiId, kind: Kind) -> anyhow::Result<()> {
    let _: IgnoredAny = match kind {
        Kind::Disable | Kind::Enable => client.send("POST", &route(api_id, &format!("/{}", kind.name())), None)?,
        Kind::Delete => client.send("DELETE", &route(api_id, ""), None)?,
    };
    Ok(())
}
