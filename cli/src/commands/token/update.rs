//! `jerakia token update`

use super::{existing, perform};
use crate::args::{UpdateArgs, UsageError};
use jerakia_host::admin::{Change, Update};
use jerakia_host::clock;
use jerakia_host::model::ExpiryPolicy;
use jerakia_host::store::{AdminStore, StoreError};

pub fn update(
    store: impl FnOnce() -> Result<Box<dyn AdminStore>, StoreError>,
    args: &UpdateArgs,
    policy: &ExpiryPolicy,
) -> anyhow::Result<()> {
    let (flags, at) = (&args.attributes, clock::now());
    check(args)?;
    let update = Update {
        ends_at: flags.expires.map(|it| policy.of(it, at)).transpose().map_err(UsageError::of("--expires"))?,
        grants: flags.grants()?,
        description: flags.description.clone().map(Into::into),
        labels: flags.labels()?,
    };
    perform(&mut *store()?, existing(&args.of.api_id)?, Change::Update(update), at)?;
    Ok(())
}

pub fn check(args: &UpdateArgs) -> Result<(), UsageError> {
    if args.attributes.are_empty() {
        let nothing =
            "there is nothing to change: use --expires, --grant, --no-grants, --description, --label or --no-labels";
        return Err(UsageError::of("token update")(nothing));
    }
    Ok(())
}
