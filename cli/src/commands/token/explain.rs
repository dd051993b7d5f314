//! `jerakia token explain`

use super::unknown;
use crate::args::{ExplainArgs, UsageError};
use crate::terminal;
use anyhow::{anyhow, bail};
use jerakia_host::clock;
use jerakia_host::http::normalized;
use jerakia_host::model::{Grants, MAX_PERMISSION_LEN, Status};
use jerakia_host::store::{AdminStore, StoreError};

pub fn explain(
    store: impl FnOnce() -> Result<Box<dyn AdminStore>, StoreError>,
    args: &ExplainArgs,
) -> anyhow::Result<()> {
    check(args)?;
    let token = store()?.token(&args.of.api_id)?.ok_or_else(|| unknown(&args.of))?;
    decide(args, &token.grants, token.status(clock::now()))
}

pub fn check(args: &ExplainArgs) -> Result<(), UsageError> {
    let permission = &args.permission;
    if permission.len() > MAX_PERMISSION_LEN {
        let error = format!("it has {} bytes, and no permission has more than {MAX_PERMISSION_LEN}", permission.len());
        return Err(UsageError::of("PERMISSION")(error));
    }
    Ok(())
}

/// Prints the grant that permits it, or fails. Notes on standard error if the status refuses the
/// token anyway.
pub fn decide(args: &ExplainArgs, grants: &Grants, status: Status) -> anyhow::Result<()> {
    let api_id = &args.of.api_id;
    let permission = normalized(&args.permission).map_err(|it| anyhow!("no grant can permit this: {it}"))?;
    let permission = &*permission;
    if permission != args.permission {
        terminal::note(&format!("A server reads this as {}", terminal::escaped(permission)));
    }
    match grants.deciding(permission) {
        _ if permission.is_empty() && grants.permit(permission) => {
            terminal::print_lines(["This needs no grant: any token that is good may do it"])?;
        }
        Some(grant) => terminal::print_lines([terminal::escaped(grant)])?,
        None if grants.permit(permission) => {
            terminal::print_lines([format!("{api_id} has no grants: it may do everything except tokens:*")])?;
        }
        None if grants.is_empty() => bail!("{api_id} has no grants, and without one it may not do {permission}"),
        None => bail!("No grant of {api_id} permits {permission}"),
    }
    match status {
        Status::Disabled => terminal::note(&format!("{api_id} is disabled, so it is refused whatever its grants")),
        Status::Expired => terminal::note(&format!("{api_id} has expired, so it is refused whatever its grants")),
        Status::Imported | Status::Active => {}
    }
    Ok(())
}
