//! `jerakia token`: a face of [`jerakia_host::admin`].

use super::import;
use crate::args::{Named, NewToken, Output, TokenCommand};
use crate::config::Config;
use crate::terminal;
use anyhow::Context as _;
use jerakia_host::admin::{self, Act, ActError, Actor, Change};
use jerakia_host::clock;
use jerakia_host::model::{ApiId, Digest};
use jerakia_host::sandbox::Sandbox;
use jerakia_host::store::{Filter, Store, Tokens};
use jiff::{Timestamp, tz::TimeZone};
use rustix::process::getuid;
use serde::ser::{SerializeSeq as _, Serializer as _};
use std::io::{self, Write};

const ADVICE: &str = "\
Copy the following token to the application, it must be sent in the X-Authentication header. \
This token cannot be retrieved later, if you have lost the token for an application you can \
create a new one with 'jerakia token regenerate <api id>'";

pub fn run(command: &TokenCommand, config: &Config) -> anyhow::Result<()> {
    let store = || Store::open(&config.databasedir.value);
    match command {
        TokenCommand::Create(new) => make(&mut store()?, new, new.of.api_id.parse()?, Change::create),
        TokenCommand::Regenerate(new) => make(&mut store()?, new, existing(&new.of)?, Change::Regenerate),
        TokenCommand::List { output } => list(store()?.list(Filter::all(), clock::now())?, *output),
        TokenCommand::Disable(named) => perform(&mut store()?, existing(named)?, Change::Disable),
        TokenCommand::Enable(named) => perform(&mut store()?, existing(named)?, Change::Enable),
        TokenCommand::Delete(named) => perform(&mut store()?, existing(named)?, Change::Delete),
        TokenCommand::Import(args) => import::run(args, config),
    }
}

/// The API ID of a token that is there already: no other text has one.
fn existing(named: &Named) -> Result<ApiId, ActError> {
    named.api_id.parse().map_err(|_| ActError::NotFound(named.api_id.clone()))
}

fn perform(store: &mut Store, api_id: ApiId, change: Change) -> anyhow::Result<()> {
    store.perform(&Act::new(api_id, change, whoever_runs_this(), clock::now()))?;
    Ok(())
}

pub(super) fn whoever_runs_this() -> Actor {
    let uid = getuid().as_raw();
    let user = nix::unistd::User::from_uid(uid.into());
    Actor::User { uid, name: user.ok().flatten().map(|it| it.name) }
}

/// Makes a token, stores its digest, and shows its text.
fn make(store: &mut Store, new: &NewToken, api_id: ApiId, change: fn(Digest) -> Change) -> anyhow::Result<()> {
    let issued = admin::issue(&Sandbox::new()?, &api_id)?;
    perform(store, api_id, change(issued.digest))?;
    let advice: &[&str] = if new.quiet { &[] } else { &[ADVICE, ""] };
    terminal::print_unforgiving(advice.iter().copied().chain([issued.token.expose()])).with_context(|| {
        let api_id = &new.of.api_id;
        format!("The token of {api_id} was made but could not be shown: run `jerakia token regenerate {api_id}` for a new one")
    })
}

fn list(tokens: Tokens<'_>, output: Output) -> anyhow::Result<()> {
    terminal::print(|out| match output {
        Output::Table => table(tokens, out),
        Output::Json => json(tokens, out),
    })
}

fn json(tokens: Tokens<'_>, out: &mut dyn Write) -> anyhow::Result<()> {
    let mut json = serde_json::Serializer::pretty(&mut *out);
    let mut list = json.serialize_seq(None).map_err(io::Error::from)?;
    for token in tokens {
        list.serialize_element(&token?).map_err(io::Error::from)?;
    }
    list.end().map_err(io::Error::from)?;
    Ok(writeln!(out)?)
}

/// The table of Jerakia 3.
fn table(tokens: Tokens<'_>, out: &mut dyn Write) -> anyhow::Result<()> {
    let line = |api_id: &str, last_seen: &str, status: &str| format!("{api_id:<20} {last_seen:<28} {status}");
    writeln!(out, "{}\n", line("API Identifier", "Last Seen", "Status"))?;
    let zone = TimeZone::system();
    let local = |at: Timestamp| at.to_zoned_datetime(zone.clone()).strftime("%Y-%m-%d %H:%M:%S").to_string();
    for token in tokens {
        let token = token?;
        let last_seen = token.last_used().map_or_else(|| "never".into(), local);
        writeln!(out, "{}", line(&terminal::escaped(&token.api_id), &last_seen, token.status.name()))?;
    }
    Ok(())
}
