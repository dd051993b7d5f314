//! The stages of a shutdown.

use std::sync::atomic::{AtomicU8, Ordering};

/// How the server treats connections and requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub(super) enum Stage {
    /// No shutdown.
    Serving,
    /// `/readyz` fails, so that proxies send no more requests. New connections are still served.
    Stopping,
    /// Each answer is the last of its connection.
    Closing,
}

/// The stage that all connections see.
pub(super) struct Current(AtomicU8);

impl Current {
    pub(super) fn new() -> Self {
        Self(AtomicU8::new(Stage::Serving as u8))
    }

    pub(super) fn enter(&self, stage: Stage) {
        self.0.store(stage as u8, Ordering::Relaxed);
    }

    pub(super) fn is_at_least(&self, stage: Stage) -> bool {
        self.0.load(Ordering::Relaxed) >= stage as u8
    }
}

/// Marks requests that arrive during a shutdown, for `/readyz`.
#[derive(Clone, Copy)]
pub(in crate::http) struct Stopping;
