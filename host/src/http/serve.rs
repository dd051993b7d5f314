//! Connections: accepted, limited in their patience, and brought to an end.

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use std::pin::pin;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};

/// How long a client may take to send a request's head; so also how long a
/// connection may be idle.
const HEAD: Duration = Duration::from_secs(60);

/// How long requests in flight may take to finish after the signal to stop.
const GRACE: Duration = Duration::from_secs(10);

/// How long to wait when the operating system gives no connection: it has no
/// descriptors left, and some must be closed first.
const PAUSE: Duration = Duration::from_millis(50);

/// Serves until `stop` is done and requests in flight are answered.
pub async fn serve(listener: TcpListener, router: Router, stop: impl Future<Output = ()>) {
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(HEAD);
    let connections = GracefulShutdown::new();
    let mut stop = pin!(stop);
    loop {
        let stream = tokio::select! {
            stream = accept(&listener) => stream,
            () = &mut stop => break,
        };
        let io = TokioIo::new(stream);
        let connection = http.serve_connection(io, TowerToHyperService::new(router.clone()));
        // What goes wrong with a connection is the client's to know.
        let connection = connections.watch(connection);
        tokio::spawn(async move { drop(connection.await) });
    }
    drop(listener);
    if tokio::time::timeout(GRACE, connections.shutdown()).await.is_err() {
        tracing::warn!("requests were still in flight after {GRACE:?}");
    }
}

async fn accept(listener: &TcpListener) -> TcpStream {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                // Answers are short and whole: nothing to wait for.
                drop(stream.set_nodelay(true));
                return stream;
            }
            Err(error) => {
                tracing::warn!(%error, "can't accept a connection");
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
}
