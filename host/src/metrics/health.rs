//! What `/readyz?verbose` says, as numbers.

use super::page::Page;
use crate::authenticator::Authenticator;
use crate::health::Health;
use crate::tls::Certificates;
use std::fmt;

pub(super) fn write(
    authenticator: &Authenticator,
    certificates: Option<&Certificates>,
    page: &mut Page<'_>,
) -> fmt::Result {
    let health = Health::of(authenticator, certificates);
    let ready = i64::from(health.failure().is_none());
    page.gauge("jerakia_ready", "Whether the server can decide: 1 or 0", ready)?;
    let parts = health.parts.iter().map(|it| ([("part", it.name)], i64::from(it.state.trouble().is_none())));
    page.gauges("jerakia_part_works", "Whether a part of /readyz?verbose works: 1 or 0", parts)
}
