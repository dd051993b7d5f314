//! `PUT` and `GET /v1/scope/<realm>/<identifier>`: scope data, stored for lookups with
//! `scope=server`.

use super::lookup::unsupported;
use super::reply::Format;
use super::{Authorized, Lookups};
use crate::clock;
use crate::logged;
use crate::lookup::Value;
use crate::store::{Scope, StoreError};
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use serde::Serialize;

#[derive(Serialize)]
struct Data {
    status: &'static str,
    payload: serde_json::Map<String, serde_json::Value>,
}

#[derive(Serialize)]
struct Uuid {
    status: &'static str,
    uuid: String,
}

/// Stores scope data; answers its uuid.
pub(super) async fn store(
    _: Authorized,
    State(lookups): State<Lookups>,
    Path((realm, identifier)): Path<(String, String)>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let Some(format) = Format::strict(&headers) else { return unsupported(&headers) };
    let data = match read(format, &body) {
        Ok(data) => data,
        Err(message) => return format.failed(StatusCode::BAD_REQUEST, &message),
    };
    // It waits for the disk.
    let stored = tokio::task::spawn_blocking(move || {
        let data = serde_json::Value::Object(data).to_string();
        lookups.service.cache().store().state().store_scope(&realm, &identifier, &data, clock::now(), 256 << 20)
    });
    match stored.await {
        Ok(Ok(uuid)) => format.reply(StatusCode::OK, &Uuid { status: "ok", uuid }),
        Ok(Err(error)) => failed(format, &error),
        Err(_) => failed(format, &"a bug: see the panic above"),
    }
}

/// The data.
pub(super) async fn show(
    _: Authorized,
    State(lookups): State<Lookups>,
    Path(of): Path<(String, String)>,
    headers: HeaderMap,
) -> Response {
    with_scope(&lookups, of, &headers, |format, scope| {
        format.reply(
            StatusCode::OK,
            &Data { status: "ok", payload: serde_json::from_str(&scope.data).unwrap_or_default() },
        )
    })
}

/// Its uuid alone: another one when the data is another.
pub(super) async fn uuid(
    _: Authorized,
    State(lookups): State<Lookups>,
    Path(of): Path<(String, String)>,
    headers: HeaderMap,
) -> Response {
    with_scope(&lookups, of, &headers, |format, scope| {
        format.reply(StatusCode::OK, &Uuid { status: "ok", uuid: scope.uuid })
    })
}

fn with_scope(
    lookups: &Lookups,
    (realm, identifier): (String, String),
    headers: &HeaderMap,
    answer: impl FnOnce(Format, Scope) -> Response,
) -> Response {
    let Some(format) = Format::strict(headers) else { return unsupported(headers) };
    let found: Result<_, StoreError> = lookups.service.cache().store().state().scope(&realm, &identifier);
    match found {
        Ok(Some(scope)) => answer(format, scope),
        Ok(None) => format.failed(StatusCode::NOT_FOUND, "No scope data found"),
        Err(error) => failed(format, &error),
    }
}

/// A body that is a map. Keys become text.
fn read(format: Format, body: &[u8]) -> Result<serde_json::Map<String, serde_json::Value>, String> {
    let read: Result<Value, String> = match format {
        Format::Json => serde_json::from_slice(body).map_err(|it| it.to_string()),
        Format::MessagePack => rmp_serde::from_slice(body).map_err(|it| it.to_string()),
    };
    match serde_json::to_value(read?).map_err(|it| it.to_string())? {
        serde_json::Value::Object(map) => Ok(map),
        _ => Err("Scope data must be a map".into()),
    }
}

fn failed(format: Format, error: &dyn std::fmt::Display) -> Response {
    if logged::OUTAGES.allows() {
        tracing::error!(%error, "scope data can't be read or written");
    }
    format.failed(StatusCode::SERVICE_UNAVAILABLE, "unavailable")
}
