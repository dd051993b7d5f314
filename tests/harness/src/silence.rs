//! A TCP proxy that can go silent, as a network does that has lost a cable: connections stay
//! open, and nothing passes. Once it speaks again, what was held back arrives, late.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex};
use std::thread;

/// A proxy in front of a port of 127.0.0.1. Its connections end with it.
pub struct Proxy {
    address: SocketAddr,
    wire: Arc<Wire>,
}

#[derive(Default)]
struct Wire {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    is_silent: bool,
    is_over: bool,
    open: Vec<TcpStream>,
}

impl Proxy {
    /// A proxy that passes connections on to `port`.
    pub fn to(port: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let proxy = Self { address: listener.local_addr().unwrap(), wire: Arc::default() };
        let wire = proxy.wire.clone();
        thread::spawn(move || {
            for client in listener.incoming() {
                // Also a new connection hangs while it is silent.
                if !wire.passes() {
                    return;
                }
                if let (Ok(client), Ok(server)) = (client, TcpStream::connect(("127.0.0.1", port))) {
                    wire.connect(&client, &server);
                }
            }
        });
        proxy
    }

    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// Passes nothing from here on.
    pub fn go_silent(&self) {
        self.wire.set(|it| it.is_silent = true);
    }

    /// Passes everything again, and first what was held back.
    pub fn speak(&self) {
        self.wire.set(|it| it.is_silent = false);
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.wire.set(|it| {
            it.is_over = true;
            it.open.drain(..).for_each(|it| drop(it.shutdown(Shutdown::Both)));
        });
        drop(TcpStream::connect(self.address)); // wakes the listener, which sees that it is over
    }
}

impl Wire {
    fn set(&self, change: impl FnOnce(&mut State)) {
        change(&mut self.state.lock().unwrap());
        self.changed.notify_all();
    }

    /// Waits while it is silent. False: it is over.
    fn passes(&self) -> bool {
        let state = self.state.lock().unwrap();
        !self.changed.wait_while(state, |it| it.is_silent && !it.is_over).unwrap().is_over
    }

    fn connect(self: &Arc<Self>, client: &TcpStream, server: &TcpStream) {
        let [client, server] = [client, server].map(|it| {
            it.set_nodelay(true).unwrap();
            move || it.try_clone().unwrap()
        });
        self.set(|it| it.open.extend([client(), server()]));
        for (from, to) in [(client(), server()), (server(), client())] {
            let wire = self.clone();
            thread::spawn(move || wire.pass(from, to));
        }
    }

    fn pass(&self, mut from: TcpStream, mut to: TcpStream) {
        let mut bytes = [0; 16 << 10];
        while let Ok(read) = from.read(&mut bytes) {
            if !self.passes() || read == 0 || to.write_all(&bytes[..read]).is_err() {
                break;
            }
        }
        drop(to.shutdown(Shutdown::Write));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn what_is_sent_while_it_is_silent_arrives_late() {
        let server = TcpListener::bind("127.0.0.1:0").unwrap();
        let proxy = Proxy::to(server.local_addr().unwrap().port());
        let mut client = TcpStream::connect(proxy.address).unwrap();
        let mut accepted = server.accept().unwrap().0;
        let mut byte = [0];
        client.write_all(b"a").unwrap();
        accepted.read_exact(&mut byte).unwrap();
        proxy.go_silent();
        client.write_all(b"b").unwrap();
        accepted.set_read_timeout(Some(Duration::from_millis(100))).unwrap();
        assert!(accepted.read_exact(&mut byte).is_err(), "nothing passes");
        proxy.speak();
        accepted.set_read_timeout(None).unwrap();
        accepted.read_exact(&mut byte).unwrap();
        assert_eq!(byte, *b"b");
        drop(proxy);
        assert_eq!(accepted.read(&mut byte).unwrap(), 0, "its connections end with it");
    }
}
