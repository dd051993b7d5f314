//! An HTTP/2 client, over TLS.

use h2::client::{Connection, SendRequest};
use http::{Request, Response};
use rustls::ClientConfig;
use std::io;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::runtime::Runtime;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

/// A connection, for one request after the other or several at once.
pub struct Http2 {
    runtime: Runtime,
    requests: SendRequest<bytes::Bytes>,
    driver: JoinHandle<()>,
}

/// The longest wait for an answer.
const TIMEOUT: Duration = Duration::from_secs(60);

/// Why there is no answer.
#[derive(Debug)]
pub enum Unanswered {
    /// The server did not take the request up, and said so: it can be sent again elsewhere.
    NotTaken,
    Lost(h2::Error),
}

type Driver = Connection<TlsStream<TcpStream>, bytes::Bytes>;

impl Http2 {
    /// Connects to the host `localhost` at `address`.
    ///
    /// # Errors
    /// When the server refuses the connection, or does not choose HTTP/2.
    pub fn connect(address: &str, config: &Arc<ClientConfig>) -> io::Result<Self> {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
        let connect = async {
            let tcp = TcpStream::connect(address).await?;
            tcp.set_nodelay(true)?;
            let tls = TlsConnector::from(config.clone()).connect("localhost".try_into().unwrap(), tcp).await?;
            assert_eq!(tls.get_ref().1.alpn_protocol(), Some(&b"h2"[..]));
            h2::client::handshake(tls).await.map_err(io::Error::other)
        };
        let (requests, driver): (_, Driver) = runtime.block_on(async { timeout(TIMEOUT, connect).await? })?;
        let driver = runtime.spawn(async { drop(driver.await) });
        Ok(Self { runtime, requests, driver })
    }

    /// Sends a request without a body.
    ///
    /// # Errors
    /// When there is no answer.
    pub fn get(&mut self, path: &str, headers: &[(&str, &str)]) -> Result<(Response<()>, Vec<u8>), Unanswered> {
        let request = headers.iter().fold(
            Request::get(format!("https://localhost{path}")).version(http::Version::HTTP_2),
            |request, (name, value)| request.header(*name, *value),
        );
        self.send(request.body(()).unwrap(), b"", true)
    }

    /// Sends a request and `body`, which goes on unless `ends`.
    ///
    /// # Errors
    /// When there is no answer.
    pub fn send(
        &mut self,
        request: Request<()>,
        body: &'static [u8],
        ends: bool,
    ) -> Result<(Response<()>, Vec<u8>), Unanswered> {
        let requests = self.requests.clone();
        let answer = async {
            let (answer, mut stream) = requests.ready().await?.send_request(request, ends && body.is_empty())?;
            if !body.is_empty() {
                stream.send_data(bytes::Bytes::from_static(body), ends)?;
            }
            let (head, mut body) = answer.await?.into_parts();
            let mut received = Vec::new();
            while let Some(data) = body.data().await {
                let data = data?;
                body.flow_control().release_capacity(data.len())?;
                received.extend(data);
            }
            Ok((Response::from_parts(head, ()), received))
        };
        let answer = self.runtime.block_on(async { timeout(TIMEOUT, answer).await });
        answer.expect("no answer in time").map_err(|error: h2::Error| {
            let refused = error.reason() == Some(h2::Reason::REFUSED_STREAM);
            let went_away = error.is_go_away() && error.is_remote() && error.reason() == Some(h2::Reason::NO_ERROR);
            if refused || went_away { Unanswered::NotTaken } else { Unanswered::Lost(error) }
        })
    }

    /// Waits for the server to close the connection.
    pub fn wait_until_closed(&mut self) {
        let driver = &mut self.driver;
        self.runtime.block_on(async { timeout(TIMEOUT, driver).await }).expect("it is open").unwrap();
    }
}
