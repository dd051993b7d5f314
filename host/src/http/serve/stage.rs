//! The stages of a server's end.

use std::sync::atomic::{AtomicU8, Ordering};

/// How far a server is from its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub(super) enum Stage {
    /// All is well.
    Serving,
    /// New connections are still served, but `/readyz` asks for no more of them.
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

/// An extension of requests that a server gets while it stops.
#[derive(Clone, Copy)]
pub(in crate::http) struct Stopping;
