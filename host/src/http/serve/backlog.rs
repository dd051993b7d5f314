//! Lets a listener close without resetting the connections in its queue.

use crate::listen::ListeningSocket;
use socket2::{SockFilter, SockRef};
use std::io;
use tokio::net::TcpListener;

/// A classic BPF program that drops segments with SYN and passes all others.
const DROP_SYN: [SockFilter; 4] = [
    SockFilter::new(0x30, 0, 0, 13),       // load the byte with the flags
    SockFilter::new(0x45, 0, 1, 0x02),     // SYN? else skip one
    SockFilter::new(0x06, 0, 0, 0),        // drop
    SockFilter::new(0x06, 0, 0, u32::MAX), // pass
];

/// Makes the kernel start no more connections. Closing a listener resets those in its queue, so
/// none may enter between the last `accept` and the close.
pub(super) fn refuse_more(socket: &ListeningSocket) {
    let refused = match socket {
        ListeningSocket::Tcp(listener) => drop_more(listener),
        ListeningSocket::Unix(socket) => socket.refuse_more(),
    };
    if let Err(error) = refused {
        tracing::debug!(%error, "connections that begin while the listener closes may be reset");
    }
}

/// A client whose SYN is dropped retries after a second: it is then refused, or reaches the next
/// server on this address.
fn drop_more(listener: &TcpListener) -> io::Result<()> {
    SockRef::from(listener).attach_filter(&DROP_SYN)
}
