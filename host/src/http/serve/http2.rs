//! Serves an HTTP/2 connection.

use super::connection::Closing;
use super::identified::Identified;
use super::stream::Stream;
use hyper::server::conn::http2;
use hyper_util::rt::{TokioExecutor, TokioIo};
use std::pin::pin;
use tokio::io::{AsyncRead, AsyncWrite};

/// How many requests of one connection can be open at once (RFC 9113, section 6.5.2, recommends
/// no fewer).
const MAX_STREAMS: u32 = 100;

/// The largest head of a request, in bytes, with 32 for each header (section 6.5.2). Smaller than
/// HTTP/1's, as a connection can have many requests.
const MAX_HEAD_LEN: u32 = 16 * 1024;

/// How many bytes of a body wait for the server to read them: of one request, and of all.
const STREAM_WINDOW: u32 = 64 * 1024;
const CONNECTION_WINDOW: u32 = 256 * 1024;

/// How many bytes of an answer wait for their client.
const MAX_UNSENT: usize = 64 * 1024;

/// A client that resets more requests than this before the server has taken them up is
/// disconnected (CVE-2023-44487); and one that makes the server reset so many.
const MAX_RESETS: usize = 20;
const MAX_FAULTS: usize = 100;

/// Answers `requests` until the client closes or, once the server closes, all are answered.
pub(super) async fn serve(
    stream: Stream<impl AsyncRead + AsyncWrite + Unpin>,
    requests: Identified,
    mut closing: Closing,
) {
    let mut http = http2::Builder::new(TokioExecutor::new());
    http.max_concurrent_streams(MAX_STREAMS).max_header_list_size(MAX_HEAD_LEN).max_send_buf_size(MAX_UNSENT);
    http.initial_stream_window_size(STREAM_WINDOW).initial_connection_window_size(CONNECTION_WINDOW);
    http.max_pending_accept_reset_streams(MAX_RESETS).max_local_error_reset_streams(MAX_FAULTS);
    let mut connection = pin!(http.serve_connection(TokioIo::new(stream), requests));
    tokio::select! {
        _ = connection.as_mut() => return,
        // Tells the client to send no more requests here. Those on their way are answered.
        () = closing.begins() => connection.as_mut().graceful_shutdown(),
    }
    drop(connection.await);
}
