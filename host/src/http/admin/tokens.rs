//! `/v1/tokens` and `/v1/tokens/<id>`

use super::answer::{self, Answer, Done, Failure, Made, Page};
use super::call::{Call, Named, Session};
use super::etag::IfMatch;
use super::fields::{NewToken, Patch};
use super::query::Query;
use super::shared::{AtVersion, BadBody, BadInput, Changed, Failed, NoAct, OfToken, Refusals};
use super::{Read, Write};
use crate::admin::{ActRefusal, Change};
use crate::model::{ApiId, Period, Status, Token};
use crate::store::TokenFilter;
use axum::body::Body;
use axum::extract::RawQuery;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;

/// Lists tokens by API ID, with the filters of `jerakia token list`.
#[utoipa::path(
    get,
    path = "/v1/tokens",
    operation_id = "list_tokens",
    params(
        ("label" = Option<Vec<String>>, Query, description = "With this label, `key=value`; with all of several"),
        ("status" = Option<Vec<Status>>, Query, description = "Of this status; of any of several"),
        ("unused" = Option<String>, Query, description = "Not used and not made for this long, such as `90d`"),
        ("expiring" = Option<String>, Query, description = "That end within this time, such as `14d`, or have ended"),
        ("limit" = Option<u32>, Query, minimum = 1, maximum = 1000, description = "The most tokens of a page: 100 if left out"),
        ("cursor" = Option<String>, Query, description = "`next` of the page before"),
    ),
    responses((status = 200, description = "A page of tokens", body = Page<Token>), BadInput, Refusals)
)]
pub(super) async fn list(call: Call<Read>, RawQuery(query): RawQuery) -> Response {
    call.list(move |session| {
        let query = Query::parse(query, &["label", "status", "unused", "expiring", "limit", "cursor"])?;
        let (limit, now) = (query.limit()?, session.now);
        let tokens: Result<Vec<_>, _> = session.store.list(filter(session, &query)?, now)?.take(limit + 1).collect();
        let mut payload = tokens?;
        let is_last = payload.len() <= limit;
        payload.truncate(limit);
        let next = payload.last().filter(|_| !is_last).map(|it| it.api_id.clone());
        Ok(Page { status: "ok", payload, next })
    })
    .await
}

fn filter(session: &Session, query: &Query) -> Result<TokenFilter, Failure> {
    let now = session.now;
    let labels = query.all("label").map(|it| it.parse().map_err(|error| Failure::bad("label", error)));
    let unused: Option<Period> = query.parsed("unused")?;
    let expiring: Option<Period> = query.parsed("expiring")?;
    Ok(TokenFilter {
        labels: labels.collect::<Result<_, _>>()?,
        statuses: query
            .all("status")
            .map(|it| it.parse().map_err(|error| Failure::bad("status", error)))
            .collect::<Result<_, _>>()?,
        unused_since: unused.map(|it| now.saturating_sub(it.as_seconds())),
        ending_before: expiring.map(|it| now.saturating_add(it.as_seconds()).saturating_add(1)),
        after: query.cursor(|it| cursor(session, it))?,
    })
}

/// The API ID at which a page ended. Another program can have stored one that is none.
fn cursor(session: &Session, text: &str) -> Result<Option<String>, Failure> {
    let is_one = text.parse::<ApiId>().is_ok() || session.store.token(text)?.is_some();
    Ok(is_one.then(|| text.into()))
}

/// Creates the token of a new API ID. Its text is in this answer only.
#[utoipa::path(
    post,
    path = "/v1/tokens",
    operation_id = "create_token",
    request_body = NewToken,
    responses(
        (status = 201, description = "The token was made", body = Made<'static>,
            headers(("ETag" = String, description = "The token's version"),
                ("X-Request-Id" = String, description = "Names the request in the audit trail"))),
        (status = 409, description = "There is a token with this API ID already", body = Failed),
        BadBody, Refusals
    )
)]
pub(super) async fn create(call: Call<Write>, headers: HeaderMap, body: Body) -> Response {
    call.answer_to(&headers, body, |session, new: NewToken| {
        let (api_id, attributes) = new.read(session.expiry(), session.now)?;
        let issued = session.issue(&api_id)?;
        let change = Change::Create(issued.digest, attributes);
        let made = session.perform(api_id.clone(), change, &IfMatch::any())?.after;
        let made = made.ok_or_else(|| ActRefusal::NotFound(api_id.to_string()))?;
        Ok(answer::made(session, StatusCode::CREATED, made, &issued))
    })
    .await
}

/// Shows a token.
#[utoipa::path(
    get,
    path = "/v1/tokens/{api_id}",
    operation_id = "show_token",
    params(OfToken),
    responses(
        (status = 200, description = "The token", body = Answer<Token>,
            headers(("ETag" = String, description = "The token's version: for If-Match of acts"))),
        (status = 404, description = "There is no token with this API ID", body = Failed),
        BadInput, Refusals
    )
)]
pub(super) async fn show(call: Call<Read>, named: Named) -> Response {
    call.answer(move |session| {
        let token = session.store.token(named.text())?.ok_or_else(|| named.unknown())?;
        Ok(session.token(token))
    })
    .await
}

/// Changes when a token ends, its grants, its description or its labels.
#[utoipa::path(
    patch,
    path = "/v1/tokens/{api_id}",
    operation_id = "update_token",
    params(OfToken, AtVersion),
    request_body = Patch,
    responses(Changed, NoAct, BadBody, Refusals)
)]
pub(super) async fn update(call: Call<Write>, named: Named, headers: HeaderMap, body: Body) -> Response {
    let on = IfMatch::of(&headers);
    call.answer_to(&headers, body, move |session, patch: Patch| {
        let update = patch.read(session.expiry(), session.now)?;
        session.change(&named, Change::Update(update), &on)
    })
    .await
}

/// Deletes a token for good.
#[utoipa::path(
    delete,
    path = "/v1/tokens/{api_id}",
    operation_id = "delete_token",
    params(OfToken, AtVersion),
    responses(
        (status = 200, description = "The token is gone", body = Done,
            headers(("X-Request-Id" = String, description = "Names the request in the audit trail"))),
        NoAct, BadInput, Refusals
    )
)]
pub(super) async fn delete(call: Call<Write>, named: Named, headers: HeaderMap) -> Response {
    let on = IfMatch::of(&headers);
    call.answer(move |session| {
        session.perform(named.existing()?, Change::Delete, &on)?;
        Ok(session.format.reply(StatusCode::OK, &Done { status: "ok" }))
    })
    .await
}
