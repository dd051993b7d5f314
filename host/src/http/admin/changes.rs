//! `POST /v1/tokens/<id>/enable|disable|rotate|regenerate`

use super::Write;
use super::answer::{self, Failure};
use super::body::{Fields, FromBody};
use super::call::{Call, Named, Session};
use super::etag::IfMatch;
use super::shared::{AtVersion, BadBody, BadInput, Changed, Failed, NoAct, OfToken, Refusals, Remade};
use crate::admin::Change;
use crate::model::{ApiId, Digest, Period};
use axum::body::Body;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use utoipa::ToSchema;

/// How long the former token stays good if the request does not say.
const GRACE: i64 = 24 * 3600;

/// How to rotate a token.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"grace": "24h"}))]
pub(super) struct Rotation {
    /// For how long the former token stays good, such as `24h`, which it is if left out; never
    /// longer than the token.
    #[serde(default)]
    #[schema(nullable = false)]
    grace: Option<String>,
    /// Also while a former token is still good, which then ends; with `finish`, also where
    /// the former token was used in the last 15 minutes.
    #[serde(default)]
    force: bool,
    /// Make no new secret, but end the former one.
    #[serde(default)]
    finish: bool,
}

impl FromBody for Rotation {
    const FIELDS: &'static [&'static str] = &["grace", "force", "finish"];

    fn from_body(fields: &mut Fields) -> Result<Self, Failure> {
        let grace = fields.text("grace", "a length of time such as 24h")?;
        Ok(Self { grace, force: fields.flag("force")?, finish: fields.flag("finish")? })
    }
}

/// Accepts a disabled token again.
#[utoipa::path(
    post,
    path = "/v1/tokens/{api_id}/enable",
    operation_id = "enable_token",
    params(OfToken, AtVersion),
    responses(Changed, NoAct, BadInput, Refusals)
)]
pub(super) async fn enable(call: Call<Write>, named: Named, headers: HeaderMap) -> Response {
    let on = IfMatch::of(&headers);
    call.answer(move |session| session.change(&named, Change::Enable, &on)).await
}

/// Refuses a token until it is enabled again. Needs `tokens:write` alone.
#[utoipa::path(
    post,
    path = "/v1/tokens/{api_id}/disable",
    operation_id = "disable_token",
    params(OfToken, AtVersion),
    responses(Changed, NoAct, BadInput, Refusals)
)]
pub(super) async fn disable(call: Call<Write>, named: Named, headers: HeaderMap) -> Response {
    let on = IfMatch::of(&headers);
    call.answer(move |session| session.change(&named, Change::Disable, &on)).await
}

/// Gives a token a new secret, and leaves the former one good for a while.
#[utoipa::path(
    post,
    path = "/v1/tokens/{api_id}/rotate",
    operation_id = "rotate_token",
    params(OfToken, AtVersion),
    request_body = Option<Rotation>,
    responses(
        Remade,
        (status = 409, description = "A former token is still good, or still used, or there is none", body = Failed),
        NoAct, BadBody, Refusals
    )
)]
pub(super) async fn rotate(call: Call<Write>, named: Named, headers: HeaderMap, body: Body) -> Response {
    let on = IfMatch::of(&headers);
    call.answer_to(&headers, body, move |session, Rotation { grace, force, finish }: Rotation| {
        let given: Option<Period> =
            grace.map(|it| it.parse()).transpose().map_err(|error| Failure::bad("grace", error))?;
        if finish && given.is_some() {
            return Err(Failure::bad("grace", "finish ends the former token: leave one of the two out"));
        }
        if finish {
            if !force {
                session.record_uses()?;
            }
            return session.change(&named, Change::FinishRotation { force }, &on);
        }
        let grace = given.map_or(GRACE, Period::as_seconds);
        remake(session, &named, |digest| Change::Rotate { digest, grace, force }, &on)
    })
    .await
}

/// Replaces a token: the former ones stop working at once.
#[utoipa::path(
    post,
    path = "/v1/tokens/{api_id}/regenerate",
    operation_id = "regenerate_token",
    params(OfToken, AtVersion),
    responses(Remade, NoAct, BadInput, Refusals)
)]
pub(super) async fn regenerate(call: Call<Write>, named: Named, headers: HeaderMap) -> Response {
    let on = IfMatch::of(&headers);
    call.answer(move |session| remake(session, &named, Change::Regenerate, &on)).await
}

/// Gives a token a new secret, and answers with it.
fn remake(
    session: &mut Session,
    named: &Named,
    change: impl FnOnce(Digest) -> Change,
    on: &IfMatch,
) -> Result<Response, Failure> {
    let api_id: ApiId = named.existing()?;
    let issued = session.issue(&api_id)?;
    let made = session.perform(api_id, change(issued.digest), on)?.after.ok_or_else(|| named.unknown())?;
    Ok(answer::made(session, StatusCode::OK, made, &issued))
}
