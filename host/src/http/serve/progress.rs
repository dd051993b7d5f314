//! What a connection waits for, and since when.

use std::sync::LazyLock;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use tokio::sync::Notify;
use tokio::time::{Duration, Instant};

/// All times are milliseconds from this one, so that they compare between connections.
static START: LazyLock<Instant> = LazyLock::new(Instant::now);

/// The state of a connection. Only its task writes it; the accept loop reads how long it
/// is idle. A request costs a few stores to memory that no other connection uses.
pub(super) struct Progress {
    /// Since when the server waits for the client; [`NEVER`] while it does not.
    waiting: AtomicU64,
    /// When the first byte of an unfinished head came.
    head: AtomicU64,
    /// When the client first did not take what is being written.
    write: AtomicU64,
    /// Whether there has been a request.
    served: AtomicBool,
    /// Whether a request is being answered.
    answering: AtomicBool,
    /// Whether the body of this request has exceeded its limit.
    body_late: AtomicBool,
    /// Tells the connection to make room for another one.
    pub(super) evicted: Notify,
}

const NEVER: u64 = 0;

/// What the connection waits for, and since when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    /// The server.
    Answering,
    /// The client, to receive the rest of an answer.
    Writing(Instant),
    /// The rest of a head.
    Head(Instant),
    /// The first request.
    New(Instant),
    /// Another request.
    Idle(Instant),
}

impl Progress {
    /// Of a connection that begins.
    pub(super) fn new() -> Self {
        Self {
            waiting: now().into(),
            head: NEVER.into(),
            write: NEVER.into(),
            served: false.into(),
            answering: false.into(),
            body_late: false.into(),
            evicted: Notify::new(),
        }
    }

    /// A number that is the lower the longer the server waits for the client; none
    /// while it does not.
    pub(super) fn idle_since(&self) -> Option<u64> {
        Some(self.waiting.load(Relaxed)).filter(|it| *it != NEVER)
    }

    pub(super) fn phase(&self) -> Phase {
        let since = |clock: &AtomicU64| match clock.load(Relaxed) {
            NEVER => None,
            at => Some(*START + Duration::from_millis(at)),
        };
        if let Some(since) = since(&self.write) {
            return Phase::Writing(since);
        }
        match (since(&self.head), since(&self.waiting)) {
            _ if self.answering.load(Relaxed) => Phase::Answering,
            // The first head counts from the connection's start.
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

    /// The answer is ready to be written. Whether the body was late.
    pub(super) fn request_ends(&self) -> bool {
        let now = now();
        self.answering.store(false, Relaxed);
        self.waiting.store(now, Relaxed);
        if self.write.load(Relaxed) != NEVER {
            // The limit is for each answer, also where requests are pipelined. Hyper answers
            // no more of them when its buffer is full.
            self.write.store(now, Relaxed);
        }
        self.body_late.swap(false, Relaxed)
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

    /// The client has taken part of an answer: it is idle from now on, not from the
    /// answer's start.
    pub(super) fn write_goes_on(&self) {
        if self.waiting.load(Relaxed) != NEVER {
            self.waiting.store(now(), Relaxed);
        }
    }

    pub(super) fn all_is_written(&self) {
        self.write.store(NEVER, Relaxed);
    }
}

fn now() -> u64 {
    u64::try_from(START.elapsed().as_millis()).unwrap_or(u64::MAX - 1) + 1
}
