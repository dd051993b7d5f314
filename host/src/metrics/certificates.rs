//! The certificate of a server with TLS.

use super::page::Page;
use crate::tls::Certificates;
use std::fmt;
use std::time::UNIX_EPOCH;

pub(super) fn write(certificates: &Certificates, page: &mut Page<'_>) -> fmt::Result {
    let state = certificates.state();
    let ends = state.expires_at.duration_since(UNIX_EPOCH).map_or(0, |it| it.as_secs());
    let ends = i64::try_from(ends).unwrap_or(i64::MAX);
    page.gauge("jerakia_certificate_expiry_timestamp_seconds", "When the certificate ends, since the epoch", ends)?;
    let help = "New certificates that could not be used";
    page.counter("jerakia_certificate_failed_reloads", help, state.failed_reloads)
}
