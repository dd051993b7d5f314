//! An HTTP client that shows answers byte for byte. It panics on an answer that is not HTTP,
//! and after 60 seconds without one.

use std::io::{BufRead as _, BufReader, ErrorKind, Read, Write};
use std::net::TcpStream;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

/// The longest wait for an answer.
const TIMEOUT: Duration = Duration::from_secs(60);

/// A connection, for one request after the other.
pub struct Client<S: Read = TcpStream> {
    stream: BufReader<S>,
}

#[derive(Debug, Clone)]
pub struct Response {
    pub status: u16,
    /// Status line and headers, as sent, without the two that are different each time: the date
    /// and the request's id.
    pub head: String,
    /// `X-Request-Id`
    pub request_id: Option<String>,
    pub body: Vec<u8>,
}

/// A GET request. `headers`: each line ended by CRLF.
pub fn get(path: &str, headers: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n{headers}\r\n")
}

/// A PUT request. `headers`: each line ended by CRLF.
pub fn put(path: &str, headers: &str, body: &[u8]) -> Vec<u8> {
    let length = body.len();
    let head = format!("PUT {path} HTTP/1.1\r\nHost: localhost\r\n{headers}Content-Length: {length}\r\n\r\n");
    [head.as_bytes(), body].concat()
}

impl Client {
    pub fn connect(address: &str) -> Self {
        Self::on(TcpStream::connect(address).unwrap())
    }

    pub fn on(stream: TcpStream) -> Self {
        stream.set_nodelay(true).unwrap();
        stream.set_read_timeout(Some(TIMEOUT)).unwrap();
        Self::over(stream)
    }
}

impl Client<UnixStream> {
    pub fn connect_unix(path: &Path) -> Self {
        let stream = UnixStream::connect(path).unwrap();
        stream.set_read_timeout(Some(TIMEOUT)).unwrap();
        Self::over(stream)
    }
}

impl<S: Read + Write> Client<S> {
    /// On a stream that has a limit for waiting.
    pub fn over(stream: S) -> Self {
        Self { stream: BufReader::new(stream) }
    }

    /// `headers`: as of [`get`].
    pub fn get(&mut self, path: &str, headers: &str) -> Response {
        self.send(get(path, headers))
    }

    pub fn authorize(&mut self, token: &str) -> Response {
        self.get("/v1/authorize", &format!("X-Authentication: {token}\r\n"))
    }

    pub fn send(&mut self, request: impl AsRef<[u8]>) -> Response {
        self.write(request);
        self.read()
    }

    pub fn write(&mut self, bytes: impl AsRef<[u8]>) {
        self.stream.get_mut().write_all(bytes.as_ref()).unwrap();
    }

    pub fn read(&mut self) -> Response {
        let (mut head, mut request_id, mut length, mut chunked) = (String::new(), None, 0, false);
        loop {
            let mut line = String::new();
            assert_ne!(self.stream.read_line(&mut line).unwrap(), 0, "the connection was closed after {head:?}");
            let lower = line.to_ascii_lowercase();
            if let Some(value) = lower.strip_prefix("content-length:") {
                length = value.trim().parse().unwrap();
            }
            chunked |= lower.starts_with("transfer-encoding: chunked");
            match line.as_str() {
                "\r\n" => break,
                _ if lower.starts_with("date:") => {}
                _ if lower.starts_with("x-request-id: ") => request_id = Some(line[14..].trim_end().to_owned()),
                _ => head += &line,
            }
        }
        let body = if chunked { self.chunks() } else { self.exactly(length) };
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        Response { status, head, request_id, body }
    }

    /// Sends bytes that may not be a request, and waits until the server closes.
    pub fn exchange(&mut self, bytes: &str) -> std::io::Result<Vec<u8>> {
        let mut answer = Vec::new();
        self.stream.get_mut().write_all(bytes.as_bytes())?;
        self.stream.read_to_end(&mut answer)?;
        Ok(answer)
    }

    fn exactly(&mut self, length: usize) -> Vec<u8> {
        let mut bytes = vec![0; length];
        self.stream.read_exact(&mut bytes).unwrap();
        bytes
    }

    fn chunks(&mut self) -> Vec<u8> {
        let mut body = Vec::new();
        loop {
            let mut size = String::new();
            self.stream.read_line(&mut size).unwrap();
            let chunk = self.exactly(usize::from_str_radix(size.trim(), 16).unwrap());
            assert_eq!(self.exactly(2), b"\r\n");
            if chunk.is_empty() {
                return body;
            }
            body.extend(chunk);
        }
    }

    /// Waits for the server to close the connection; false when it sends something.
    pub fn is_closed(&mut self) -> bool {
        match self.stream.fill_buf() {
            Ok(sent) => sent.is_empty(),
            Err(error) => error.kind() == ErrorKind::ConnectionReset,
        }
    }

    /// For a client that does not read.
    pub fn into_stream(self) -> S {
        self.stream.into_inner()
    }
}

/// Whether they are the same but for the date and the request's id.
impl PartialEq for Response {
    fn eq(&self, other: &Self) -> bool {
        (self.status, &self.head, &self.body) == (other.status, &other.head, &other.body)
    }
}

impl Response {
    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        let lines = self.head.lines().filter_map(|line| line.split_once(": "));
        lines.into_iter().find(|(it, _)| it.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }
}
