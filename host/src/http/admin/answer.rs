//! Answers of administration: Jerakia 3's envelope, and the status of each error.

use super::call::{Session, tagged};
use super::etag::version;
use crate::admin::{ActRefusal, IssueError};
use crate::http::reply::Format;
use crate::model::{StoredToken, Token};
use crate::sandbox::Issued;
use crate::store::{ActError, StoreError};
use crate::{log_limit, request_id};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use serde::Serialize;
use utoipa::ToSchema;

/// An answer with a payload.
#[derive(Serialize, ToSchema)]
pub(super) struct Answer<T> {
    /// `ok`
    pub(super) status: &'static str,
    pub(super) payload: T,
}

/// A page of a list.
#[derive(Serialize, ToSchema)]
pub(super) struct Page<T> {
    /// `ok`
    pub(super) status: &'static str,
    pub(super) payload: Vec<T>,
    /// The cursor of the next page; null: this is the last.
    pub(super) next: Option<String>,
}

/// A token that was just made.
#[derive(Serialize, ToSchema)]
pub(super) struct Made<'a> {
    /// `ok`
    pub(super) status: &'static str,
    /// The token itself. It is in this answer only.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub(super) token: Option<&'a str>,
    pub(super) payload: Token,
}

/// An answer without a payload: the act is done.
#[derive(Serialize, ToSchema)]
pub(super) struct Done {
    /// `ok`
    pub(super) status: &'static str,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub(super) enum Failure {
    #[error("{0}")]
    BadRequest(String),
    #[error("a body can have at most {} bytes", super::body::MAX_LEN)]
    TooLarge,
    #[error("the body must be application/json")]
    Unsupported,
    #[error(
        "this token is one of the server's settings, not of its database: remove it from server.tokens or the token file"
    )]
    NotStored,
    #[error(transparent)]
    Act(#[from] ActError),
    #[error(transparent)]
    Issue(#[from] IssueError),
}

impl From<ActRefusal> for Failure {
    fn from(refusal: ActRefusal) -> Self {
        Self::Act(refusal.into())
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::Act(error.into())
    }
}

impl Failure {
    /// A parameter or a field that can't be used.
    pub(super) fn bad(name: &str, error: impl std::fmt::Display) -> Self {
        Self::BadRequest(format!("{name}: {error}"))
    }

    /// Whether the server failed, and not the request.
    pub(super) fn is_outage(&self) -> bool {
        matches!(self, Self::Act(ActError::Store(_)) | Self::Issue(_))
    }

    pub(super) fn response(&self, format: Format) -> Response {
        let status = match self {
            Self::BadRequest(_) => StatusCode::BAD_REQUEST,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Unsupported => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::NotStored => StatusCode::CONFLICT,
            Self::Act(error) => match error {
                ActError::Refused(ActRefusal::NotFound(_)) => StatusCode::NOT_FOUND,
                ActError::Refused(ActRefusal::Stale(_)) => StatusCode::PRECONDITION_FAILED,
                ActError::Refused(ActRefusal::NotPermitted(_)) => StatusCode::FORBIDDEN,
                ActError::Refused(_) => StatusCode::CONFLICT,
                ActError::Store(error) => return unavailable(format, error),
            },
            Self::Issue(error) => return unavailable(format, error),
        };
        format.failed(status, &self.message())
    }

    /// What happened, and what to do. The fields of a body have the names of the command line's
    /// flags, without `--`.
    fn message(&self) -> String {
        match self {
            Self::Act(ActError::Refused(error @ (ActRefusal::InGrace { .. } | ActRefusal::StillUsed { .. }))) => {
                error.to_string().replace(" --", " ")
            }
            other => other.to_string(),
        }
    }
}

/// Logs the error, which names files, and answers 503 without it.
fn unavailable(format: Format, error: &dyn std::fmt::Display) -> Response {
    if log_limit::OUTAGES.allows() {
        tracing::error!(request_id = request_id::logged(), %error, "an administrator's request failed");
    }
    format.later("the server can't do this now, see its log: look at the token before you try again")
}

/// Answers with a token that was just made. No cache may store it.
pub(super) fn made(session: &Session, status: StatusCode, token: StoredToken, issued: &Issued) -> Response {
    let version = version(&token);
    let payload = session.store.shown(token, session.now);
    let body = Made { status: "ok", token: Some(issued.token.expose()), payload };
    let mut response = tagged(session.format.reply(status, &body), version);
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
