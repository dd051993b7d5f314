//! `GET /v1/lookup[/<key>]`

use super::parameters::{Parameters, ScopeSource};
use super::reply::Format;
use super::{Authorized, Lookups};
use crate::authenticator::Authenticator;
use crate::lookup::{Answer, LookupError, Map, Value};
use axum::extract::{Path, RawQuery, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use serde::Serialize;

/// The original's envelope of an answer.
#[derive(Serialize)]
struct Found {
    status: &'static str,
    found: bool,
    payload: Value,
}

/// The value of a key.
pub(super) async fn key(
    caller: Authorized,
    State(lookups): State<Lookups>,
    Path(key): Path<String>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    answer(caller, lookups, Some(key), query, headers).await
}

/// All of a namespace.
pub(super) async fn namespace(
    caller: Authorized,
    State(lookups): State<Lookups>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    answer(caller, lookups, None, query, headers).await
}

async fn answer(
    caller: Authorized,
    lookups: Lookups,
    key: Option<String>,
    query: Option<String>,
    headers: HeaderMap,
) -> Response {
    let Some(format) = Format::strict(&headers) else { return unsupported(&headers) };
    // Files are read: not where other requests wait for their turn.
    let looked_up = tokio::task::spawn_blocking(move || look_up(&lookups, key, &query.unwrap_or_default())).await;
    match looked_up {
        Ok(Ok(Answer { found, payload })) => format.reply(StatusCode::OK, &Found { status: "ok", found, payload }),
        Ok(Err(error)) => {
            tracing::warn!(%error, api_id = caller.api_id, "no answer to a lookup");
            let status = match error {
                LookupError::BadRequest(_) => StatusCode::BAD_REQUEST,
                LookupError::Failed(_) => StatusCode::NOT_IMPLEMENTED,
            };
            format.failed(status, &error.to_string())
        }
        Err(panicked) => {
            tracing::error!(%panicked, "a lookup failed");
            format.failed(StatusCode::INTERNAL_SERVER_ERROR, "internal error")
        }
    }
}

fn look_up(lookups: &Lookups, key: Option<String>, query: &str) -> Result<Answer, LookupError> {
    let Parameters { mut request, scope } = Parameters::read(key, query)?;
    request.scope = match scope {
        ScopeSource::None => Map::new(),
        ScopeSource::Metadata => request.metadata.clone(),
        ScopeSource::Server { realm, identifier } => stored(&lookups.service, &realm, &identifier)?,
    };
    lookups.engine.lookup(request)
}

/// The scope that a client has stored.
fn stored(service: &Authenticator, realm: &str, identifier: &str) -> Result<Map, LookupError> {
    let failed = |error: &dyn std::fmt::Display| LookupError::Failed(error.to_string());
    let scope = service.cache().store().read(|store| store.scope(realm, identifier)).map_err(|it| failed(&it))?;
    let scope = scope.ok_or_else(|| failed(&format!("No scope data found for {identifier} of realm {realm}")))?;
    match serde_json::from_value(scope.data.into()).map_err(|it| failed(&it))? {
        Value::Map(map) => Ok(map),
        _ => Ok(Map::new()),
    }
}

/// As the original answers: in plain text, since no format was agreed on.
pub(super) fn unsupported(headers: &HeaderMap) -> Response {
    let named = headers.get(header::CONTENT_TYPE).map(|it| String::from_utf8_lossy(it.as_bytes()).into_owned());
    let message = format!("Content type {} not supported", named.unwrap_or_default());
    (StatusCode::UNSUPPORTED_MEDIA_TYPE, [(header::CONTENT_TYPE, "text/plain")], message).into_response()
}
