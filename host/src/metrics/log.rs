//! Lines that are not in the log.

use super::page::Page;
use crate::log_limit;
use std::fmt;

pub(super) fn write(lost: u64, page: &mut Page<'_>) -> fmt::Result {
    page.counter("jerakia_log_lines_lost", "Log lines that could not be written, or not fast enough", lost)?;
    let left_out = log_limit::totals().map(|(kind, count)| ([("kind", kind)], count));
    page.counters("jerakia_log_lines_left_out", "Log lines over the limit of a second, by kind", left_out)
}
