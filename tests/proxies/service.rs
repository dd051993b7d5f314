//! The service behind a proxy: it answers with the request.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

pub struct Service {
    pub address: SocketAddr,
    requests: Arc<AtomicUsize>,
}

impl Service {
    pub fn start() -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let (address, requests) = (listener.local_addr().unwrap(), Arc::new(AtomicUsize::new(0)));
        let counter = requests.clone();
        thread::spawn(move || {
            for stream in listener.incoming() {
                let counter = counter.clone();
                // A connection may be opened ahead of its request.
                thread::spawn(move || answer(stream.unwrap(), &counter));
            }
        });
        Self { address, requests }
    }

    /// How many requests have come here.
    pub fn count(&self) -> usize {
        self.requests.load(Ordering::SeqCst)
    }
}

fn answer(stream: TcpStream, counter: &AtomicUsize) {
    let (mut stream, mut request) = (BufReader::new(stream), String::new());
    while !request.ends_with("\r\n\r\n") {
        if stream.read_line(&mut request).unwrap_or(0) == 0 {
            return;
        }
    }
    counter.fetch_add(1, Ordering::SeqCst);
    let length = Seen::of(&request).all("content-length").concat().parse().unwrap_or(0);
    stream.by_ref().take(length).read_to_string(&mut request).unwrap();
    let length = request.len();
    let answer = format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{request}");
    drop(stream.get_mut().write_all(answer.as_bytes()));
}

/// The headers of a request that the service has seen.
#[derive(Debug)]
pub struct Seen(Vec<(String, String)>);

impl Seen {
    pub fn of(head: &str) -> Self {
        let lines = head.lines().filter_map(|line| line.split_once(':'));
        Self(lines.map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned())).collect())
    }

    /// The values of a header, with those in spellings that a service may take for it: in
    /// CGI's variables all but letters and digits are underscores.
    pub fn all(&self, name: &str) -> Vec<&str> {
        let is_same = |it: &str| it.replace(|c: char| !c.is_ascii_alphanumeric(), "-") == name;
        self.0.iter().filter(|(it, _)| is_same(it)).map(|(_, value)| value.as_str()).collect()
    }
}
