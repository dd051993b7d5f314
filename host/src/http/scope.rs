//! `/v1/scope/<realm>/<identifier>` (GET, PUT, DELETE) and `.../uuid`: scope data for
//! lookups with `scope=server`.

use super::body::{self, Unread};
use super::credential::Permitted;
use super::lookup::unsupported;
use super::permission::{Need, of_parts};
use super::reply::{Format, encoding};
use super::target::Fault;
use super::turns::QueuePlace;
use super::{Lookups, pieces, work};
use crate::lookup::Value;
use crate::scope::{ScopeError, ScopeId, Scopes};
use crate::{log_limit, request_id};
use axum::body::{Body, Bytes};
use axum::extract::{FromRequestParts, Path};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
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

/// A request about one scope, once its token is found good.
pub(super) struct ScopeRequest {
    caller: Permitted<OfScope>,
    lookups: Lookups,
    realm: String,
    identifier: String,
    format: Format,
}

impl FromRequestParts<Lookups> for ScopeRequest {
    type Rejection = Response;

    async fn from_request_parts(head: &mut Parts, lookups: &Lookups) -> Result<Self, Response> {
        let caller = Permitted::from_request_parts(head, lookups).await.map_err(IntoResponse::into_response)?;
        let path = Path::from_request_parts(head, lookups).await.map_err(IntoResponse::into_response)?;
        let Path((realm, identifier)) = path;
        let format = Format::strict(&head.headers).ok_or_else(|| unsupported(&head.headers))?;
        Ok(Self { caller, lookups: lookups.clone(), realm, identifier, format })
    }
}

/// Stores scope data, and answers its uuid.
pub(super) async fn store(request: ScopeRequest, headers: HeaderMap, body: Body) -> Response {
    let Some(encoding) = encoding(&headers) else { return unsupported(&headers) };
    // Before the body is read: what one token has in memory is bounded by its places.
    let place = match request.place() {
        Ok(place) => place,
        Err(busy) => return *busy,
    };
    let read = match request.id() {
        Ok(id) => read(body, request.lookups.scopes.largest()).await.map(|body| (id, body)),
        Err(error) => Err(error),
    };
    match read {
        Ok((id, body)) => {
            let api_id = request.caller.api_id.clone();
            request.answer_in(place, move |scopes| scopes.put(&id, &api_id, encoding, &body).map(Uuid::new)).await
        }
        Err(error) => failed(request.format, &error),
    }
}

/// Deletes it.
pub(super) async fn delete(request: ScopeRequest) -> Response {
    request.answer(|scopes, id| scopes.delete(id).map(|()| Done { status: "ok" })).await
}

/// The data.
pub(super) async fn show(request: ScopeRequest) -> Response {
    request.answer(|scopes, id| scopes.get(id).map(Data::new)).await
}

/// The uuid alone, which changes with the data.
pub(super) async fn uuid(request: ScopeRequest) -> Response {
    request.answer(|scopes, id| scopes.uuid(id).map(Uuid::new)).await
}

impl ScopeRequest {
    fn id(&self) -> Result<ScopeId, ScopeError> {
        ScopeId::new(&self.realm, &self.identifier)
    }

    fn place(&self) -> Result<QueuePlace, Box<Response>> {
        work::place(&self.lookups.turns, &self.caller, self.format)
    }

    /// Answers with what `ask` returns.
    async fn answer<T: Serialize>(
        self,
        ask: impl FnOnce(&Scopes, &ScopeId) -> Result<T, ScopeError> + Send + 'static,
    ) -> Response {
        match (self.place(), self.id()) {
            (Err(busy), _) => *busy,
            (Ok(place), Ok(id)) => self.answer_in(place, move |scopes| ask(scopes, &id)).await,
            (Ok(_), Err(error)) => failed(self.format, &error),
        }
    }

    async fn answer_in<T: Serialize>(
        self,
        place: QueuePlace,
        ask: impl FnOnce(&Scopes) -> Result<T, ScopeError> + Send + 'static,
    ) -> Response {
        let Self { caller, lookups, format, .. } = self;
        work::work(place, &caller, format, move |turn, respond_to| match ask(&lookups.scopes) {
            Ok(body) => pieces::send(format, &body, turn, respond_to, |_| ()),
            Err(error) => {
                drop(turn); // before the answer: its client may ask again at once
                drop(respond_to.send(failed(format, &error)));
            }
        })
        .await
    }
}

async fn read(body: Body, largest: usize) -> Result<Bytes, ScopeError> {
    body::read(body, largest).await.map_err(|unread| match unread {
        Unread::TooLarge => ScopeError::TooLarge(largest),
        Unread::Failed(error) => ScopeError::Malformed(format!("The body can't be read: {error}")),
    })
}

/// The answer to a failed scope request.
pub(super) fn failed(format: Format, error: &ScopeError) -> Response {
    match error {
        ScopeError::TooLarge(_) => format.failed(StatusCode::PAYLOAD_TOO_LARGE, &error.to_string()),
        ScopeError::Malformed(_) => format.failed(StatusCode::BAD_REQUEST, &error.to_string()),
        ScopeError::NotFound => format.failed(StatusCode::NOT_FOUND, &error.to_string()),
        ScopeError::Full(_) => {
            if log_limit::OUTAGES.allows() {
                tracing::error!(request_id = request_id::logged(), %error, "scope data was not stored");
            }
            format.failed(StatusCode::INSUFFICIENT_STORAGE, "no room for scope data")
        }
        ScopeError::Unavailable(_) => {
            if log_limit::OUTAGES.allows() {
                tracing::error!(request_id = request_id::logged(), %error, "scope data can't be read or written");
            }
            format.later("unavailable")
        }
    }
}
