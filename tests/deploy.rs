//! What operators get in deploy/: Prometheus loads the rules, each alert fires and has advice, and
//! every metric that rules and dashboard name is one that a server has.

use crate::harness::{Authority, Metrics, World};
use crate::metrics::encrypted;
use serde_json::Value;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

const RULES: &str = include_str!("../deploy/prometheus/alerts.yaml");
const DASHBOARD: &str = include_str!("../deploy/grafana/jerakia.json");
const OPERATIONS: &str = include_str!("../docs/OPERATIONS.md");

fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// Runs promtool, which must succeed.
fn promtool(arguments: &[&str]) {
    let own = workspace().join("target/prometheus/usr/bin/promtool");
    let program = if own.exists() { own } else { "promtool".into() };
    let ran = Command::new(program).args(arguments).current_dir(workspace()).output();
    let ran = ran.expect("promtool is missing: `scripts/promtool.sh` puts it into target/");
    let said = String::from_utf8_lossy(&[ran.stdout, ran.stderr].concat()).into_owned();
    assert!(ran.status.success(), "promtool {arguments:?}: {said}");
}

/// The queries of the dashboard, with values for Grafana's variables.
fn queries() -> Vec<String> {
    let dashboard: Value = serde_json::from_str(DASHBOARD).unwrap();
    let panels = dashboard["panels"].as_array().unwrap();
    let targets = panels.iter().flat_map(|it| it["targets"].as_array().unwrap());
    let query = |it: &Value| it["expr"].as_str().unwrap().replace("$__rate_interval", "5m").replace("$instance", ".*");
    targets.map(query).collect()
}

/// The names of our metrics in queries.
fn named(text: &str) -> BTreeSet<&str> {
    let words = text.split(|it: char| !it.is_ascii_alphanumeric() && it != '_');
    words.filter(|it| it.starts_with("jerakia_") || it.starts_with("process_")).collect()
}

#[test]
fn prometheus_loads_the_rules_and_each_alert_fires_for_its_fault_only() {
    promtool(&["check", "rules", "deploy/prometheus/alerts.yaml"]);
    promtool(&["test", "rules", "tests/prometheus/alerts.yaml"]);
    let tested = include_str!("prometheus/alerts.yaml");
    for alert in alerts() {
        assert!(tested.contains(&format!("alertname=\"{alert}\"")), "tests/prometheus/alerts.yaml lacks {alert}");
    }
}

#[test]
fn prometheus_understands_each_query_of_the_dashboard() {
    let world = World::new();
    let rule = |(number, query): (usize, String)| format!("  - {{record: 'query:{number}', expr: '{query}'}}\n");
    let rules: String = queries().into_iter().enumerate().map(rule).collect();
    let file = world.path().join("queries.yaml");
    fs::write(&file, format!("groups:\n- name: dashboard\n  rules:\n{rules}")).unwrap();
    promtool(&["check", "rules", file.to_str().unwrap()]);
}

#[test]
fn a_server_has_every_metric_that_rules_and_dashboard_name() {
    let world = World::new();
    let metrics = Metrics::of(&encrypted(&world, &Authority::new().issue("localhost")));
    let there: BTreeSet<_> = metrics.names().collect();
    let queries = queries().concat();
    let named = [named(&queries), named(RULES)];
    assert!(named.iter().all(|it| it.len() > 10));
    for name in named.iter().flatten() {
        assert!(there.contains(name), "no {name} in\n{}", metrics.text);
    }
}

#[test]
fn docs_say_what_to_do_at_each_alert() {
    let alerts = alerts();
    assert!(alerts.len() > 10);
    for alert in &alerts {
        assert!(OPERATIONS.contains(&format!("\n### {alert}\n")), "docs/OPERATIONS.md has no section {alert}");
    }
    let sections = OPERATIONS.lines().filter(|it| it.starts_with("### Jerakia")).count();
    assert_eq!(sections, alerts.len(), "docs/OPERATIONS.md has sections for other alerts");
}

fn alerts() -> Vec<&'static str> {
    RULES.lines().filter_map(|it| it.trim().strip_prefix("- alert: ")).collect()
}
