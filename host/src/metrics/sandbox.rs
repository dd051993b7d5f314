//! The sandbox: instances and failures.

use super::page::Page;
use crate::authenticator::Authenticator;
use crate::sandbox::INSTANCES;
use std::fmt;

pub(super) fn write(authenticator: &Authenticator, page: &mut Page<'_>) -> fmt::Result {
    let sandbox = authenticator.sandbox();
    page.gauge("jerakia_sandbox_instances", "Instances of the token component in use", sandbox.instances())?;
    page.gauge("jerakia_sandbox_max_instances", "The most instances that can be in use", i64::from(INSTANCES))?;
    let failures = sandbox.failures().map(|(kind, count)| ([("kind", kind)], count));
    page.counters("jerakia_sandbox_failures", "Calls that the token component did not answer, by kind", failures)
}
