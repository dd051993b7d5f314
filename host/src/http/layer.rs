//! The same protection for routes that are not ours, as a tower layer.

use super::credential::authorized;
use super::forwarded::itself;
use super::permission::Permission;
use crate::authenticator::Authenticator;
use axum::extract::Request;
use axum::response::{IntoResponse as _, Response};
use std::future::{Ready, ready};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use tower::{Layer, Service as TowerService};

/// Made by [`crate::Guard::layer`].
#[derive(Clone)]
pub struct RequireToken {
    authenticator: Arc<Authenticator>,
}

impl RequireToken {
    pub(crate) fn new(authenticator: Arc<Authenticator>) -> Self {
        Self { authenticator }
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

impl<S: TowerService<Request, Response = Response>> TowerService<Request> for Protected<S> {
    type Response = Response;
    type Error = S::Error;
    type Future = Answer<S::Future, S::Error>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    /// A token with grants needs the permission of the request itself.
    fn call(&mut self, request: Request) -> Self::Future {
        let (mut head, body) = request.into_parts();
        match authorized(&self.authenticator, &head, || Permission::of(itself(&head))) {
            Ok(caller) => {
                head.extensions.insert(caller);
                Answer::Theirs(Box::pin(self.inner.call(Request::from_parts(head, body))))
            }
            Err(rejection) => Answer::Ours(ready(Ok(rejection.into_response()))),
        }
    }
}

/// Whose answer it is.
pub enum Answer<F, E> {
    /// The protected service's.
    Theirs(Pin<Box<F>>),
    /// A refusal.
    Ours(Ready<Result<Response, E>>),
}

impl<F: Future<Output = Result<Response, E>>, E> Future for Answer<F, E> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        match self.get_mut() {
            Self::Theirs(answer) => answer.as_mut().poll(context),
            Self::Ours(answer) => Pin::new(answer).poll(context),
        }
    }
}

impl<F, E> Unpin for Answer<F, E> {}
