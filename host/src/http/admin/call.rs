//! An administrator's request: its token, its turn, and the database while it runs.

use super::answer::{Answer, Failure};
use super::body::{self, FromBody};
use super::etag::{IfMatch, etag, version};
use super::{Administration, Permitted};
use crate::admin::{self, Act, Actor, Change};
use crate::authenticator::Authenticator;
use crate::clock;
use crate::http::permission::Need;
use crate::http::reply::Format;
use crate::http::turns::{QueuePlace, Turn};
use crate::http::{Authorized, Rejection, pieces, work};
use crate::model::{ApiId, ExpiryPolicy, StoredToken};
use crate::request_id::RequestId;
use crate::sandbox::Issued;
use crate::store::{AdminStore, Performed};
use axum::body::Body;
use axum::extract::{FromRequestParts, Path};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::Response;
use serde::Serialize;
use tokio::sync::oneshot;

/// A request whose token is good for what `N` needs. A handler is protected by naming it as
/// a parameter.
pub(super) struct Call<N> {
    caller: Permitted<N>,
    api: Administration,
    format: Format,
}

impl<N: Need<Administration>> FromRequestParts<Administration> for Call<N> {
    type Rejection = Rejection;

    async fn from_request_parts(head: &mut Parts, api: &Administration) -> Result<Self, Rejection> {
        let caller = Permitted::from_request_parts(head, api).await?;
        Ok(Self { caller, api: api.clone(), format: Format::of(&head.headers) })
    }
}

impl<N> Call<N> {
    pub(super) fn caller(&self) -> &Authorized {
        &self.caller
    }

    pub(super) fn authenticator(&self) -> &Authenticator {
        &self.api.authenticator
    }

    pub(super) fn format(&self) -> Format {
        self.format
    }

    /// Answers with the response that `work` makes.
    pub(super) async fn answer(
        self,
        work: impl FnOnce(&mut Session) -> Result<Response, Failure> + Send + 'static,
    ) -> Response {
        match work::place(&self.api.turns, &self.caller, self.format) {
            Ok(place) => self.answer_in(place, work).await,
            Err(busy) => *busy,
        }
    }

    /// Like [`Self::answer`], with the parsed body.
    pub(super) async fn answer_to<T: FromBody>(
        self,
        headers: &HeaderMap,
        body: Body,
        work: impl FnOnce(&mut Session, T) -> Result<Response, Failure> + Send + 'static,
    ) -> Response {
        // Before the body is read: what one token has in memory is bounded by its places.
        let place = match work::place(&self.api.turns, &self.caller, self.format) {
            Ok(place) => place,
            Err(busy) => return *busy,
        };
        match body::read(headers, body).await {
            Ok(bytes) => self.answer_in(place, move |session| work(session, body::parse(&bytes)?)).await,
            Err(failure) => failure.response(self.format),
        }
    }

    /// Answers with the list that `work` reads, in pieces: while its client reads, it counts
    /// as a request that waits.
    pub(super) async fn list<T: Serialize>(
        self,
        work: impl FnOnce(&mut Session) -> Result<T, Failure> + Send + 'static,
    ) -> Response {
        let format = self.format;
        match work::place(&self.api.turns, &self.caller, format) {
            Ok(place) => {
                let send = move |listed: Result<T, Failure>, turn, respond_to: oneshot::Sender<Response>| match listed {
                    Ok(page) => pieces::send(format, &page, turn, respond_to, |_| ()),
                    Err(failure) => {
                        drop(turn); // before the answer: its client may ask again at once
                        drop(respond_to.send(failure.response(format)));
                    }
                };
                self.run(place, work, send).await
            }
            Err(busy) => *busy,
        }
    }

    async fn answer_in(
        self,
        place: QueuePlace,
        work: impl FnOnce(&mut Session) -> Result<Response, Failure> + Send + 'static,
    ) -> Response {
        let format = self.format;
        let send = move |answer: Result<Response, Failure>, turn, respond_to: oneshot::Sender<Response>| {
            drop(turn);
            drop(respond_to.send(answer.unwrap_or_else(|it| it.response(format))));
        };
        self.run(place, work, send).await
    }

    /// Runs `work` when it is its turn, and passes the result to `send`.
    async fn run<T>(
        self,
        place: QueuePlace,
        work: impl FnOnce(&mut Session) -> Result<T, Failure> + Send + 'static,
        send: impl FnOnce(Result<T, Failure>, Turn, oneshot::Sender<Response>) + Send + 'static,
    ) -> Response {
        let Self { caller, api, format } = self;
        let by = caller.clone();
        let work = move |turn, respond_to| {
            let results = api.results.clone();
            let made = Session::open(api, &by, format).and_then(|mut it| work(&mut it));
            results.count(made.as_ref().err().map(Failure::is_outage));
            send(made, turn, respond_to);
        };
        work::work(place, &caller, format, work).await
    }
}

/// The database, for one request.
pub(super) struct Session {
    pub(super) store: Box<dyn AdminStore>,
    /// In seconds since the epoch.
    pub(super) now: i64,
    pub(super) format: Format,
    api: Administration,
    actor: Actor,
    request_id: Option<RequestId>,
}

impl Session {
    fn open(api: Administration, caller: &Authorized, format: Format) -> Result<Self, Failure> {
        let Authorized { api_id, token, secret, .. } = caller;
        let api_id: ApiId = api_id.parse().map_err(|it| Failure::bad("token", it))?;
        let actor = Actor::Token { api_id, id: *token, secret: *secret };
        let store = api.authenticator.cache().store().administrator()?;
        Ok(Self { store, now: clock::now(), format, api, actor, request_id: RequestId::current() })
    }

    /// The rules for the ends of tokens.
    pub(super) fn expiry(&self) -> &ExpiryPolicy {
        &self.api.expiry
    }

    pub(super) fn issue(&self, api_id: &ApiId) -> Result<Issued, Failure> {
        Ok(admin::issue(self.api.authenticator.sandbox(), api_id)?)
    }

    /// Records the uses of tokens that this server only has in memory so far, for an act that
    /// depends on them.
    pub(super) fn record_uses(&self) -> Result<(), Failure> {
        Ok(self.api.authenticator.cache().flush_last_seen(clock::now())?)
    }

    /// Performs an act on the caller's behalf.
    pub(super) fn perform(&mut self, api_id: ApiId, change: Change, on: &IfMatch) -> Result<Performed, Failure> {
        let expected = on.expected(|| self.store.token(&api_id).ok().flatten().as_ref().map(version));
        let request_id = self.request_id.as_ref().map(ToString::to_string);
        let act = Act { request_id, expected, ..Act::new(api_id, change, self.actor.clone(), self.now) };
        Ok(self.store.perform(&act)?.0)
    }

    /// Performs an act on the caller's behalf, and answers with the token after it.
    pub(super) fn change(&mut self, named: &Named, change: Change, on: &IfMatch) -> Result<Response, Failure> {
        let after = self.perform(named.existing()?, change, on)?.after;
        let after = after.ok_or_else(|| named.unknown())?;
        Ok(self.token(after))
    }

    /// Answers 200 with a token.
    pub(super) fn token(&self, token: StoredToken) -> Response {
        let version = version(&token);
        let payload = self.store.shown(token, self.now);
        let response = self.format.reply(StatusCode::OK, &Answer { status: "ok", payload });
        tagged(response, version)
    }
}

/// `response` with the ETag of a token.
pub(super) fn tagged(mut response: Response, version: super::etag::Version) -> Response {
    if let Some(etag) = etag(version) {
        response.headers_mut().insert(header::ETAG, etag);
    }
    response
}

/// The API ID in a path: that of an existing token, if it is one.
pub(super) struct Named(String);

impl Named {
    pub(super) fn text(&self) -> &str {
        &self.0
    }

    /// The API ID. Other text is that of no token: 404.
    pub(super) fn existing(&self) -> Result<ApiId, Failure> {
        self.0.parse().map_err(|_| self.unknown())
    }

    pub(super) fn unknown(&self) -> Failure {
        admin::ActRefusal::NotFound(self.0.clone()).into()
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Named {
    type Rejection = Response;

    async fn from_request_parts(head: &mut Parts, state: &S) -> Result<Self, Response> {
        let format = Format::of(&head.headers);
        let Path(api_id) = Path::from_request_parts(head, state)
            .await
            .map_err(|_| Failure::BadRequest("the API ID in the path is not UTF-8".into()).response(format))?;
        Ok(Self(api_id))
    }
}
