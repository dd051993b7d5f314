//! `/v1/whoami`: a token shows or deletes itself.

use super::Itself;
use super::answer::{Answer, Done, Failure};
use super::call::Call;
use super::etag::IfMatch;
use super::shared::{Failed, Refusals};
use crate::admin::Change;
use crate::http::authorize::expires;
use crate::model::Grants;
use axum::http::{HeaderName, StatusCode};
use axum::response::Response;
use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

/// A token that asks about itself.
#[derive(Serialize, ToSchema)]
pub(super) struct Whoami {
    /// Its API ID.
    api_id: String,
    /// What it may do; empty: everything except administer tokens.
    grants: Grants,
    /// When the presented credential ends; null: never.
    expires_at: Option<Timestamp>,
    /// The secret that was presented.
    secret: Slot,
}

/// Which of a token's two secrets.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum Slot {
    /// The secret in use.
    Current,
    /// The secret that it replaced.
    Former,
}

/// Whose token this is, what it may do, and when it ends. Reads no row of the database.
#[utoipa::path(
    get,
    path = "/v1/whoami",
    operation_id = "whoami",
    responses(
        (status = 200, description = "The token that asks", body = Answer<Whoami>,
            headers(("X-Jerakia-Expires" = Option<String>, description = "When it ends, if it does"))),
        Refusals
    )
)]
pub(super) async fn show(call: Call<Itself>) -> Response {
    let caller = call.caller();
    let (grants, current) = call.authenticator().cache().with(&caller.api_id, |entry| {
        let record = entry.map(|it| it.record());
        let grants = record.and_then(|it| it.limits.as_ref()).map(|it| it.grants.to_string());
        (grants.unwrap_or_default(), record.map(|it| it.secret))
    });
    let payload = Whoami {
        api_id: caller.api_id.clone(),
        grants: Grants::stored(grants),
        expires_at: caller.ends_at.and_then(|it| Timestamp::from_second(it).ok()),
        secret: if current.is_none_or(|it| it == caller.secret) { Slot::Current } else { Slot::Former },
    };
    let mut response = call.format().reply(StatusCode::OK, &Answer { status: "ok", payload });
    let expires = expires(caller);
    if !expires.is_empty() {
        response.headers_mut().insert(HeaderName::from_static("x-jerakia-expires"), expires);
    }
    response
}

/// Deletes the token that asks: it revokes itself.
#[utoipa::path(
    delete,
    path = "/v1/whoami",
    operation_id = "delete_whoami",
    responses(
        (status = 200, description = "The token is gone", body = Done,
            headers(("X-Request-Id" = String, description = "Names the request in the audit trail"))),
        (status = 404, description = "The token was deleted in the meantime", body = Failed),
        (status = 409, description = "The token is one of the server's settings", body = Failed),
        Refusals
    )
)]
pub(super) async fn delete(call: Call<Itself>) -> Response {
    let (api_id, token) = (call.caller().api_id.clone(), call.caller().token);
    call.answer(move |session| {
        if token == 0 {
            return Err(Failure::NotStored);
        }
        let own = api_id.parse().map_err(|it| Failure::bad("token", it))?;
        session.perform(own, Change::Delete, &IfMatch::any())?;
        Ok(session.format.reply(StatusCode::OK, &Done { status: "ok" }))
    })
    .await
}
