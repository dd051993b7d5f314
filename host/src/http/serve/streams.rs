//! What the requests of an HTTP/2 connection wait for.

use super::progress::{Milliseconds, Progress, now};
use axum::BoxError;
use axum::body::Body as AnswerBody;
use hyper::body::{Body, Bytes, Frame, SizeHint};
use std::collections::HashMap;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

/// The requests of one connection. After each change it reports the sum to the connection's
/// [`Progress`], as if there were one request.
pub(super) struct Streams {
    progress: Arc<Progress>,
    open: Mutex<Open>,
}

#[derive(Default)]
struct Open {
    next: u64,
    phases: HashMap<u64, Phase>,
}

/// What a request waits for.
#[derive(Clone, Copy)]
enum Phase {
    /// The server.
    Server,
    /// More of the request's body.
    Body,
    /// The client to receive the answer, since then.
    Answer(Milliseconds),
}

impl Streams {
    pub(super) fn new(progress: Arc<Progress>) -> Arc<Self> {
        Arc::new(Self { progress, open: Mutex::default() })
    }

    /// A request begins.
    pub(super) fn begin(self: &Arc<Self>) -> Arc<InStream> {
        let mut open = self.open();
        let number = open.next;
        open.next += 1;
        open.phases.insert(number, Phase::Server);
        self.report(&open);
        drop(open);
        Arc::new(InStream { streams: self.clone(), number, body_late: false.into() })
    }

    fn report(&self, open: &Open) {
        let works = open.phases.values().any(|it| matches!(it, Phase::Server));
        let answers =
            open.phases.values().filter_map(|it| if let Phase::Answer(since) = it { Some(*since) } else { None });
        self.progress.streams_are(works, answers.min());
    }

    /// A poisoned lock is usable: no code panics between two related changes.
    fn open(&self) -> MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One request, until its answer is sent or it is reset: then it is dropped.
pub(super) struct InStream {
    streams: Arc<Streams>,
    number: u64,
    /// Whether the body of this request has exceeded its limit.
    body_late: AtomicBool,
}

impl InStream {
    pub(super) fn request_ends(&self) -> bool {
        self.set(|_| Phase::Answer(now()));
        self.body_late.swap(false, Relaxed)
    }

    pub(super) fn body_waits(&self) {
        self.set(|_| Phase::Body);
    }

    pub(super) fn body_goes_on(&self) {
        self.set(|_| Phase::Server);
    }

    pub(super) fn body_is_late(&self) {
        self.body_late.store(true, Relaxed);
    }

    /// An answer's body that reports while it is sent.
    pub(super) fn answer(self: Arc<Self>, body: AnswerBody) -> Answer {
        Answer { body, stream: self }
    }

    fn set(&self, phase: impl FnOnce(Phase) -> Phase) {
        let mut open = self.streams.open();
        if let Some(current) = open.phases.get_mut(&self.number) {
            *current = phase(*current);
            self.streams.report(&open);
        }
    }
}

impl Drop for InStream {
    fn drop(&mut self) {
        let mut open = self.streams.open();
        open.phases.remove(&self.number);
        self.streams.report(&open);
    }
}

/// An answer's body. hyper asks for more of it when the client has received the last part, and
/// drops it when all is sent.
pub(super) struct Answer {
    body: AnswerBody,
    stream: Arc<InStream>,
}

impl Body for Answer {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let frame = Pin::new(&mut self.body).poll_frame(context);
        match &frame {
            // The client has all there is.
            Poll::Pending => self.stream.set(|_| Phase::Server),
            Poll::Ready(Some(_)) => self.stream.set(|phase| match phase {
                Phase::Answer(since) => Phase::Answer(since),
                _ => Phase::Answer(now()),
            }),
            Poll::Ready(None) => {}
        }
        frame.map(|it| it.map(|it| it.map_err(Into::into)))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
