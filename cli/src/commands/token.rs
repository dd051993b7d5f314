//! `jerakia token`

use crate::args::{NewToken, Output, TokenCommand};
use crate::config::Config;
use crate::terminal;
use anyhow::Context as _;
use jerakia_host::model::Status;
use jerakia_host::sandbox::Sandbox;
use jerakia_host::store::{Store, TokenRow};
use jerakia_host::tokens::{self, TokenError};
use jerakia_host::{Secret, clock};
use jiff::{Timestamp, tz::TimeZone};
use serde::Serialize;

const ADVICE: &str = "\
Copy the following token to the application, it must be sent in the X-Authentication header. \
This token cannot be retrieved later, if you have lost the token for an application you can \
create a new one with 'jerakia token regenerate <api id>'";

pub fn run(command: &TokenCommand, config: &Config) -> anyhow::Result<()> {
    let mut store = Store::open(&config.databasedir.value)?;
    match command {
        TokenCommand::Create(new) => show(new, &mut store, tokens::create),
        TokenCommand::Regenerate(new) => show(new, &mut store, tokens::regenerate),
        TokenCommand::List { output } => list(&store.list(clock::now())?, *output),
        TokenCommand::Disable(it) => Ok(store.set_status(&it.api_id, Status::Disabled)?),
        TokenCommand::Enable(it) => Ok(store.set_status(&it.api_id, Status::Active)?),
        TokenCommand::Delete(it) => Ok(store.delete(&it.api_id)?),
    }
}

fn show(
    new: &NewToken,
    store: &mut Store,
    make: fn(&Sandbox, &mut Store, &str) -> Result<Secret, TokenError>,
) -> anyhow::Result<()> {
    let token = make(&Sandbox::new()?, store, &new.of.api_id)?;
    let advice: &[&str] = if new.quiet { &[] } else { &[ADVICE, ""] };
    terminal::print_unforgiving(advice.iter().copied().chain([token.expose()])).with_context(|| {
        let api_id = &new.of.api_id;
        format!("The token of {api_id} was made but could not be shown: run `jerakia token regenerate {api_id}` for a new one")
    })
}

fn list(rows: &[TokenRow], output: Output) -> anyhow::Result<()> {
    match output {
        Output::Table => terminal::print_lines(table(rows)),
        Output::Json => {
            let tokens: Vec<_> = rows.iter().map(Listed::of).collect();
            terminal::print_lines([serde_json::to_string_pretty(&tokens)?])
        }
    }
}

/// The original's table.
fn table(rows: &[TokenRow]) -> Vec<String> {
    let line = |api_id: &str, seen: &str, status: &str| format!("{api_id:<20} {seen:<28} {status}");
    let mut lines = vec![line("API Identifier", "Last Seen", "Status"), String::new()];
    let zone = TimeZone::system();
    lines.extend(rows.iter().map(|row| {
        let local = |at: Timestamp| at.to_zoned_datetime(zone.clone()).strftime("%Y-%m-%d %H:%M:%S").to_string();
        let seen = row.last_seen.and_then(timestamp).map_or_else(|| "never".into(), local);
        line(&terminal::escaped(&row.api_id), &seen, status(row.status))
    }));
    lines
}

/// A token in JSON.
#[derive(Serialize)]
struct Listed<'a> {
    api_id: &'a str,
    status: &'static str,
    last_seen: Option<Timestamp>,
    created_at: Option<Timestamp>,
    issued_at: Option<Timestamp>,
}

impl<'a> Listed<'a> {
    fn of(row: &'a TokenRow) -> Self {
        Self {
            api_id: &row.api_id,
            status: status(row.status),
            last_seen: row.last_seen.and_then(timestamp),
            created_at: timestamp(row.created_at),
            issued_at: timestamp(row.issued_at),
        }
    }
}

fn status(status: Status) -> &'static str {
    match status {
        Status::Active => "active",
        Status::Disabled => "disabled",
    }
}

/// None for what no calendar has: somebody edited the database.
fn timestamp(seconds: i64) -> Option<Timestamp> {
    Timestamp::from_second(seconds).ok()
}
