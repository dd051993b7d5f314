//! Protects any HTTP service: a tower layer.

use super::credential::authorized;
use super::forwarded::itself;
use super::permission::Permission;
use crate::Guard;
use crate::authenticator::Authenticator;
use axum::extract::Request;
use axum::response::{IntoResponse as _, Response};
use std::mem;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use tower::{Layer, Service as TowerService};

/// The layer that [`Guard::layer`] returns.
#[derive(Clone)]
pub struct RequireToken {
    authenticator: Arc<Authenticator>,
}

impl Guard {
    /// A tower layer for any HTTP service. It refuses requests without a good token, and
    /// passes the others on with an [`crate::http::Authorized`] among their extensions. A GET
    /// request for `/a` of `example.org` needs the permission `http:GET:example.org/a`, with
    /// the path as the layer sees it: without the prefix of a nested router. Keep the guard:
    /// once it is dropped and `token_ttl` has passed, the layer answers 503.
    #[must_use]
    pub fn layer(&self) -> RequireToken {
        RequireToken { authenticator: self.authenticator().clone() }
    }
}

impl<S> Layer<S> for RequireToken {
    type Service = Protected<S>;

    fn layer(&self, inner: S) -> Protected<S> {
        Protected { authenticator: self.authenticator.clone(), inner }
    }
}

/// A service behind [`RequireToken`].
#[derive(Clone)]
pub struct Protected<S> {
    authenticator: Arc<Authenticator>,
    inner: S,
}

impl<S> TowerService<Request> for Protected<S>
where
    S: TowerService<Request, Response = Response> + Clone + Send + 'static,
    S::Future: Send,
{
    type Response = Response;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Response, S::Error>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    /// A token with grants needs the permission of the request itself.
    fn call(&mut self, request: Request) -> Self::Future {
        let authenticator = self.authenticator.clone();
        // Only this one is known to be ready, and not its clone.
        let next = self.inner.clone();
        let mut inner = mem::replace(&mut self.inner, next);
        Box::pin(async move {
            let (mut head, body) = request.into_parts();
            match authorized(&authenticator, &head, || Permission::of(itself(&head))).await {
                Ok(caller) => {
                    head.extensions.insert(caller);
                    inner.call(Request::from_parts(head, body)).await
                }
                Err(rejection) => Ok(rejection.into_response()),
            }
        })
    }
}
