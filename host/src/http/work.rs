//! Work beyond the decision: done when it is its turn, in threads that may wait, where
//! no other request does.

use super::Authorized;
use super::reply::Format;
use super::turns::{Turn, Turns};
use crate::logged;
use axum::http::StatusCode;
use axum::response::Response;
use std::sync::Arc;
use tokio::sync::oneshot;

/// Has `work` answer `caller`'s request in its turn; 503 when there is too much before it.
pub(super) async fn work(
    turns: &Arc<Turns>,
    caller: &Authorized,
    format: Format,
    work: impl FnOnce(Turn, oneshot::Sender<Response>) + Send + 'static,
) -> Response {
    let Ok(turn) = turns.wait(&caller.api_id).await else {
        if logged::OUTAGES.allows() {
            tracing::warn!(api_id = caller.api_id, "too many requests at once: answered 503");
        }
        return format.later("busy: try again later");
    };
    let (respond_to, response) = oneshot::channel();
    tokio::task::spawn_blocking(move || work(turn, respond_to));
    match response.await {
        Ok(response) => response,
        Err(_) => {
            tracing::error!("a request was not answered: see the panic before this line");
            format.failed(StatusCode::INTERNAL_SERVER_ERROR, "internal error")
        }
    }
}
