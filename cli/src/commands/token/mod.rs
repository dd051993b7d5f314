//! `jerakia token`: the acts of [`jerakia_host::admin`] as commands. One file per kind of command.

pub mod bulk;
pub mod explain;
pub mod issue;
pub mod list;
pub mod progress;
pub mod show;
pub mod update;

use super::{import, whoever_runs_this};
use crate::args::{Named, TokenCommand};
use crate::config::Config;
use crate::terminal;
use jerakia_host::admin::{Act, ActRefusal, Change};
use jerakia_host::model::ApiId;
use jerakia_host::store::{ActError, AdminStore, Performed, Reach};
use jiff::{Timestamp, tz::TimeZone};

pub fn run(command: &TokenCommand, config: &Config, no_wait: bool) -> anyhow::Result<()> {
    let store = || {
        let mut store = config.database().open_for_admin()?;
        if no_wait {
            store.set_no_wait();
        }
        Ok(store)
    };
    match command {
        TokenCommand::Create(new) => issue::create(&mut *store()?, new, &config.expiry()),
        TokenCommand::Regenerate(args) => issue::regenerate(&mut *store()?, args),
        TokenCommand::Rotate(args) => issue::rotate(&mut *store()?, args),
        TokenCommand::List(args) => list::list(&*store()?, args),
        TokenCommand::Show(args) => show::show(&*store()?, args),
        TokenCommand::Update(args) => update::update(store, args, &config.expiry()),
        TokenCommand::Explain(args) => explain::explain(store, args),
        TokenCommand::Disable(args) => bulk::run(&mut *store()?, args, bulk::BulkAct::Disable),
        TokenCommand::Enable(args) => bulk::run(&mut *store()?, args, bulk::BulkAct::Enable),
        TokenCommand::Delete(args) => bulk::run(&mut *store()?, args, bulk::BulkAct::Delete),
        TokenCommand::Import(args) => import::run(args, config, store),
    }
}

/// The API ID of a stored token. Other text can't be one: it is answered like an unknown API ID.
pub fn existing(api_id: &str) -> Result<ApiId, ActRefusal> {
    api_id.parse().map_err(|_| ActRefusal::NotFound(api_id.to_owned()))
}

fn unknown(named: &Named) -> ActRefusal {
    ActRefusal::NotFound(named.api_id.clone())
}

fn perform(store: &mut dyn AdminStore, api_id: ApiId, change: Change, at: i64) -> Result<Performed, ActError> {
    let done = done(&change);
    let (performed, reach) = store.perform(&Act::new(api_id, change, whoever_runs_this(), at))?;
    report(done, reach);
    Ok(performed)
}

/// Reports on which servers an act is in force, where servers have to be waited for.
fn report(done: &str, reach: Reach) {
    let text = reach.to_string();
    if !text.is_empty() {
        terminal::note(&format!("{done} {text}"));
    }
}

fn done(change: &Change) -> &'static str {
    match change {
        Change::Create(..) => "created",
        Change::Regenerate(_) => "regenerated",
        Change::Rotate { .. } => "rotated",
        Change::FinishRotation { .. } => "rotation finished",
        Change::Update(_) => "updated",
        Change::Enable => "enabled",
        Change::Disable => "disabled",
        Change::Delete => "deleted",
        Change::Import { .. } => "imported",
        Change::Adopt { .. } => "adopted",
    }
}

/// Formats a time for people: in the local time zone.
fn local(at: Timestamp) -> String {
    at.to_zoned_datetime(TimeZone::system()).strftime("%Y-%m-%d %H:%M:%S").to_string()
}
