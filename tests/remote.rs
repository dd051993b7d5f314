//! `jerakia --server URL token`: the commands of `jerakia token` on a server's API, with the
//! same words and output.

use crate::harness::{Api, Client, Ran, World};
use rustls::pki_types::PrivateKeyDer;
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::sync::Arc;
use std::thread;

/// A server, and another machine from which it is administered.
struct Remote {
    api: Api,
    elsewhere: World,
    credential: PathBuf,
}

impl Remote {
    fn new() -> Self {
        Self::of(Api::new())
    }

    fn of(api: Api) -> Self {
        let elsewhere = World::new();
        let credential = elsewhere.path().join("credential");
        fs::write(&credential, format!("{}\n", api.admin)).unwrap();
        Self { api, elsewhere, credential }
    }

    fn run(&self, arguments: &[&str]) -> Ran {
        let url = format!("http://{}", self.api.server.address());
        let global = ["--server", &url, "--credential-file", self.credential.to_str().unwrap()];
        self.elsewhere.run(&[&global, arguments].concat())
    }

    fn done(&self, arguments: &[&str]) -> String {
        let ran = self.run(arguments);
        assert_eq!(ran.code, Some(0), "{arguments:?}: {}", ran.stderr);
        ran.stdout
    }
}

fn answer(ran: Ran) -> (Option<i32>, String, String) {
    (ran.code, ran.stdout, ran.stderr)
}

#[test]
fn a_token_lives_its_life_from_another_machine() {
    let remote = Remote::new();
    let server = &remote.api.server;
    let shown =
        remote.done(&["token", "create", "app", "--grant", "http:**", "--label", "team=web", "--expires", "90d"]);
    assert!(shown.starts_with("Copy the following token to the application"), "{shown}");
    let old = shown.lines().last().unwrap().to_owned();
    assert_eq!(server.authorize(&old).status, 200);
    let new = remote.done(&["token", "rotate", "app", "--quiet", "--grace", "1h"]);
    assert_eq!([&old, new.trim()].map(|it| server.authorize(it).status), [200, 200]);
    let again = remote.run(&["token", "rotate", "app"]);
    assert!(again.code == Some(1) && again.stderr.contains("rotated already"), "{}", again.stderr);
    assert_eq!(remote.done(&["token", "rotate", "app", "--finish", "--force"]), "");
    assert_eq!([&old, new.trim()].map(|it| server.authorize(it).status), [401, 200]);
    let newest = remote.done(&["token", "regenerate", "app", "--quiet"]);
    assert_eq!([new.trim(), newest.trim()].map(|it| server.authorize(it).status), [401, 200]);
    assert_eq!(remote.done(&["token", "disable", "app"]), "");
    assert_eq!(server.authorize(newest.trim()).status, 401);
    assert_eq!(remote.done(&["token", "enable", "app"]), "");
    assert_eq!(remote.done(&["token", "update", "app", "--grant", "lookup:**", "--description", "the shop"]), "");
    assert_eq!(server.authorize(newest.trim()).status, 403);
    assert_eq!(remote.done(&["token", "explain", "app", "lookup:a/b"]), "lookup:**\n");
    assert_eq!(remote.done(&["token", "delete", "app"]), "");
    assert_eq!(server.authorize(newest.trim()).status, 401);
    assert!(!remote.elsewhere.databasedir().exists(), "it needs no database");
}

#[test]
fn it_prints_what_the_command_prints_on_the_server() {
    let remote = Remote::new();
    for (id, label) in [("one", "team=a"), ("two", "team=b"), ("three", "team=a")] {
        remote.done(&["token", "create", id, "--quiet", "--grant", "lookup:**", "--label", label, "--expires", "13d"]);
    }
    remote.done(&["token", "disable", "two"]);
    for arguments in [
        &["token", "list"][..],
        &["token", "list", "-o", "json"],
        &["token", "list", "--label", "team=a", "--sort", "created_at"],
        &["token", "list", "--status", "disabled"],
        &["token", "list", "--expiring", "14d"],
        &["token", "list", "--expiring", "12d"],
        &["token", "list", "--unused", "1d", "-o", "json"],
        &["token", "show", "one"],
        &["token", "show", "one", "-o", "json"],
        &["token", "show", "nobody"],
        &["token", "show", "a/b"],
        &["token", "explain", "one", "lookup:a"],
        &["token", "explain", "one", "http:GET:a/"],
        &["token", "explain", "two", "lookup:a"],
        &["token", "create", "one", "--grant", "lookup:**"],
        &["token", "create", "a:b"],
        &["token", "update", "one"],
        &["token", "update", "nobody", "--description", ""],
        &["token", "rotate", "one", "--finish"],
        &["token", "disable", "nobody"],
        &["token", "delete", "nobody"],
        &["token", "delete", "--label", "team=a"],
        &["token", "delete", "--label", "team=a", "--dry-run"],
        &["token", "enable", "--all", "--dry-run"],
        &["token", "disable", "one", "--dry-run"],
        &["token", "enable", "--label", "team=none"],
    ] {
        assert_eq!(answer(remote.run(arguments)), answer(remote.api.world.run(arguments)), "{arguments:?}");
    }
    assert_eq!(remote.done(&["token", "delete", "--label", "team=a", "--yes"]), "Deleted 2 tokens\n");
}

#[test]
fn many_tokens_change_only_without_the_one_that_asks() {
    let remote = Remote::new();
    remote.done(&["token", "create", "app", "--grant", "lookup:**"]);
    for act in ["disable", "delete"] {
        for more in ["--yes", "--dry-run"] {
            let refused = remote.run(&["token", act, "--all", more]);
            assert_eq!((refused.code, refused.stdout.as_str()), (Some(1), ""), "{act} {more}: {}", refused.stderr);
            let words = "the token of --credential-file, admin, is among them";
            assert!(refused.stderr.contains(words), "{act} {more}: {}", refused.stderr);
        }
    }
    assert_eq!(remote.done(&["token", "list", "--status", "active"]).lines().count(), 2 + 2, "nothing was changed");
    assert_eq!(remote.done(&["token", "enable", "--all"]), "Enabled 0 tokens\n");
    remote.done(&["token", "update", "app", "--label", "team=web"]);
    assert_eq!(remote.done(&["token", "disable", "--label", "team=web"]), "Disabled 1 token\n");
    assert_eq!(remote.done(&["token", "disable", "admin"]), "", "named singly");
    assert_eq!(remote.run(&["token", "list"]).code, Some(1));
}

#[test]
fn long_lists_are_read_in_pages() {
    let remote = Remote::new();
    let sql = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1200)
        INSERT INTO token (api_id, digest, created_at, issued_at) SELECT 'app' || i, zeroblob(32), 1, 1 FROM n";
    remote.api.world.sqlite().execute(sql, []).unwrap();
    assert_eq!(remote.done(&["token", "list", "--status", "active"]).lines().count(), 2 + 1201);
}

#[test]
fn an_error_says_what_to_do_and_never_the_token() {
    let remote = Remote::new();
    let url = format!("http://{}", remote.api.server.address());
    let credential = remote.credential.to_str().unwrap();
    let fails = |arguments: &[&str], code: i32, part: &str| {
        let ran = remote.elsewhere.run(arguments);
        assert_eq!(ran.code, Some(code), "{arguments:?}: {}", ran.stderr);
        assert!(ran.stderr.contains(part), "{arguments:?}: {}", ran.stderr);
        assert!(!ran.stderr.contains(&remote.api.admin[6..]), "{}", ran.stderr);
    };
    fails(&["--server", &url, "token", "list"], 2, "--server needs --credential-file");
    fails(&["--credential-file", credential, "token", "list"], 2, "need --server");
    fails(
        &["--server", &url, "--credential-file", credential, "lookup", "a"],
        2,
        "--server works only with the commands of `jerakia token`",
    );
    fails(
        &["--server", "http://example.org", "--credential-file", credential, "token", "list"],
        2,
        "readable on its way",
    );
    fails(&["--server", "http://127.0.0.1:1", "--credential-file", credential, "token", "list"], 3, "can't be used");
    fails(&["--server", &url, "--credential-file", "nowhere", "token", "list"], 2, "--credential-file nowhere");
    let wrong = remote.elsewhere.path().join("wrong");
    fs::write(&wrong, "app:1234\n").unwrap();
    fails(&["--server", &url, "--credential-file", wrong.to_str().unwrap(), "token", "list"], 1, "refuses the token");
    fs::write(&wrong, "\n").unwrap();
    fails(&["--server", &url, "--credential-file", wrong.to_str().unwrap(), "token", "list"], 2, "it has no token");
    for text in ["password\n", "a b:1\n", "app:\n", ":1234\n", "X-Authentication: app:12\n"] {
        fs::write(&wrong, text).unwrap();
        let wrong = wrong.to_str().unwrap();
        fails(&["--server", &url, "--credential-file", wrong, "token", "list"], 2, "it has no token");
    }
    let bad_id = ["--server", &url, "--credential-file", credential, "token", "create", "a b"];
    fails(&bad_id, 2, "API_ID: a b can't be an API ID");
    let global = ["--server", &url, "--credential-file", credential];
    fails(
        &[&global[..], &["token", "create", "a", "--token-file", "x"]].concat(),
        2,
        "a server makes the token itself",
    );
    fails(&[&global[..], &["token", "create", "a", "--expires", "2020-01-01T00:00:00Z"]].concat(), 2, "is in the past");
    fails(&[&global[..], &["token", "create", "a"]].concat(), 1, "not within its own");
    fs::write(&wrong, remote.api.world.create("plain")).unwrap();
    fails(&["--server", &url, "--credential-file", wrong.to_str().unwrap(), "token", "list"], 1, "needs a grant");

    let off = Remote::of(Api::with(&[]));
    let ran = off.run(&["token", "list"]);
    assert_eq!(ran.code, Some(3));
    assert!(ran.stderr.contains("set server.admin_api to true on that server"), "{}", ran.stderr);
}

/// A proxy that speaks TLS, as one in front of a server does; its port, and its certificate.
fn tls_proxy(server: SocketAddr) -> (u16, String) {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let key = PrivateKeyDer::Pkcs8(made.signing_key.serialize_der().into());
    let config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()));
    let config = config.with_safe_default_protocol_versions().unwrap().with_no_client_auth();
    let config = Arc::new(config.with_single_cert(vec![made.cert.der().clone()], key).unwrap());
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let tls = StreamOwned::new(ServerConnection::new(config.clone()).unwrap(), stream.unwrap());
            drop(pass_on(BufReader::new(tls), server)); // a client that does not trust it goes away
        }
    });
    (port, made.cert.pem())
}

/// Passes on one request and its answer.
fn pass_on(mut tls: BufReader<StreamOwned<ServerConnection, TcpStream>>, server: SocketAddr) -> std::io::Result<()> {
    let (mut head, mut length) = (String::new(), 0);
    while !head.ends_with("\r\n\r\n") {
        let from = head.len();
        if tls.read_line(&mut head)? == 0 {
            return Ok(());
        }
        if let Some(value) = head[from..].to_ascii_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().unwrap();
        }
    }
    let mut body = vec![0; length];
    tls.read_exact(&mut body)?;
    let answer = Client::connect(&server.to_string()).send([head.as_bytes(), &body].concat());
    let head = answer.head.trim_end();
    tls.get_mut().write_all(format!("{head}\r\nConnection: close\r\n\r\n").as_bytes())?;
    tls.get_mut().write_all(&answer.body)?;
    tls.get_mut().conn.send_close_notify();
    tls.get_mut().flush()
}

#[test]
fn over_tls_the_certificate_must_be_one_that_the_administrator_trusts() {
    let remote = Remote::new();
    let (port, certificate) = tls_proxy(remote.api.server.address());
    let (_, of_another) = tls_proxy(remote.api.server.address());
    let url = format!("https://localhost:{port}");
    let run = |pem: Option<&str>| {
        let file = remote.elsewhere.path().join("ca.pem");
        fs::write(&file, pem.unwrap_or_default()).unwrap();
        let ca_file = pem.map(|_| ["--ca-file", file.to_str().unwrap()]);
        let mut arguments = vec!["--server", &url, "--credential-file", remote.credential.to_str().unwrap()];
        arguments.extend(ca_file.iter().flatten());
        remote.elsewhere.run(&[&arguments[..], &["token", "list"]].concat())
    };
    let trusted = run(Some(&certificate));
    assert_eq!((trusted.code, trusted.stdout), (Some(0), remote.done(&["token", "list"])), "{}", trusted.stderr);
    let other = run(Some(&of_another));
    assert_eq!((other.code, other.stdout.as_str()), (Some(3), ""), "{}", other.stderr);
    assert!(other.stderr.contains("ertificate"), "{}", other.stderr);
    assert_ne!(run(None).code, Some(0), "no authority of the system has signed it");
    let none = run(Some("no certificate"));
    assert!(none.code == Some(2) && none.stderr.contains("it has no PEM certificate"), "{}", none.stderr);
}
