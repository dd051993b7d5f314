//! `GET /metrics`, on a listener of its own: without a token.

use super::ConnectionLimits;
use super::reply::Format;
use crate::metrics::Metrics;
use crate::worker;
use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Semaphore;

/// The limits of the listener for metrics.
pub const METRICS_LIMITS: ConnectionLimits = ConnectionLimits {
    connections: 16,
    failures: 1, // there are no credentials
    head: Duration::from_secs(5),
    body: Duration::from_secs(5),
    write: Duration::from_secs(10),
    idle: Duration::from_secs(75),
    shutdown_delay: Duration::ZERO,
    shutdown_grace: Duration::from_secs(1),
};

/// OpenMetrics 1.0, which Prometheus knows since version 2.5.
const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// The only route of the listener for metrics.
pub fn metrics(metrics: Arc<Metrics>) -> Router {
    // One at a time: clients can keep at most one processor busy, at a low priority.
    let page = Page { metrics, turn: Arc::new(Semaphore::new(1)) };
    Router::new().route("/metrics", get(show)).fallback(super::not_found).with_state(page)
}

#[derive(Clone)]
struct Page {
    metrics: Arc<Metrics>,
    turn: Arc<Semaphore>,
}

async fn show(State(Page { metrics, turn }): State<Page>, format: Format) -> Response {
    let turn = turn.acquire_owned().await.ok();
    let text = tokio::task::spawn_blocking(move || {
        worker::give_way();
        let text = metrics.text();
        drop(turn);
        text
    });
    match text.await {
        Ok(text) => ([(header::CONTENT_TYPE, CONTENT_TYPE)], text).into_response(),
        Err(_) => format.failed(StatusCode::INTERNAL_SERVER_ERROR, "internal error"),
    }
}
