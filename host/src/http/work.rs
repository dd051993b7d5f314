//! Runs lookups and scope requests in turn, on blocking threads, so that they delay no
//! decision.

use super::Authorized;
use super::reply::Format;
use super::turns::{Busy, QueuePlace, Turn, Turns};
use crate::request_id::{self, RequestId};
use crate::{log_limit, worker};
use axum::http::StatusCode;
use axum::response::Response;
use std::sync::Arc;
use tokio::sync::oneshot;

/// A place for a request of `caller`, or the answer to it: 503, when there are too many
/// before it.
pub(super) fn place(turns: &Arc<Turns>, caller: &Authorized, format: Format) -> Result<QueuePlace, Box<Response>> {
    turns.place(&caller.api_id).map_err(|Busy| Box::new(busy(&caller.api_id, format)))
}

/// Has `work` answer `caller`'s request when it is its turn; 503 when that takes too long.
pub(super) async fn work(
    place: QueuePlace,
    caller: &Authorized,
    format: Format,
    work: impl FnOnce(Turn, oneshot::Sender<Response>) + Send + 'static,
) -> Response {
    let Ok(turn) = place.turn().await else { return busy(&caller.api_id, format) };
    let (respond_to, response) = oneshot::channel();
    let id = RequestId::current().unwrap_or_else(RequestId::new);
    tokio::task::spawn_blocking(move || {
        worker::give_way();
        id.scope(|| work(turn, respond_to));
    });
    match response.await {
        Ok(response) => response,
        Err(_) => {
            if log_limit::LOOKUPS.allows() {
                tracing::error!(
                    request_id = request_id::logged(),
                    "a request was not answered: see the panic before this line"
                );
            }
            format.failed(StatusCode::INTERNAL_SERVER_ERROR, "internal error")
        }
    }
}

fn busy(api_id: &str, format: Format) -> Response {
    if log_limit::OUTAGES.allows() {
        tracing::warn!(request_id = request_id::logged(), api_id, "too many requests at once: answered 503");
    }
    format.later("busy: try again later")
}
