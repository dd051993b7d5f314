//! Health checks for supervisors and load balancers: without a token, and without
//! information about tokens.

use super::reply::Format;
use super::serve::Stopping;
use crate::authenticator::Authenticator;
use crate::health::{self, Health};
use crate::tls::Certificates;
use crate::{log_limit, request_id};
use axum::Extension;
use axum::extract::State;
use axum::http::{StatusCode, Uri};
use axum::response::Response;
use serde::Serialize;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The answer of `/readyz`.
#[derive(Serialize)]
struct Readiness {
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<&'static str>,
    /// Only with `?verbose`.
    #[serde(skip_serializing_if = "Option::is_none")]
    payload: Option<BTreeMap<&'static str, Part>>,
}

#[derive(Serialize)]
struct Part {
    /// `ok`, `degraded` or `failed`
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<&'static str>,
}

/// `GET /livez`: the process answers.
pub(super) async fn live(format: Format) -> Response {
    format.ok()
}

/// `GET /readyz`: it can decide, too, and is not about to stop. With `?verbose`, what each part can
/// do. The log has more.
pub(super) async fn ready(
    format: Format,
    stopping: Option<Extension<Stopping>>,
    State(authenticator): State<Arc<Authenticator>>,
    State(certificates): State<Option<Arc<Certificates>>>,
    uri: Uri,
) -> Response {
    if stopping.is_some() {
        return format.failed(StatusCode::SERVICE_UNAVAILABLE, "stopping");
    }
    let found = Health::of(&authenticator, certificates.as_deref());
    let verbose = uri.query().is_some_and(|it| it.split('&').any(|it| matches!(it, "verbose" | "verbose=true")));
    let payload = verbose.then(|| parts(&found));
    let Some(error) = found.failure() else {
        let message = found.is_degraded().then_some("degraded");
        return format.reply(StatusCode::OK, &Readiness { status: "ok", message, payload });
    };
    if log_limit::OUTAGES.allows() {
        tracing::error!(request_id = request_id::logged(), %error, "not ready");
    }
    let body = Readiness { status: "failed", message: Some("not ready"), payload };
    format.reply(StatusCode::SERVICE_UNAVAILABLE, &body)
}

fn parts(found: &Health) -> BTreeMap<&'static str, Part> {
    let status = |state: &health::State| match state {
        health::State::Works => "ok",
        health::State::Degraded(_) => "degraded",
        health::State::Fails(_) => "failed",
    };
    let part = |state: &health::State| Part { status: status(state), message: state.trouble() };
    found.parts.iter().map(|it| (it.name, part(&it.state))).collect()
}
