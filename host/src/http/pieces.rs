//! Answers of any size. Short ones are sent whole, longer ones in pieces while they are being
//! written, so that no long answer is in memory as a whole.

use super::reply::{Format, respond};
use super::turns::Turn;
use crate::{log_limit, request_id};
use axum::body::{Body, Bytes};
use axum::http::StatusCode;
use axum::response::Response;
use http_body::Frame;
use http_body_util::channel::{Channel, Sender};
use serde::Serialize;
use std::io;
use tokio::runtime::Handle;
use tokio::sync::oneshot;

/// The size of a piece, in bytes.
const PIECE: usize = 64 << 10;

/// How many pieces may wait for their client.
const AHEAD: usize = 2;

/// Answers 200 with `body`. If it is sent whole, first passes it to `keep`. Call it on a thread
/// that may block: it waits for the client to read an answer longer than a piece. While it
/// waits, others have the turn.
pub(super) fn send(
    format: Format,
    body: &impl Serialize,
    turn: Turn,
    respond_to: oneshot::Sender<Response>,
    keep: impl FnOnce(&Bytes),
) {
    let mut pieces = Pieces {
        format,
        turn: Some(turn),
        handle: Handle::current(),
        piece: Vec::new(),
        begun: None,
        respond_to: Some(respond_to),
    };
    match format.write(body, &mut pieces) {
        Ok(()) => pieces.finish(keep),
        Err(error) => pieces.fail(&error),
    }
}

struct Pieces {
    format: Format,
    /// Given back before the answer is complete: its client may ask again at once.
    turn: Option<Turn>,
    handle: Handle,
    piece: Vec<u8>,
    /// Receives all pieces after the first.
    begun: Option<Sender<Bytes, io::Error>>,
    /// Receives the response; none once it was sent.
    respond_to: Option<oneshot::Sender<Response>>,
}

impl Pieces {
    fn flush_piece(&mut self) -> io::Result<()> {
        let gone = || io::Error::from(io::ErrorKind::BrokenPipe);
        if let Some(to) = self.respond_to.take() {
            let (sender, body) = Channel::new(AHEAD);
            self.begun = Some(sender);
            to.send(respond(StatusCode::OK, self.format, Body::new(body))).map_err(|_| gone())?;
        }
        let sender = self.begun.as_mut().ok_or_else(gone)?;
        let piece = std::mem::replace(&mut self.piece, Vec::with_capacity(PIECE));
        match sender.try_send(Frame::data(piece.into())) {
            Ok(()) => Ok(()),
            Err(piece) => match &mut self.turn {
                Some(turn) => turn.pause(&self.handle, sender.send(piece)).map_err(|_| gone()),
                None => self.handle.block_on(sender.send(piece)).map_err(|_| gone()),
            },
        }
    }

    fn finish(mut self, keep: impl FnOnce(&Bytes)) {
        drop(self.turn.take());
        match self.respond_to.take() {
            Some(to) => {
                // Without spare capacity: it may be kept.
                let body = Bytes::from(std::mem::take(&mut self.piece).into_boxed_slice());
                keep(&body);
                // The client may be gone; then nobody is there to know.
                drop(to.send(respond(StatusCode::OK, self.format, Body::from(body))));
            }
            None => {
                if !self.piece.is_empty() && self.flush_piece().is_err() {
                    return;
                }
                self.begun = None;
            }
        }
    }

    fn fail(mut self, error: &str) {
        drop(self.turn.take());
        if let Some(to) = self.respond_to.take() {
            if log_limit::LOOKUPS.allows() {
                tracing::error!(request_id = request_id::logged(), error, "an answer can't be encoded");
            }
            drop(to.send(self.format.failed(StatusCode::INTERNAL_SERVER_ERROR, "internal error")));
        }
    }
}

/// An answer that ends before its end must not look like a whole one: the connection is
/// closed without the last chunk.
impl Drop for Pieces {
    fn drop(&mut self) {
        if let Some(sender) = self.begun.take() {
            sender.abort(io::Error::other("the answer was not finished"));
        }
    }
}

impl io::Write for Pieces {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let bytes = &bytes[..bytes.len().min(PIECE - self.piece.len())];
        self.piece.extend_from_slice(bytes);
        if self.piece.len() >= PIECE {
            self.flush_piece()?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
