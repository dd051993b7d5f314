//! `jerakia cluster`

use crate::args::{ClusterCommand, Output};
use crate::config::Config;
use crate::terminal;
use anyhow::bail;
use jerakia_host::store::Database;
use jerakia_host::store::postgres::{Node, PostgresAdmin};
use serde::Serialize;

/// A server, in JSON. Times are in seconds.
#[derive(Serialize)]
struct Shown<'a> {
    name: &'a str,
    address: Option<&'a str>,
    version: &'a str,
    state: &'static str,
    lease: f64,
    /// Since it renewed its lease; null: it has not yet.
    renewed: Option<f64>,
    /// The last change that it decides by; null: the database no longer has it.
    revision: Option<i64>,
    /// How many changes there were since.
    lag: Option<i64>,
}

impl<'a> Shown<'a> {
    fn of(node: &'a Node) -> Self {
        Self {
            name: &node.name,
            address: (!node.address.is_empty()).then_some(&node.address),
            version: &node.version,
            state: state(node),
            lease: node.lease.as_secs_f64(),
            renewed: node.renewed.map(|it| it.as_secs_f64()),
            revision: node.revision,
            lag: node.behind,
        }
    }
}

pub fn run(command: &ClusterCommand, config: &Config) -> anyhow::Result<()> {
    let ClusterCommand::Status { output } = command;
    let nodes = match config.database() {
        Database::Postgres { address, .. } => PostgresAdmin::open(&address)?.nodes()?,
        Database::Sqlite(directory) => bail!(
            "{} is the database of one machine, and a cluster needs PostgreSQL: name it with --database postgresql://user@host/database",
            directory.display()
        ),
    };
    let all: Vec<_> = nodes.iter().map(Shown::of).collect();
    match output {
        Output::Json => terminal::print_lines([serde_json::to_string_pretty(&all)?]),
        Output::Table => terminal::print_lines(table(&all)),
    }
}

fn state(node: &Node) -> &'static str {
    match node.renewed {
        _ if node.is_dead => "cut off",
        Some(age) if age <= node.lease => "running",
        Some(_) => "silent",
        None => "starting",
    }
}

fn table(nodes: &[Shown<'_>]) -> Vec<String> {
    let line = |[name, address, version, state, lease, revision, lag]: [&str; 7]| {
        let line = format!("{name:<24} {address:<22} {version:<9} {state:<9} {lease:<7} {revision:<10} {lag}");
        terminal::escaped(line.trim_end())
    };
    let number = |it: Option<i64>| it.map_or_else(|| "unknown".into(), |it| it.to_string());
    let mut lines = vec![line(["Server", "Address", "Version", "State", "Lease", "Revision", "Lag"]), String::new()];
    lines.extend(nodes.iter().map(|it| {
        let (lease, revision, lag) = (format!("{}s", it.lease), number(it.revision), number(it.lag));
        line([it.name, it.address.unwrap_or("-"), it.version, it.state, &lease, &revision, &lag])
    }));
    lines
}
