//! What a connection waits for, and since when.

use std::sync::LazyLock;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use tokio::sync::Notify;
use tokio::time::{Duration, Instant};

/// All times are in milliseconds since this one, so that connections can be compared.
static START: LazyLock<Instant> = LazyLock::new(Instant::now);
pub(super) type Milliseconds = u64;

/// The state of a connection. Only its own task writes it, or [`super::streams`] with a lock; the
/// accept loop reads since when it is idle. A request costs a few stores to memory that no other connection uses.
pub(super) struct Progress {
    /// Since when the server waits for the client; [`NEVER`] while it does not.
    waiting: AtomicU64,
    /// When the first byte of an incomplete head arrived.
    head: AtomicU64,
    /// When the client first stopped receiving the current answer.
    write: AtomicU64,
    /// HTTP/2: since when the first of the answers waits for the client to receive it.
    answer: AtomicU64,
    /// Whether there has been a request.
    served: AtomicBool,
    /// Whether a request is being answered.
    answering: AtomicBool,
    /// Whether the body of this request has exceeded its limit.
    body_late: AtomicBool,
    /// Asks the connection to close, to make room for another.
    pub(super) evicted: Notify,
}

const NEVER: u64 = 0;

/// What the connection waits for, and since when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    /// For the server's answer.
    Answering,
    /// For the client to receive the rest of an answer.
    Writing(Instant),
    /// For the rest of a head.
    Head(Instant),
    /// For the first request.
    New(Instant),
    /// For another request.
    Idle(Instant),
}

impl Progress {
    /// The state of a new connection.
    pub(super) fn new() -> Self {
        Self {
            waiting: now().into(),
            head: NEVER.into(),
            write: NEVER.into(),
            answer: NEVER.into(),
            served: false.into(),
            answering: false.into(),
            body_late: false.into(),
            evicted: Notify::new(),
        }
    }

    /// Since when the server waits for the client; none while it does not.
    pub(super) fn idle_since(&self) -> Option<u64> {
        Some(self.waiting.load(Relaxed)).filter(|it| *it != NEVER)
    }

    pub(super) fn phase(&self) -> Phase {
        let since = |clock: &AtomicU64| match clock.load(Relaxed) {
            NEVER => None,
            at => Some(*START + Duration::from_millis(at)),
        };
        if let Some(since) = [&self.write, &self.answer].into_iter().filter_map(since).min() {
            return Phase::Writing(since);
        }
        match (since(&self.head), since(&self.waiting)) {
            _ if self.answering.load(Relaxed) => Phase::Answering,
            // The first head counts from the start of the connection.
            (Some(_), Some(start)) if !self.served.load(Relaxed) => Phase::Head(start),
            (Some(since), _) => Phase::Head(since),
            (None, Some(since)) if self.served.load(Relaxed) => Phase::Idle(since),
            (None, Some(since)) => Phase::New(since),
            (None, None) => Phase::Answering,
        }
    }

    /// The client has sent something.
    pub(super) fn received(&self) {
        if !self.answering.load(Relaxed) && self.head.load(Relaxed) == NEVER {
            self.head.store(now(), Relaxed);
        }
    }

    /// A head is complete.
    pub(super) fn request_begins(&self) {
        self.served.store(true, Relaxed);
        self.answering.store(true, Relaxed);
        self.head.store(NEVER, Relaxed);
        self.waiting.store(NEVER, Relaxed);
    }

    /// The answer is ready to be written. Returns whether the body was late.
    pub(super) fn request_ends(&self) -> bool {
        let now = now();
        self.answering.store(false, Relaxed);
        self.waiting.store(now, Relaxed);
        if self.write.load(Relaxed) != NEVER {
            // Each answer has its own limit, even when requests are pipelined: hyper stops
            // answering them while its buffer is full.
            self.write.store(now, Relaxed);
        }
        self.body_late.swap(false, Relaxed)
    }

    /// HTTP/2: the state of all requests. `works`: the server works on one of them; `answer`: since
    /// when the first of the answers waits for the client.
    pub(super) fn streams_are(&self, works: bool, answer: Option<Milliseconds>) {
        self.served.store(true, Relaxed);
        self.answering.store(works, Relaxed);
        self.answer.store(answer.unwrap_or(NEVER), Relaxed);
        self.waiting.store(if works { NEVER } else { now() }, Relaxed);
    }

    pub(super) fn body_waits(&self) {
        if self.waiting.load(Relaxed) == NEVER {
            self.waiting.store(now(), Relaxed);
        }
    }

    pub(super) fn body_goes_on(&self) {
        self.waiting.store(NEVER, Relaxed);
    }

    pub(super) fn body_is_late(&self) {
        self.body_late.store(true, Relaxed);
    }

    pub(super) fn write_waits(&self) {
        if self.write.load(Relaxed) == NEVER {
            self.write.store(now(), Relaxed);
        }
    }

    /// The client has received part of an answer: it is idle from now on, not from the
    /// start of the answer.
    pub(super) fn write_goes_on(&self) {
        if self.waiting.load(Relaxed) != NEVER {
            self.waiting.store(now(), Relaxed);
        }
    }

    pub(super) fn all_is_written(&self) {
        self.write.store(NEVER, Relaxed);
    }
}

pub(super) fn now() -> Milliseconds {
    u64::try_from(START.elapsed().as_millis()).unwrap_or(u64::MAX - 1) + 1
}
