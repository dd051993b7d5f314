//! `jerakia token`: a face of [`jerakia_host::admin`]. One file for each kind of command.

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

pub fn run(command: &TokenCommand, config: &Config) -> anyhow::Result<()> {
    let store = || config.database().open_for_admin();
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
        TokenCommand::Import(args) => import::run(args, config),
    }
}

/// The API ID of a token that is there already: no other text has one.
pub fn existing(api_id: &str) -> Result<ApiId, ActRefusal> {
    api_id.parse().map_err(|_| ActRefusal::NotFound(api_id.to_owned()))
}

fn unknown(named: &Named) -> ActRefusal {
    ActRefusal::NotFound(named.api_id.clone())
}

fn perform(store: &mut dyn AdminStore, api_id: ApiId, change: Change, at: i64) -> Result<Performed, ActError> {
    let (performed, reach) = store.perform(&Act::new(api_id, change, whoever_runs_this(), at))?;
    report(reach);
    Ok(performed)
}

/// Reports on which servers an act is in force, where that is not all that there are.
fn report(reach: Reach) {
    let text = reach.to_string();
    if !text.is_empty() {
        terminal::note(&format!("in force {text}"));
    }
}

/// A time as people read it: local.
fn local(at: Timestamp) -> String {
    at.to_zoned_datetime(TimeZone::system()).strftime("%Y-%m-%d %H:%M:%S").to_string()
}
