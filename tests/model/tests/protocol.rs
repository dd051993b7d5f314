//! The whole protocol breaks its promise nowhere within the bounds; without any one of its parts
//! it does.

// A test fails by panicking, and prints what `make torture` shows.
#![allow(clippy::panic, clippy::print_stdout)]

use jerakia_model::{ACKNOWLEDGED, Action, Bounds, Part, Protocol, REVOKED};
use stateright::{Checker as _, HasDiscoveries, Model as _};

/// One node with a good clock, one act.
const SMALLEST: Bounds = Bounds {
    nodes: 1,
    acts: 1,
    lease: 4,
    margin: 1,
    registrations: 1,
    under_way: 1,
    doubled: false,
    slow: false,
    crashes: 0,
    failovers: 0,
};
const SLOW: Bounds = Bounds { slow: true, ..SMALLEST };
const TWO_ACTS: Bounds = Bounds { acts: 2, ..SLOW };
const FAILOVER: Bounds = Bounds { acts: 2, failovers: 1, ..SMALLEST };
const CRASH_AND_FAILOVER: Bounds = Bounds { registrations: 2, crashes: 1, failovers: 1, ..SMALLEST };
const LATE_AND_DOUBLED: Bounds = Bounds { under_way: 2, doubled: true, ..SMALLEST };
/// The shortest lease, as two nodes have many more states.
const TWO_NODES: Bounds = Bounds { nodes: 2, registrations: 2, lease: 1, ..SMALLEST };

/// Visits all states. Nothing is granted that must not be, and everything that must be possible
/// is.
fn holds(name: &str, bounds: Bounds) {
    let threads = std::thread::available_parallelism().map_or(1, Into::into);
    let checker = Protocol { bounds, without: None }.checker().threads(threads).spawn_dfs().join();
    if let Some(path) = checker.discovery(REVOKED) {
        panic!("{name}: {:#?}", path.into_actions());
    }
    for property in checker.model().properties() {
        let found = checker.discovery(property.name).is_some();
        assert_eq!(found, property.name != REVOKED, "{name}: {}", property.name);
    }
    println!("torture| the cluster's protocol, states: {name} | {} | 0 |", checker.unique_state_count());
}

/// The shortest way to the first of these discoveries, if there is one.
fn shortest(bounds: Bounds, without: Option<Part>, property: &'static str) -> Option<Vec<Action>> {
    let until = HasDiscoveries::AnyOf([property].into());
    let checker = Protocol { bounds, without }.checker().finish_when(until).spawn_bfs().join();
    checker.discovery(property).map(|it| it.into_actions())
}

/// Without this part a node grants what was revoked.
fn is_needed(part: Part, bounds: Bounds) {
    let Some(steps) = shortest(bounds, Some(part), REVOKED) else {
        panic!("nothing breaks without {part:?}");
    };
    println!("without {part:?}, after {} steps: {steps:?}", steps.len());
}

#[test]
fn nothing_revoked_is_granted_after_the_act_has_returned() {
    holds("one node with a slow clock, two acts", TWO_ACTS);
    holds("failover, two acts", FAILOVER);
    holds("crash and failover", CRASH_AND_FAILOVER);
    holds("late and doubled renewals", LATE_AND_DOUBLED);
    holds("two nodes", TWO_NODES);
}

/// Under `make torture`: minutes.
#[test]
fn nothing_revoked_is_granted_within_larger_bounds() {
    if std::env::var_os("JERAKIA_TORTURE").is_none_or(|it| it != "1") {
        return;
    }
    holds("two acts, a crash, and a slow clock", Bounds { registrations: 2, crashes: 1, ..TWO_ACTS });
    holds("failover, two acts, and a slow clock", Bounds { slow: true, ..FAILOVER });
    holds("two nodes, a longer lease", Bounds { lease: 2, ..TWO_NODES });
    let all = Bounds { registrations: 2, crashes: 1, slow: true, ..LATE_AND_DOUBLED };
    holds("late and doubled renewals, a crash, and a slow clock", all);
}

#[test]
fn an_act_returns_without_waiting_when_all_nodes_acknowledge() {
    let Some(steps) = shortest(TWO_NODES, None, ACKNOWLEDGED) else {
        panic!("no act returns");
    };
    assert!(!steps.iter().any(|it| matches!(it, Action::Tick { .. })), "{steps:?}");
    assert!(steps.iter().any(|it| matches!(it, Action::Deliver { .. })), "no node takes part: {steps:?}");
}

#[test]
fn the_margin_is_needed_for_slow_clocks_and_only_for_them() {
    is_needed(Part::Margin, SLOW);
    assert_eq!(shortest(SMALLEST, Some(Part::Margin), REVOKED), None);
}

#[test]
fn the_shared_lock_is_needed() {
    is_needed(Part::SharedLock, SMALLEST);
}

#[test]
fn locking_before_the_snapshot_is_needed() {
    is_needed(Part::LockBeforeSnapshot, SMALLEST);
}

#[test]
fn counting_from_before_sending_is_needed() {
    is_needed(Part::FromSending, SMALLEST);
}

#[test]
fn catching_up_before_the_lease_is_extended_is_needed() {
    is_needed(Part::CatchingUp, SMALLEST);
}

#[test]
fn the_mark_is_needed() {
    is_needed(Part::Mark, FAILOVER);
}

#[test]
fn random_ids_are_needed() {
    is_needed(Part::RandomId, TWO_NODES);
}

#[test]
fn a_counter_that_stands_still_is_needed_before_a_row_is_dead() {
    is_needed(Part::Stillness, Bounds { acts: 2, ..SMALLEST });
}

#[test]
fn waiting_after_a_failover_is_needed() {
    is_needed(Part::SettledTimeline, FAILOVER);
}

#[test]
fn waiting_by_an_act_from_before_the_failover_does_not_do() {
    is_needed(Part::OwnTimeline, FAILOVER);
}
