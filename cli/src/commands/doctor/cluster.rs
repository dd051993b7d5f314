//! What a PostgreSQL database and the servers on it need.

use super::Report;
use super::tokens::TokenFindings;
use jerakia_host::clock;
use jerakia_host::store::postgres::{Address, Node, PostgresAdmin};
use jerakia_host::store::{AdminStore, StoreError, TokenFilter};

pub(super) fn check(address: &Address, report: &mut Report) {
    if let Err(error) = database(address, report) {
        report.to_do.push(error.to_string());
    }
}

fn database(address: &Address, report: &mut Report) -> Result<(), StoreError> {
    let database = PostgresAdmin::open(address)?;
    report.add(format!("database {address}: it can be used"), Vec::new());
    let nodes: Vec<_> = database.nodes()?.into_iter().filter(|it| !it.is_dead).collect();
    report.add(format!("servers that run on it: {}", nodes.len()), nodes.iter().filter_map(silent).collect());
    let store: &dyn AdminStore = &database;
    let trail = store.verify_audit(None)?;
    let entries = trail.as_ref().map_or(0, |it| it.entries);
    let edited = trail.err().map(|fault| {
        format!("{address} has an audit trail that was edited: {fault}: find out who edited it; `jerakia token list` shows the tokens as they are now")
    });
    report.add(format!("audit trail: {entries} entries, none changed or missing"), edited.into_iter().collect());
    let mut findings = TokenFindings::at(clock::now());
    for token in store.list(TokenFilter::all(), findings.now())? {
        findings.look(&token?);
    }
    findings.report(report);
    Ok(())
}

/// A server that has not renewed its lease.
fn silent(node: &Node) -> Option<String> {
    let since = node.renewed.filter(|it| *it > node.lease)?.as_secs();
    let name = &node.name;
    Some(format!(
        "the server {name} has not renewed its lease for {since} seconds, and answers 503 if it runs: see that it reaches the database"
    ))
}
