//! Tokens in memory, and the database that they come from.

use super::page::Page;
use crate::authenticator::Authenticator;
use crate::clock::{self, BootTime};
use std::fmt;

pub(super) fn write(authenticator: &Authenticator, page: &mut Page<'_>) -> fmt::Result {
    let cache = authenticator.cache();
    let census = cache.census(clock::now());
    let count = |it: u64| i64::try_from(it).unwrap_or(i64::MAX);
    let stored = census.stored.iter().map(|(status, tokens)| ([("status", status.name())], count(*tokens)));
    let unstored = [([("status", "unstored")], count(census.unstored))];
    page.gauges("jerakia_tokens", "Tokens in memory, by status", stored.chain(unstored))?;

    let counts = cache.counts();
    let age = cache.age(BootTime::now()).as_secs_f64();
    page.gauge("jerakia_cache_age_seconds", "Time since all tokens were read", age)?;
    page.gauge("jerakia_cache_max_age_seconds", "token_ttl: at this age decisions stop", cache.ttl().as_secs_f64())?;
    page.gauge("jerakia_cache_revision", "Number of the last change to a token in memory", cache.revision())?;
    let by_result = |it: &'static str, count| ([("result", it)], count);
    let refreshes = counts.refreshes().by_result().map(|(it, count)| by_result(it, count));
    page.counters("jerakia_cache_refreshes", "Reads of all tokens, in the background, by result", refreshes)?;
    let help = "Reads of changed tokens by requests: at most one after each commit, and none otherwise";
    page.counter("jerakia_request_reads", help, counts.reads_by_requests())?;
    let flushes = counts.flushes().by_result().map(|(it, count)| by_result(it, count));
    page.counters("jerakia_last_seen_flushes", "Writes of last-seen times, by result", flushes)?;
    match cache.store().free_bytes() {
        Some(free) => {
            page.gauge("jerakia_disk_free_bytes", "Free space on the disk of the token database", count(free))
        }
        None => Ok(()),
    }
}
