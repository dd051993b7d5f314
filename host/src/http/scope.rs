//! `/v1/scope/<realm>/<identifier>` (GET, PUT, DELETE) and `.../uuid`: scope data for
//! lookups with `scope=server`.

use super::body::{self, Unread};
use super::credential::Permitted;
use super::lookup::unsupported;
use super::permission::{Need, of_parts};
use super::reply::{Format, encoding};
use super::target::Fault;
use super::turns::QueuePlace;
use super::{Authorized, Lookups, pieces, work};
use crate::log_limit;
use crate::lookup::Value;
use crate::scope::{ScopeError, ScopeId, Scopes};
use axum::body::{Body, Bytes};
use axum::extract::{Path, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use percent_encoding::percent_decode_str;
use serde::Serialize;
use std::borrow::Cow;

#[derive(Serialize)]
struct Data {
    status: &'static str,
    payload: Value,
}

#[derive(Serialize)]
struct Uuid {
    status: &'static str,
    uuid: String,
}

#[derive(Serialize)]
struct Done {
    status: &'static str,
}

impl Data {
    fn new(payload: Value) -> Self {
        Self { status: "ok", payload }
    }
}

impl Uuid {
    fn new(uuid: String) -> Self {
        Self { status: "ok", uuid }
    }
}

/// Needs `scope:<realm>/<identifier>`.
pub(super) struct OfScope;

impl<S> Need<S> for OfScope {
    fn describe(request: &Parts, _: &S) -> Result<Cow<'static, str>, Fault> {
        let names = request.uri.path().strip_prefix("/v1/scope/").unwrap_or_default().split('/').take(2);
        let decode = |it| percent_decode_str(it).decode_utf8().map_err(|_| Fault::NotUtf8);
        let names: Vec<Cow<'_, str>> = names.map(decode).collect::<Result<_, _>>()?;
        Ok(of_parts("scope:", names))
    }
}

/// Stores scope data, and answers its uuid.
pub(super) async fn store(
    caller: Permitted<OfScope>,
    State(lookups): State<Lookups>,
    Path((realm, identifier)): Path<(String, String)>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let (Some(format), Some(encoding)) = (Format::strict(&headers), encoding(&headers)) else {
        return unsupported(&headers);
    };
    // Before the body is read: what one token has in memory is bounded by its places.
    let place = match work::place(&lookups.turns, &caller, format) {
        Ok(place) => place,
        Err(busy) => return *busy,
    };
    let read = match ScopeId::new(&realm, &identifier) {
        Ok(id) => read(body, lookups.scopes.largest()).await.map(|body| (id, body)),
        Err(error) => Err(error),
    };
    match read {
        Ok((id, body)) => {
            let api_id = caller.api_id.clone();
            let put = move |scopes: &Scopes| scopes.put(&id, &api_id, encoding, &body).map(Uuid::new);
            answer_in(place, &caller, lookups, format, put).await
        }
        Err(error) => failed(format, &error),
    }
}

/// Deletes it.
pub(super) async fn delete(
    caller: Permitted<OfScope>,
    State(lookups): State<Lookups>,
    Path((realm, identifier)): Path<(String, String)>,
    headers: HeaderMap,
) -> Response {
    let Some(format) = Format::strict(&headers) else { return unsupported(&headers) };
    let delete =
        move |scopes: &Scopes| scopes.delete(&ScopeId::new(&realm, &identifier)?).map(|()| Done { status: "ok" });
    answer(&caller, lookups, format, delete).await
}

/// The data.
pub(super) async fn show(
    caller: Permitted<OfScope>,
    State(lookups): State<Lookups>,
    Path((realm, identifier)): Path<(String, String)>,
    headers: HeaderMap,
) -> Response {
    let Some(format) = Format::strict(&headers) else { return unsupported(&headers) };
    let get = move |scopes: &Scopes| scopes.get(&ScopeId::new(&realm, &identifier)?).map(Data::new);
    answer(&caller, lookups, format, get).await
}

/// The uuid alone, which changes with the data.
pub(super) async fn uuid(
    caller: Permitted<OfScope>,
    State(lookups): State<Lookups>,
    Path((realm, identifier)): Path<(String, String)>,
    headers: HeaderMap,
) -> Response {
    let Some(format) = Format::strict(&headers) else { return unsupported(&headers) };
    let uuid = move |scopes: &Scopes| scopes.uuid(&ScopeId::new(&realm, &identifier)?).map(Uuid::new);
    answer(&caller, lookups, format, uuid).await
}

async fn read(body: Body, largest: usize) -> Result<Bytes, ScopeError> {
    body::read(body, largest).await.map_err(|unread| match unread {
        Unread::TooLarge => ScopeError::TooLarge(largest),
        Unread::Failed(error) => ScopeError::Malformed(format!("The body can't be read: {error}")),
    })
}

async fn answer<T: Serialize>(
    caller: &Authorized,
    lookups: Lookups,
    format: Format,
    work_on: impl FnOnce(&Scopes) -> Result<T, ScopeError> + Send + 'static,
) -> Response {
    match work::place(&lookups.turns, caller, format) {
        Ok(place) => answer_in(place, caller, lookups, format, work_on).await,
        Err(busy) => *busy,
    }
}

async fn answer_in<T: Serialize>(
    place: QueuePlace,
    caller: &Authorized,
    lookups: Lookups,
    format: Format,
    work_on: impl FnOnce(&Scopes) -> Result<T, ScopeError> + Send + 'static,
) -> Response {
    work::work(place, caller, format, move |turn, respond_to| match work_on(&lookups.scopes) {
        Ok(body) => pieces::send(format, &body, turn, respond_to, |_| ()),
        Err(error) => {
            drop(turn); // before the answer: its client may ask again at once
            drop(respond_to.send(failed(format, &error)));
        }
    })
    .await
}

/// The answer to a failed scope request.
pub(super) fn failed(format: Format, error: &ScopeError) -> Response {
    match error {
        ScopeError::TooLarge(_) => format.failed(StatusCode::PAYLOAD_TOO_LARGE, &error.to_string()),
        ScopeError::Malformed(_) => format.failed(StatusCode::BAD_REQUEST, &error.to_string()),
        ScopeError::NotFound => format.failed(StatusCode::NOT_FOUND, &error.to_string()),
        ScopeError::Full(_) => {
            if log_limit::OUTAGES.allows() {
                tracing::error!(%error, "scope data was not stored");
            }
            format.failed(StatusCode::INSUFFICIENT_STORAGE, "no room for scope data")
        }
        ScopeError::Unavailable(_) => {
            if log_limit::OUTAGES.allows() {
                tracing::error!(%error, "scope data can't be read or written");
            }
            format.later("unavailable")
        }
    }
}
