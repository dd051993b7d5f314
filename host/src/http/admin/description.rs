//! `GET /v1/openapi.json`: this API, described by the types of its handlers.

use super::Itself;
use super::shared::Refusals;
use crate::http::credential::Permitted;
use crate::http::reply::Format;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use std::sync::Arc;
use utoipa::openapi::OpenApi;
use utoipa::openapi::security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::{Modify, OpenApi as _};

/// The description of the API as a whole.
#[derive(utoipa::OpenApi)]
#[openapi(
    info(
        title = "Jerakia tokens",
        description = "Administration of API tokens. Answers are JSON, or MessagePack where Accept or Content-Type is application/x-msgpack."
    ),
    security(("token" = []), ("bearer" = []), ("basic" = [])),
    modifiers(&Credentials)
)]
struct Description;

/// The three ways to present a token.
struct Credentials;

impl Modify for Credentials {
    fn modify(&self, openapi: &mut OpenApi) {
        let components = openapi.components.get_or_insert_default();
        let http = |scheme| SecurityScheme::Http(HttpBuilder::new().scheme(scheme).build());
        let own = SecurityScheme::ApiKey(ApiKey::Header(ApiKeyValue::new("X-Authentication")));
        components.add_security_scheme("token", own);
        components.add_security_scheme("bearer", http(HttpAuthScheme::Bearer));
        components.add_security_scheme("basic", http(HttpAuthScheme::Basic));
    }
}

/// The description without routes.
pub(super) fn empty() -> OpenApi {
    Description::openapi()
}

/// Describes the routes of this API that the server has.
#[utoipa::path(
    get,
    path = "/v1/openapi.json",
    operation_id = "openapi",
    responses((status = 200, description = "This document", body = utoipa::openapi::Object), Refusals)
)]
pub(super) async fn show(_: Permitted<Itself>, State(description): State<Arc<OpenApi>>) -> Response {
    Format::Json.reply(StatusCode::OK, &*description)
}
