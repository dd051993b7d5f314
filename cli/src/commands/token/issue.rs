//! `jerakia token create`, `regenerate` and `rotate`: commands that make secrets.

use super::{existing, perform};
use crate::args::{NewToken, RegenerateArgs, RotateArgs, UsageError};
use crate::terminal;
use anyhow::Context as _;
use jerakia_host::Secret;
use jerakia_host::admin::{self, Attributes, Change, GivenToken};
use jerakia_host::clock;
use jerakia_host::model::{ApiId, Digest, ExpiryPolicy, Status};
use jerakia_host::sandbox::Sandbox;
use jerakia_host::store::AdminStore;
use std::fs::File;
use std::io;
use std::path::Path;

const ADVICE: &str = "\
Copy the following token to the application, it must be sent in the X-Authentication header. \
This token cannot be retrieved later, if you have lost the token for an application you can \
create a new one with 'jerakia token regenerate <api id>'";

pub fn create(store: &mut dyn AdminStore, new: &NewToken, policy: &ExpiryPolicy) -> anyhow::Result<()> {
    let (api_id, at): (ApiId, _) = (new.of.new_id()?, clock::now());
    let flags = &new.attributes;
    let attributes = Attributes {
        ends_at: policy.of_new(flags.expires, at).map_err(UsageError::of("--expires"))?,
        grants: flags.grants()?.unwrap_or_default(),
        description: flags.description.clone().unwrap_or_default().into(),
        labels: flags.labels()?.unwrap_or_default(),
    };
    let create = |digest| Change::Create(digest, attributes);
    let Some(file) = &new.token_file else { return make(store, api_id, create, at, new.quiet) };
    let given = read(file).and_then(|it| it.of_api_id(&api_id));
    let given = given.map_err(UsageError::of(&format!("--token-file {}", name(file))))?;
    perform(store, api_id, create(given.digest), at)?;
    Ok(())
}

pub fn regenerate(store: &mut dyn AdminStore, args: &RegenerateArgs) -> anyhow::Result<()> {
    make(store, existing(&args.of.api_id)?, Change::Regenerate, clock::now(), args.quiet)
}

pub fn rotate(store: &mut dyn AdminStore, args: &RotateArgs) -> anyhow::Result<()> {
    let (api_id, force) = (existing(&args.of.api_id)?, args.force);
    if args.finish {
        perform(store, api_id, Change::FinishRotation { force }, clock::now())?;
        return Ok(());
    }
    let grace = args.grace.as_seconds();
    make(store, api_id, |digest| Change::Rotate { digest, grace, force }, clock::now(), args.quiet)
}

/// Makes a token, stores its digest, and shows its text.
fn make(
    store: &mut dyn AdminStore,
    api_id: ApiId,
    change: impl FnOnce(Digest) -> Change,
    at: i64,
    quiet: bool,
) -> anyhow::Result<()> {
    let issued = admin::issue(&Sandbox::new()?, &api_id)?;
    let performed = perform(store, api_id.clone(), change(issued.digest), at)?;
    show(&api_id, &issued.token, quiet)?;
    let has_expired = performed.after.as_ref().is_some_and(|it| it.status(at) == Status::Expired);
    warn_of_end(&api_id, has_expired);
    Ok(())
}

/// Shows a token that was just made.
pub fn show(api_id: &ApiId, token: &Secret, quiet: bool) -> anyhow::Result<()> {
    let advice: &[&str] = if quiet { &[] } else { &[ADVICE, ""] };
    terminal::print_unforgiving(advice.iter().copied().chain([token.expose()])).with_context(|| {
        format!("The token of {api_id} was made but could not be shown: run `jerakia token regenerate {api_id}` for a new one")
    })
}

/// A token that has ended is refused with its new secret too.
pub fn warn_of_end(api_id: &ApiId, has_expired: bool) {
    if has_expired {
        terminal::note(&format!(
            "This token has expired: `jerakia token update {api_id} --expires <when>` gives it a new end"
        ));
    }
}

fn read(file: &Path) -> Result<GivenToken, admin::BadToken> {
    if file == Path::new("-") { GivenToken::read(io::stdin().lock()) } else { GivenToken::read(File::open(file)?) }
}

fn name(file: &Path) -> String {
    if file == Path::new("-") { "- (standard input)".into() } else { file.display().to_string() }
}
