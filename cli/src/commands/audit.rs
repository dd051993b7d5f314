//! `jerakia audit`

use super::whoever_runs_this;
use crate::args::{AuditCommand, AuditListArgs, Output};
use crate::config::Config;
use crate::terminal;
use anyhow::bail;
use jerakia_host::admin::{AuditEntry, AuditHash};
use jerakia_host::clock;
use jerakia_host::store::{AdminStore, AuditFilter, StoreError};
use jiff::{Timestamp, tz::TimeZone};
use std::io::Write;

/// How many entries are read at a time.
const PAGE: usize = 1_000;

pub fn run(command: &AuditCommand, config: &Config) -> anyhow::Result<()> {
    let mut store = config.database().open_for_admin()?;
    match command {
        AuditCommand::List(args) => list(&*store, args),
        AuditCommand::Verify { from } => verify(&*store, *from),
        AuditCommand::Prune { before } => {
            let now = clock::now();
            match store.prune_audit(before.seconds(now), &whoever_runs_this(), now)? {
                Ok(1) => terminal::print_lines(["Removed 1 entry"]),
                Ok(removed) => terminal::print_lines([format!("Removed {removed} entries")]),
                Err(fault) => bail!("The audit trail has a fault, and nothing was removed: {fault}"),
            }
        }
    }
}

fn verify(store: &dyn AdminStore, noted: Option<AuditHash>) -> anyhow::Result<()> {
    match store.verify_audit(noted)? {
        Ok(head) => {
            let last = format!("number {}, hash {}", head.number, head.hash);
            let all = match head.entries {
                1 => "1 entry, neither changed nor missing".into(),
                many => format!("{many} entries, none changed or missing"),
            };
            terminal::print_lines([format!("{all}; the last: {last}")])
        }
        Err(fault) => bail!("The audit trail has a fault: {fault}"),
    }
}

fn list(store: &dyn AdminStore, args: &AuditListArgs) -> anyhow::Result<()> {
    let since = args.since.map(|it| it.seconds(clock::now()));
    let filter = AuditFilter { api_id: args.api_id.clone().map(Into::into), since, after: 0 };
    let entries = Entries { store, filter, page: Vec::new().into_iter(), ended: false };
    terminal::print(|out| match args.output {
        Output::Table => table(entries, out),
        Output::Json => terminal::write_json_list(entries, out),
    })
}

/// The entries of a filter, read page by page, in constant memory.
struct Entries<'a> {
    store: &'a dyn AdminStore,
    filter: AuditFilter,
    page: std::vec::IntoIter<AuditEntry>,
    ended: bool,
}

impl Iterator for Entries<'_> {
    type Item = Result<AuditEntry, StoreError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.page.as_slice().is_empty() && !self.ended {
            match self.store.audit(&self.filter, PAGE) {
                Ok(page) => {
                    self.ended = page.len() < PAGE;
                    self.filter.after = page.last().map_or(self.filter.after, |it| it.number);
                    self.page = page.into_iter();
                }
                Err(error) => {
                    self.ended = true;
                    return Some(Err(error));
                }
            }
        }
        self.page.next().map(Ok)
    }
}

fn table(entries: Entries<'_>, out: &mut dyn Write) -> anyhow::Result<()> {
    let line = |[number, time, act, api_id, outcome, actor]: [&str; 6], changed: &str| {
        let line = format!("{number:<7} {time:<20} {act:<16} {api_id:<20} {outcome:<14} {actor:<20} {changed}");
        line.trim_end().to_owned()
    };
    writeln!(out, "{}\n", line(["Number", "Time", "Act", "API Identifier", "Outcome", "Actor"], "Changed"))?;
    let zone = TimeZone::system();
    for entry in entries {
        let AuditEntry { number, at, actor, act, api_id, changed, outcome, .. } = entry?;
        let local = |it: Timestamp| it.to_zoned_datetime(zone.clone()).strftime("%Y-%m-%d %H:%M:%S").to_string();
        let time = Timestamp::from_second(at).map_or_else(|_| at.to_string(), local);
        let [act, api_id, outcome, actor, changed] =
            [act, api_id, outcome, actor, changed].map(|it| terminal::escaped(&it));
        let changed = if changed == "{}" { "" } else { &changed };
        writeln!(out, "{}", line([&number.to_string(), &time, &act, &api_id, &outcome, &actor], changed))?;
    }
    Ok(())
}
