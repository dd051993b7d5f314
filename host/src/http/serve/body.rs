//! A request's body that fails when it does not arrive in time.

use super::exchange::Exchange;
use axum::BoxError;
use hyper::body::{Body, Bytes, Frame, Incoming, SizeHint};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::time::{Sleep, sleep};

pub(super) struct TimedBody {
    incoming: Incoming,
    exchange: Exchange,
    limit: Duration,
    /// Starts when the server first has to wait for the client.
    timer: Option<Pin<Box<Sleep>>>,
}

#[derive(Debug, thiserror::Error)]
#[error("the body did not come within {0:?}")]
struct Late(Duration);

impl TimedBody {
    pub(super) fn new(incoming: Incoming, limit: Duration, exchange: Exchange) -> Self {
        Self { incoming, exchange, limit, timer: None }
    }
}

impl Body for TimedBody {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let this = self.get_mut();
        if let Poll::Ready(frame) = Pin::new(&mut this.incoming).poll_frame(context) {
            this.exchange.body_goes_on();
            return Poll::Ready(frame.map(|it| it.map_err(Into::into)));
        }
        this.exchange.body_waits();
        let limit = this.limit;
        ready!(this.timer.get_or_insert_with(|| Box::pin(sleep(limit))).as_mut().poll(context));
        this.exchange.body_is_late();
        Poll::Ready(Some(Err(Late(limit).into())))
    }

    fn is_end_stream(&self) -> bool {
        self.incoming.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.incoming.size_hint()
    }
}
