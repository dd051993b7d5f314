//! `GET /v1/audit`

use super::Read;
use super::answer::Page;
use super::call::Call;
use super::query::Query;
use super::shared::{BadInput, Refusals};
use crate::admin::Shown;
use crate::model::{ApiId, Moment};
use crate::store::AuditFilter;
use axum::extract::RawQuery;
use axum::response::Response;

/// Lists acts, the earliest first, with the filters of `jerakia audit list`.
#[utoipa::path(
    get,
    path = "/v1/audit",
    operation_id = "list_audit",
    params(
        ("api_id" = Option<String>, Query, description = "On the token of this API ID"),
        ("since" = Option<String>, Query, description = "Not before this time, such as `2027-01-31T00:00:00Z` or `2027-01-31`, or for this long, such as `7d`"),
        ("limit" = Option<u32>, Query, minimum = 1, maximum = 1000, description = "The most acts of a page: 100 if left out"),
        ("cursor" = Option<String>, Query, description = "`next` of the page before"),
    ),
    responses((status = 200, description = "A page of acts", body = Page<Shown<'static>>), BadInput, Refusals)
)]
pub(super) async fn list(call: Call<Read>, RawQuery(query): RawQuery) -> Response {
    call.list(move |session| {
        let query = Query::parse(query, &["api_id", "since", "limit", "cursor"])?;
        let filter = AuditFilter {
            api_id: query.parsed("api_id")?.map(|it: ApiId| it.into()),
            since: query.parsed("since")?.map(|it: Moment| it.seconds(session.now)),
            after: query.cursor(|it| Ok(it.parse().ok().filter(|it| *it >= 0)))?.unwrap_or_default(),
        };
        let limit = query.limit()?;
        let payload = session.store.audit(&filter, limit)?;
        // A full page may be the last one: the page behind it is then empty.
        let next = payload.last().filter(|_| payload.len() == limit).map(|it| it.number.to_string());
        Ok(Page { status: "ok", payload, next })
    })
    .await
}
