//! Notifies the service manager, such as systemd, when the server is ready, reloads and stops,
//! and feeds its watchdog: sd_notify(3). Without a service manager nothing is sent.

use crate::authenticator::Authenticator;
use crate::health::Health;
use crate::tls::Certificates;
use sd_notify::NotifyState;
use std::env;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::interval;

/// How often the status is checked. The watchdog is fed at least three times in its period.
const CHECK_EVERY: Duration = Duration::from_secs(5);

/// What stopping may take beyond the time that requests in flight have: recording last-seen times.
const RECORDING: Duration = Duration::from_secs(60);

/// Startup, or a reload, is finished.
pub(crate) fn ready() {
    notify(&[NotifyState::Ready]);
}

/// A reload begins. [`ready`] ends it.
pub(crate) fn reloading() {
    match NotifyState::monotonic_usec_now() {
        Ok(now) => notify(&[NotifyState::Reloading, now]),
        Err(error) => tracing::warn!(%error, "the service manager can't be notified of the reload"),
    }
}

/// The server stops, and serves for at most `serving`, which the settings may make longer than
/// the service manager would wait.
pub(crate) fn stopping(serving: Duration) {
    let limit = u32::try_from((serving + RECORDING).as_micros()).unwrap_or(u32::MAX);
    notify(&[NotifyState::Stopping, NotifyState::Status("stopping"), NotifyState::ExtendTimeoutUsec(limit)]);
}

/// Feeds the watchdog and reports changes of the status, until the runtime ends.
///
/// The watchdog restarts a server that a restart may mend: one whose threads hang, since this
/// task runs on them, or whose component gives no answers. It must not restart a server that
/// has lost its database. Such a server decides from memory for `token_ttl`, which a restart
/// would end, and recovers by itself.
pub(crate) async fn watch(authenticator: Arc<Authenticator>, certificates: Option<Arc<Certificates>>) {
    if env::var_os("NOTIFY_SOCKET").is_none() {
        return;
    }
    let period = sd_notify::watchdog_enabled().map_or(CHECK_EVERY, |it| (it / 3).min(CHECK_EVERY));
    let mut checks = interval(period.max(Duration::from_millis(1)));
    let mut reported = String::new();
    loop {
        checks.tick().await;
        match authenticator.component_answers() {
            Ok(()) => notify(&[NotifyState::Watchdog]),
            Err(error) => tracing::error!(%error, "the watchdog is not fed"),
        }
        let status = status(&authenticator, certificates.as_deref());
        if status != reported {
            notify(&[NotifyState::Status(&status)]);
            reported = status;
        }
    }
}

/// One line, as a line feed would begin another notification.
fn status(authenticator: &Authenticator, certificates: Option<&Certificates>) -> String {
    let health = Health::of(authenticator, certificates);
    let status = match health.failure() {
        Some(error) => format!("can't decide: {error}"),
        None if health.is_degraded() => "deciding, but degraded: see /readyz?verbose".into(),
        None => "deciding".into(),
    };
    status.replace('\n', " ")
}

fn notify(states: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(states) {
        tracing::warn!(%error, "the service manager can't be notified");
    }
}
