//! Parameters and answers that several routes share, as the description has them. Other code
//! reads and writes them.

use super::answer::{Answer, Made};
use crate::model::Token;
use utoipa::{IntoParams, IntoResponses, ToSchema};

/// The path of a token.
#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
#[expect(dead_code, reason = "for the description: Named reads it")]
pub(super) struct OfToken {
    /// Whose token
    api_id: String,
}

/// The version that an act is about.
#[derive(IntoParams)]
#[into_params(parameter_in = Header)]
#[expect(dead_code, reason = "for the description: IfMatch reads it")]
pub(super) struct AtVersion {
    /// Act only on this version of the token
    #[param(rename = "If-Match")]
    if_match: Option<String>,
}

/// The answer of a change to a token.
#[derive(IntoResponses)]
#[expect(dead_code, reason = "for the description: Session::change writes it")]
pub(super) enum Changed {
    /// The token after the change
    #[response(status = 200, headers(
        ("ETag" = String, description = "The token's version"),
        ("X-Request-Id" = String, description = "Names the request in the audit trail"),
    ))]
    Ok(Answer<Token>),
}

/// The answer of a change that can give a token a new secret.
#[derive(IntoResponses)]
#[expect(dead_code, reason = "for the description: answer::made writes it")]
pub(super) enum Remade {
    /// The token after the change, with its text if it has a new secret
    #[response(status = 200, headers(
        ("ETag" = String, description = "The token's version"),
        ("X-Request-Id" = String, description = "Names the request in the audit trail"),
    ))]
    Ok(Made<'static>),
}

/// Nothing was changed, unless the message says otherwise.
#[derive(ToSchema)]
#[expect(dead_code, reason = "for the description: Format::failed writes it")]
pub(super) struct Failed {
    /// `failed`
    status: &'static str,
    /// What happened, and what to do.
    message: String,
}

/// Answers that every route has.
#[derive(IntoResponses)]
#[expect(dead_code, reason = "for the description")]
pub(super) enum Refusals {
    /// The token is not good.
    #[response(status = 401)]
    Unauthorized(Failed),
    /// The token is good, but not for this request.
    #[response(status = 403)]
    Forbidden(Failed),
    /// Too many credentials from this address were refused: try again after Retry-After seconds.
    #[response(status = 429)]
    TooMany(Failed),
    /// The server is busy, or can't use its database: try again after Retry-After seconds.
    #[response(status = 503)]
    Unavailable(Failed),
}

/// Answers of routes that take a query or a path.
#[derive(IntoResponses)]
#[expect(dead_code, reason = "for the description")]
pub(super) enum BadInput {
    /// A parameter can't be used: the message names it and says what is accepted.
    #[response(status = 400)]
    BadRequest(Failed),
}

/// Answers of routes that take a body.
#[derive(IntoResponses)]
#[expect(dead_code, reason = "for the description")]
pub(super) enum BadBody {
    /// The body is not as described here: the message says where, and what is accepted.
    #[response(status = 400)]
    BadRequest(Failed),
    /// The body has more than 32768 bytes.
    #[response(status = 413)]
    TooLarge(Failed),
    /// The body is not application/json.
    #[response(status = 415)]
    Unsupported(Failed),
}

/// Answers of acts on a token.
#[derive(IntoResponses)]
#[expect(dead_code, reason = "for the description")]
pub(super) enum NoAct {
    /// There is no token with this API ID.
    #[response(status = 404)]
    NotFound(Failed),
    /// The token is at another version than If-Match names.
    #[response(status = 412)]
    Stale(Failed),
}
