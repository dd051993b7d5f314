//! Connections, and the requests that wait for turns.

use super::page::Page;
use crate::http::Traffic;
use std::fmt;

pub(super) fn write(traffic: &Traffic, max_connections: usize, page: &mut Page<'_>) -> fmt::Result {
    let count = |it: usize| i64::try_from(it).unwrap_or(i64::MAX);
    let connections = &traffic.connections;
    page.gauge("jerakia_connections", "Open connections of clients", connections.open.get())?;
    page.gauge("jerakia_max_connections", "The most connections that can be open", count(max_connections))?;
    page.counter("jerakia_connections_accepted", "Connections of clients", connections.accepted.get())?;
    let help = "Connections that found the most connections open, and waited for an idle one to be closed";
    page.counter("jerakia_connections_waited", help, connections.waited.get())?;

    let lookups = &traffic.lookups;
    let results = [("kept", &lookups.kept), ("read", &lookups.read), ("failed", &lookups.failed)];
    let results = results.map(|(it, count)| ([("result", it)], count.get()));
    page.counters("jerakia_lookups", "Lookups: answered from memory, from files, or not, by result", results)?;
    let acts = &traffic.administration;
    let results = [("done", &acts.done), ("refused", &acts.refused), ("failed", &acts.failed)];
    let results = results.map(|(it, count)| ([("result", it)], count.get()));
    page.counters("jerakia_administration_requests", "Requests of administrators over HTTP, by result", results)?;

    let queues = [("lookups", traffic.lookup_turns.usage()), ("administration", traffic.admin_turns.usage())];
    let running = queues.each_ref().map(|(queue, it)| ([("queue", *queue)], count(it.running)));
    page.gauges("jerakia_requests_running", "Lookups, scope requests and administrators' requests that run", running)?;
    let waiting = queues.each_ref().map(|(queue, it)| ([("queue", *queue)], count(it.waiting)));
    page.gauges("jerakia_requests_waiting", "Those that wait for a turn, their body or their client", waiting)?;
    let turned_away = queues.each_ref().map(|(queue, it)| ([("queue", *queue)], it.turned_away));
    page.counters("jerakia_requests_turned_away", "Those answered 503 because there were too many", turned_away)
}
