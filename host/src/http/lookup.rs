//! `GET /v1/lookup[/<key>]`

use super::answers::Form;
use super::credential::Permitted;
use super::parameters::{self, Parameters, ScopeSource};
use super::permission::{Need, of_parts};
use super::reply::{Format, respond};
use super::target::Fault;
use super::{Authorized, Lookups, pieces, scope, work};
use crate::lookup::{self, Answer, Consulted, LookupError, Map, Sources, Value, View};
use crate::scope::ScopeError;
use crate::{log_limit, request_id};
use axum::body::Body;
use axum::extract::{OptionalFromRequestParts as _, Path, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse as _, Response};
use serde::Serialize;
use std::borrow::Cow;

/// Jerakia 3's envelope of an answer.
#[derive(Serialize)]
struct Found<'a> {
    status: &'static str,
    found: bool,
    payload: View<'a>,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
enum NoAnswer {
    #[error(transparent)]
    Lookup(#[from] LookupError),
    #[error(transparent)]
    Scope(#[from] ScopeError),
}

/// Needs `lookup:<namespace>`: the namespace in the request, even if a schema redirects it.
pub(super) struct InNamespace;

impl<S> Need<S> for InNamespace {
    fn describe(request: &Parts, _: &S) -> Result<Cow<'static, str>, Fault> {
        let namespace = parameters::namespace(request.uri.query().unwrap_or_default()).unwrap_or_default();
        Ok(of_parts("lookup:", lookup::levels(&namespace)))
    }
}

/// The value of a key, or all of a namespace.
pub(super) async fn lookup(
    caller: Permitted<InNamespace>,
    State(lookups): State<Lookups>,
    request: Request,
) -> Response {
    let Some(format) = Format::strict(request.headers()) else { return unsupported(request.headers()) };
    let form = Form { format, whole_levels: caller.limited };
    let question = request.uri().path_and_query();
    match question.and_then(|it| lookups.answers.find(form, it)) {
        Some(body) => {
            lookups.results.kept.inc();
            respond(StatusCode::OK, format, Body::from(body))
        }
        // On the heap, so that it is not moved around for each kept answer.
        None => Box::pin(work_out(&caller, lookups, form, request.into_parts().0)).await,
    }
}

/// Answers from the files, in turn.
async fn work_out(caller: &Authorized, lookups: Lookups, form: Form, mut request: Parts) -> Response {
    let format = form.format;
    let key = match Path::<String>::from_request_parts(&mut request, &()).await {
        Ok(key) => key.map(|Path(key)| key),
        Err(_) => return format.failed(StatusCode::BAD_REQUEST, "The key must be percent-encoded UTF-8"),
    };
    let place = match work::place(&lookups.turns, caller, format) {
        Ok(place) => place,
        Err(busy) => return *busy,
    };
    let line = RequestLine { api_id: caller.api_id.clone(), method: request.method, uri: request.uri };
    work::work(place, caller, format, move |turn, respond_to| {
        match look_up(&lookups, key, line.uri.query().unwrap_or_default(), form) {
            Ok((answer, sources)) => {
                lookups.results.read.inc();
                let found = Found { status: "ok", found: answer.found(), payload: answer.payload() };
                pieces::send(format, &found, turn, respond_to, |body| {
                    if let (Some(sources), Some(question)) = (sources, line.uri.path_and_query()) {
                        lookups.answers.keep(form, question, body.clone(), sources);
                    }
                });
            }
            Err(error) => {
                lookups.results.failed.inc();
                drop(turn); // before the answer: its client may ask again at once
                drop(respond_to.send(failed(format, &line, &error)));
            }
        }
    })
    .await
}

/// A request line, and the token that sent it.
struct RequestLine {
    api_id: String,
    method: Method,
    uri: Uri,
}

fn failed(format: Format, line: &RequestLine, error: &NoAnswer) -> Response {
    let reason = match error {
        NoAnswer::Lookup(LookupError::BadRequest(_)) => "bad request",
        NoAnswer::Lookup(_) => "policies or data can't be used",
        NoAnswer::Scope(_) => "no scope",
    };
    // The error itself is for the client: it quotes the query.
    if log_limit::LOOKUPS.allows() {
        let (method, path) = (line.method.as_str(), &*log_limit::shortened(line.uri.path()));
        tracing::warn!(
            request_id = request_id::logged(),
            reason,
            api_id = line.api_id,
            method,
            path,
            "no answer to a lookup"
        );
    }
    match error {
        NoAnswer::Lookup(LookupError::BadRequest(message)) => format.failed(StatusCode::BAD_REQUEST, message),
        NoAnswer::Lookup(_) | NoAnswer::Scope(ScopeError::NotFound) => {
            format.failed(StatusCode::NOT_IMPLEMENTED, &error.to_string())
        }
        NoAnswer::Scope(error) => scope::failed(format, error),
    }
}

/// The answer and its sources; no sources if it must not be kept, for example because it depends
/// on scope data, which is in no file.
fn look_up(
    lookups: &Lookups,
    key: Option<String>,
    query: &str,
    form: Form,
) -> Result<(Answer, Option<Sources>), NoAnswer> {
    let Parameters { mut request, scope } = Parameters::read(key, query)?;
    request.big_integers = form.format == Format::Json;
    request.whole_levels = form.whole_levels;
    let in_files = !matches!(scope, ScopeSource::Server(_));
    let consulted = if in_files { Consulted::noted() } else { Consulted::ignored() };
    request.scope = match scope {
        ScopeSource::None => Map::new(),
        ScopeSource::Metadata => request.metadata.clone(),
        ScopeSource::Server(id) => match lookups.scopes.get(&id)? {
            Value::Map(map) => *map,
            _ => Map::new(),
        },
    };
    let answer = lookups.engine.lookup_noting(request, &consulted)?;
    Ok((answer, consulted.sources()))
}

/// Plain text, as in Jerakia 3, since no format was agreed on.
pub(super) fn unsupported(headers: &HeaderMap) -> Response {
    let named = headers.get(header::CONTENT_TYPE).map(|it| String::from_utf8_lossy(it.as_bytes()).into_owned());
    let message = format!("Content type {} not supported", named.unwrap_or_default());
    (StatusCode::UNSUPPORTED_MEDIA_TYPE, [(header::CONTENT_TYPE, "text/plain")], message).into_response()
}
