//! TLS: versions, clients' certificates, HTTP/2 and its limits.

use crate::harness::{Authority, Client, Http2, Identity, Server, World, encrypted};
use http::Request;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use std::fs::{self, Permissions};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};
use std::thread;
use std::time::{Duration, Instant};

/// A server with TLS.
struct Encrypted {
    authority: Authority,
    world: World,
    server: Server,
    token: String,
}

impl Encrypted {
    fn with(arguments: &[&str]) -> Self {
        let (authority, (world, token)) = (Authority::new(), World::with_token("my_app"));
        let server = start(&world, &authority.issue("localhost"), arguments);
        Self { authority, world, server, token }
    }

    fn client(&self, protocols: &[&str]) -> Arc<rustls::ClientConfig> {
        self.authority.client(None, protocols)
    }

    fn http2(&self) -> Http2 {
        Http2::connect(&self.address(), &self.client(&["h2"])).unwrap()
    }

    fn address(&self) -> String {
        self.server.address().to_string()
    }
}

fn start(world: &World, identity: &Identity, arguments: &[&str]) -> Server {
    let [cert, key] = identity.write(world.path(), "server");
    let tls = ["--tls-cert", cert.to_str().unwrap(), "--tls-key", key.to_str().unwrap()];
    world.server_with(&[&["--listen", "https://127.0.0.1:0"], &tls[..], arguments].concat())
}

/// How long a connection lives on which `bytes` are sent, and nothing more.
fn life_of(mut stream: impl Read + Write, bytes: &[u8]) -> Duration {
    let start = Instant::now();
    stream.write_all(bytes).unwrap();
    drop(stream.flush());
    drop(stream.read_to_end(&mut Vec::new())); // whichever way it ends
    start.elapsed()
}

#[test]
fn a_client_of_tls_1_1_is_refused() {
    let served = Encrypted::with(&[]);
    let offer = |version: u8| {
        let mut hello = vec![3, version];
        hello.extend([7; 32]); // random
        hello.push(0); // no session
        hello.extend([0, 4, 0xc0, 0x13, 0x00, 0x2f]); // cipher suites of TLS 1.1
        hello.extend([1, 0]); // no compression
        hello.extend([0, 8, 0, 13, 0, 4, 0, 2, 4, 3]); // the extension signature_algorithms
        let mut message = vec![1, 0, 0, hello.len() as u8];
        message.extend(&hello);
        let mut stream = TcpStream::connect(served.server.address()).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        stream.write_all(&[&[22, 3, 1, 0, message.len() as u8][..], &message].concat()).unwrap();
        let mut answer = [0; 7];
        stream.read_exact(&mut answer).unwrap();
        (answer[0], answer[6])
    };
    // Alert (21), protocol_version (70): RFC 5246, section 7.2.2.
    assert_eq!([offer(2), offer(1)], [(21, 70), (21, 70)]);
    let versions = [&rustls::version::TLS12, &rustls::version::TLS13];
    for version in versions {
        let mut roots = rustls::RootCertStore::empty();
        roots.add(CertificateDer::from_pem_slice(served.authority.pem.as_bytes()).unwrap()).unwrap();
        let config = rustls::ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()));
        let config = config.with_protocol_versions(&[version]).unwrap();
        let config = Arc::new(config.with_root_certificates(roots).with_no_client_auth());
        assert_eq!(Client::connect_tls(&served.address(), &config).authorize(&served.token).status, 200);
    }
}

#[test]
fn with_client_ca_a_client_needs_a_certificate_of_it() {
    let (clients, authority, (world, token)) = (Authority::new(), Authority::new(), World::with_token("my_app"));
    let ca = world.path().join("clients.crt");
    fs::write(&ca, &clients.pem).unwrap();
    let server = start(&world, &authority.issue("localhost"), &["--tls-client-ca", ca.to_str().unwrap()]);
    let status = |identity: Option<&Identity>| {
        let mut stream = encrypted(&server.address().to_string(), &authority.client(identity, &[]));
        let request =
            format!("GET /v1/authorize HTTP/1.1\r\nHost: h\r\nConnection: close\r\nX-Authentication: {token}\r\n\r\n");
        let mut answer = String::new();
        stream
            .write_all(request.as_bytes())
            .and_then(|()| stream.read_to_string(&mut answer))
            .map(|_| answer[9..12].to_owned())
    };
    assert_eq!(status(Some(&clients.issue("client"))).unwrap(), "200");
    assert!(status(None).is_err());
    assert!(status(Some(&authority.issue("client"))).is_err());
}

#[test]
fn files_that_cannot_be_used_are_named_and_a_key_for_all_is_warned_of() {
    let (world, authority) = (World::new(), Authority::new());
    let [cert, key] =
        authority.issue("localhost").write(world.path(), "server").map(|it| it.to_str().unwrap().to_owned());
    let [_, other] =
        authority.issue("localhost").write(world.path(), "other").map(|it| it.to_str().unwrap().to_owned());
    let start = |cert: &str, key: &str| {
        world.run(&["server", "--listen", "https://127.0.0.1:0", "--tls-cert", cert, "--tls-key", key])
    };
    for (cert, key, parts) in [
        ("nowhere", &*key, ["nowhere can't be read", "server.tls_cert"]),
        (&cert, &other, ["other.key can't be used", "must be the key of"]),
        (&key, &key, ["server.key can't be used", "no certificate"]),
        (&cert, &cert, ["server.crt can't be used", "no private key in PEM"]),
    ] {
        let ran = start(cert, key);
        assert_eq!((ran.code, ran.stderr.lines().count()), (Some(1), 1), "{}", ran.stderr);
        assert!(parts.iter().all(|it| ran.stderr.contains(it)), "{parts:?} in {}", ran.stderr);
    }
    let ran = world.run(&["server", "--tls-cert", &cert]);
    assert!(ran.code == Some(2) && ran.stderr.contains("server.tls_key is missing"), "{}", ran.stderr);
    fs::set_permissions(&key, Permissions::from_mode(0o644)).unwrap();
    let server = world.server_with(&["--listen", "https://127.0.0.1:0", "--tls-cert", &cert, "--tls-key", &key]);
    let line = server.wait_for_log("private key");
    assert!(line.contains("WARN") && line.contains("mode 0644") && line.contains("chmod 0640"), "{line}");
}

#[test]
fn a_handshake_or_a_preface_that_does_not_come_ends_the_connection() {
    let served = Encrypted::with(&["--head-timeout", "1"]);
    let tcp = || TcpStream::connect(served.server.address()).unwrap();
    let http2 = || encrypted(&served.address(), &served.client(&["h2"]));
    let http1 = || encrypted(&served.address(), &served.client(&["http/1.1"]));
    let lives = thread::scope(|threads| {
        let lives = [
            threads.spawn(|| life_of(tcp(), b"")),
            threads.spawn(|| life_of(tcp(), b"\x16\x03\x01\x02\x00\x01")),
            threads.spawn(|| life_of(http2(), b"")),
            threads.spawn(|| life_of(http2(), b"PRI * HTTP/2.0\r\n")),
            // A whole preface and settings, and no request.
            threads.spawn(|| life_of(http2(), b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0")),
            // The beginning of a head: HEADERS without END_HEADERS.
            threads.spawn(|| {
                life_of(http2(), b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0\0\0\x01\x01\0\0\0\0\x01\x82")
            }),
            threads.spawn(|| life_of(http1(), b"GET /livez HTTP/1.1\r\n")),
        ];
        lives.map(|it| it.join().unwrap())
    });
    for life in lives {
        assert!(life >= Duration::from_millis(900) && life < Duration::from_secs(3), "{lives:?}");
    }
}

#[test]
fn an_idle_http2_connection_lives_for_idle_timeout() {
    let served = Encrypted::with(&["--head-timeout", "1", "--idle-timeout", "3"]);
    let mut http2 = served.http2();
    assert_eq!(http2.get("/livez", &[]).unwrap().0.status(), 200);
    let start = Instant::now();
    http2.wait_until_closed();
    let took = start.elapsed();
    assert!(took >= Duration::from_secs(2) && took < Duration::from_secs(6), "{took:?}");
}

#[test]
fn http2_heads_have_a_limit_and_need_one_host() {
    let served = Encrypted::with(&[]);
    let ask = |headers: &[(&str, &str)]| served.http2().get("/livez", headers).unwrap().0.status().as_u16();
    let (long, too_long) = ("x".repeat(15 * 1024), "x".repeat(17 * 1024));
    assert_eq!([ask(&[("a", &long)]), ask(&[("a", &too_long)])], [200, 431]);
    assert_eq!(ask(&[("host", "localhost")]), 200);
    assert_eq!(ask(&[("host", "other")]), 400, "neither of the two");
}

#[test]
fn a_body_that_does_not_come_over_http2_is_408_and_others_go_on() {
    let served = Encrypted::with(&["--body-timeout", "1"]);
    let mut http2 = served.http2();
    let put = || {
        let request = Request::put("https://localhost/v1/scope/a/b").header("x-authentication", &served.token);
        request.header("content-type", "application/json").body(()).unwrap()
    };
    let start = Instant::now();
    let (head, body) = http2.send(put(), b"{", false).unwrap();
    let took = start.elapsed();
    assert_eq!(head.status(), 408);
    assert!(String::from_utf8(body).unwrap().contains("body") && head.headers().get("connection").is_none());
    assert!(took >= Duration::from_secs(1) && took < Duration::from_secs(5), "{took:?}");
    assert_eq!(http2.send(put(), b"{}", true).unwrap().0.status(), 200, "the connection goes on");
}

/// A frame (RFC 9113, section 4.1).
fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = (payload.len() as u32).to_be_bytes();
    [&length[1..], &[kind, flags], &stream.to_be_bytes(), payload].concat()
}

/// `GET /livez`, whole.
fn get_livez(stream: u32) -> Vec<u8> {
    frame(1, 0x5, stream, b"\x82\x87\x04\x06/livez\x41\x01h")
}

/// Sends `frames` after a preface with `settings`, and returns all frames that the server sends
/// until it closes: kind, stream, payload.
fn exchange(served: &Encrypted, settings: &[u8], frames: &[u8]) -> Vec<(u8, u32, Vec<u8>)> {
    let mut stream = encrypted(&served.address(), &served.client(&["h2"]));
    let preface = [b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", &*frame(4, 0, 0, settings)].concat();
    stream.write_all(&[&preface, frames].concat()).unwrap();
    let mut received = Vec::new();
    let mut head = [0; 9];
    while stream.read_exact(&mut head).is_ok() {
        let mut payload = vec![0; u32::from_be_bytes([0, head[0], head[1], head[2]]) as usize];
        stream.read_exact(&mut payload).unwrap();
        received.push((head[3], u32::from_be_bytes(head[5..].try_into().unwrap()), payload));
    }
    received
}

#[test]
fn an_http2_client_that_takes_no_answers_is_cut_off_and_has_a_hundred_requests() {
    let served = Encrypted::with(&["--write-timeout", "1"]);
    let gets: Vec<_> = (0..101).flat_map(|number| get_livez(2 * number + 1)).collect();
    let start = Instant::now();
    // SETTINGS_INITIAL_WINDOW_SIZE 0: nothing of a body can be sent.
    let received = exchange(&served, b"\0\x04\0\0\0\0", &gets);
    let took = start.elapsed();
    // RST_STREAM with REFUSED_STREAM, for the last alone.
    let refused: Vec<_> = received.iter().filter(|it| it.0 == 3).map(|it| (it.1, &*it.2)).collect();
    assert_eq!(refused, [(201, &[0, 0, 0, 7][..])]);
    assert_eq!(received.iter().filter(|it| it.0 == 1).count(), 100, "heads");
    assert!(took >= Duration::from_secs(1) && took < Duration::from_secs(5), "{took:?}");
}

#[test]
fn an_http2_client_that_resets_requests_in_a_flood_is_disconnected() {
    let served = Encrypted::with(&[]);
    let flood: Vec<_> = (0..200_u32)
        .flat_map(|number| [get_livez(2 * number + 1), frame(3, 0, 2 * number + 1, &[0, 0, 0, 8])].concat())
        .collect();
    let received = exchange(&served, b"", &flood);
    // GOAWAY with ENHANCE_YOUR_CALM.
    let (_, _, payload) = received.iter().find(|it| it.0 == 7).expect("a GOAWAY");
    assert_eq!(payload[4..8], [0, 0, 0, 11], "{received:?}");
    assert_eq!(served.http2().get("/livez", &[]).unwrap().0.status(), 200);
}

#[test]
fn an_idle_http2_connection_makes_room_for_others() {
    let served = Encrypted::with(&["--max-connections", "2"]);
    let (mut first, mut second) = (served.http2(), served.http2());
    assert_eq!(first.get("/livez", &[]).unwrap().0.status(), 200);
    assert_eq!(second.get("/livez", &[]).unwrap().0.status(), 200);
    assert_eq!(served.http2().get("/livez", &[]).unwrap().0.status(), 200);
    first.wait_until_closed();
}

/// The certificate that the server shows to a new connection, after a request on it.
fn shown(served: &Encrypted) -> Vec<u8> {
    let mut client = Client::connect_tls(&served.address(), &served.client(&[]));
    assert_eq!(client.authorize(&served.token).status, 200);
    client.into_stream().conn.peer_certificates().unwrap()[0].to_vec()
}

fn der(identity: &Identity) -> Vec<u8> {
    CertificateDer::from_pem_slice(identity.cert.as_bytes()).unwrap().to_vec()
}

#[test]
fn a_new_certificate_is_shown_without_losing_a_request() {
    let served = Encrypted::with(&[]);
    let (done, requests) = (AtomicBool::new(false), AtomicUsize::new(0));
    let mut old = Client::connect_tls(&served.address(), &served.client(&[]));
    assert_eq!(old.authorize(&served.token).status, 200);
    thread::scope(|threads| {
        for _ in 0..3 {
            threads.spawn(|| {
                while !done.load(Relaxed) {
                    let mut client = Client::connect_tls(&served.address(), &served.client(&[]));
                    assert_eq!(client.authorize(&served.token).status, 200);
                    requests.fetch_add(1, Relaxed);
                }
            });
            threads.spawn(|| {
                let mut http2 = served.http2();
                while !done.load(Relaxed) {
                    let (head, _) = http2.get("/v1/authorize", &[("x-authentication", &served.token)]).unwrap();
                    assert_eq!(head.status(), 200);
                    requests.fetch_add(1, Relaxed);
                }
            });
        }
        let stop = Stop(&done);
        for _ in 0..3 {
            let next = served.authority.issue("localhost");
            let before = requests.load(Relaxed);
            next.write(served.world.path(), "server");
            let start = Instant::now();
            while shown(&served) != der(&next) {
                assert!(start.elapsed() < Duration::from_secs(10), "{}", served.server.log());
            }
            while requests.load(Relaxed) < before + 100 {
                thread::yield_now();
            }
        }
        drop(stop);
    });
    assert_eq!(old.authorize(&served.token).status, 200, "a connection keeps its certificate");
    assert!(!served.server.log().contains("ERROR"), "{}", served.server.log());
}

/// Ends the other threads, also when this one panics.
struct Stop<'a>(&'a AtomicBool);

impl Drop for Stop<'_> {
    fn drop(&mut self) {
        self.0.store(true, Relaxed);
    }
}

#[test]
fn a_new_certificate_that_cannot_be_used_is_logged_once_and_the_old_one_stays() {
    let served = Encrypted::with(&[]);
    let old = shown(&served);
    let (cert, next) = (served.world.path().join("server.crt"), served.authority.issue("localhost"));
    fs::write(&cert, &next.cert).unwrap();
    let line = served.server.wait_for_log("the old one stays in force");
    assert!(line.contains("ERROR") && line.contains("must be the key of"), "{line}");
    assert!(shown(&served) == old);
    fs::remove_file(&cert).unwrap();
    served.server.wait_for_log("server.crt can't be read");
    rustix::fs::mkfifoat(rustix::fs::CWD, &cert, rustix::fs::Mode::RUSR).unwrap();
    served.server.wait_for_log("server.crt can't be used: it is not a file");
    fs::remove_file(&cert).unwrap();
    next.write(served.world.path(), "server");
    served.server.wait_for_log("the certificate was read again");
    assert!(shown(&served) == der(&next));
    assert_eq!(served.server.log().matches("ERROR").count(), 3, "{}", served.server.log());
}
