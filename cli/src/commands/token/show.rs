//! `jerakia token show`

use super::{local, unknown};
use crate::args::{Output, ShowArgs};
use crate::terminal;
use jerakia_host::clock;
use jerakia_host::model::{FormerToken, Token};
use jerakia_host::store::AdminStore;
use jiff::Timestamp;
use std::net::IpAddr;

pub fn show(store: &dyn AdminStore, args: &ShowArgs) -> anyhow::Result<()> {
    let now = clock::now();
    let token = store.show(&args.of.api_id, now)?.ok_or_else(|| unknown(&args.of))?;
    print(&token, args.output, now)
}

pub fn print(token: &Token, output: Output, now: i64) -> anyhow::Result<()> {
    match output {
        Output::Json => terminal::print_lines([serde_json::to_string_pretty(token)?]),
        Output::Table => terminal::print_lines(table(token, now)),
    }
}

/// One line per attribute that is set; a list has one line per element.
fn table(token: &Token, now: i64) -> Vec<String> {
    let time = |at: Option<Timestamp>, none: &str| at.map_or_else(|| none.into(), local);
    let labels: Vec<_> = token.labels.iter().map(|(key, value)| format!("{key}={value}")).collect();
    let mut grants: Vec<_> = token.grants.patterns().map(Into::into).collect();
    if token.grants.is_empty() {
        grants.push("everything except tokens:*".into());
    }
    let mut lines = Vec::new();
    let mut add = |name: &str, values: &[String]| {
        let names = [name].into_iter().chain(std::iter::repeat(""));
        lines.extend(names.zip(values).map(|(name, value)| format!("{name:<16} {}", terminal::escaped(value))));
    };
    add("API Identifier", std::slice::from_ref(&token.api_id));
    add("Status", &[token.status.name().into()]);
    add("Description", if token.description.is_empty() { &[] } else { std::slice::from_ref(&token.description) });
    add("Labels", &labels);
    add("Grants", &grants);
    add("Created", &[time(token.created_at, "unknown")]);
    add("Issued", &[time(token.issued_at, "unknown")]);
    add("Expires", &[time(token.expires_at, "never")]);
    add("Last Seen", &[seen(token.last_seen, token.last_address)]);
    if let Some(former) = &token.former {
        add("Former Token", &[ending(former, now)]);
        add("  Last Seen", &[seen(former.last_seen, former.last_address)]);
    }
    lines
}

fn seen(at: Option<Timestamp>, from: Option<IpAddr>) -> String {
    match (at, from) {
        (None, _) => "never".into(),
        (Some(at), None) => local(at),
        (Some(at), Some(from)) => format!("{} from {from}", local(at)),
    }
}

fn ending(former: &FormerToken, now: i64) -> String {
    match former.ends_at {
        Some(end) if end.as_second() > now => format!("good until {}", local(end)),
        Some(end) => format!("refused since {}", local(end)),
        None => "refused".into(),
    }
}
