//! Tests the protected service as its clients see it.

#![allow(clippy::unwrap_used)] // a test fails by panicking

use jerakia_host::Guard;
use jerakia_host::admin::{self, Act, Actor, Change, Update};
use jerakia_host::model::Grants;
use jerakia_host::sandbox::Sandbox;
use jerakia_host::store::{ActError, AdminStore, Database, TokenFilter};
use serde_json::Value;
use std::time::Duration;
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use ureq::http::HeaderValue;

/// The service, on a database of its own.
struct Greeter {
    store: Box<dyn AdminStore>,
    url: String,
    _runtime: Runtime,
    _guard: Guard,
    _directory: TempDir,
}

impl Greeter {
    fn start() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let store = Database::Sqlite(directory.path().to_owned()).open_for_admin().unwrap();
        let guard = Guard::open(directory.path(), Duration::from_secs(300)).unwrap();
        let runtime = Runtime::new().unwrap();
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
        let url = format!("http://{}/greeting", listener.local_addr().unwrap());
        let routes = example_axum::routes(&guard);
        runtime.spawn(async move { axum::serve(listener, routes).await });
        Self { store, url, _runtime: runtime, _guard: guard, _directory: directory }
    }

    fn act(&mut self, api_id: &str, change: Change) -> Result<(), ActError> {
        let actor = Actor::User { uid: 0, name: None };
        self.store.perform(&Act::new(api_id.parse().unwrap(), change, actor, 0)).map(drop)
    }

    fn get(&self, token: Option<HeaderValue>) -> (u16, String) {
        let agent: ureq::Agent = ureq::Agent::config_builder().http_status_as_error(false).build().into();
        let mut request = agent.get(&self.url);
        if let Some(token) = token {
            request = request.header("X-Authentication", token);
        }
        let mut response = request.call().unwrap();
        (response.status().as_u16(), response.body_mut().read_to_string().unwrap())
    }

    fn present(&self, token: &str) -> (u16, String) {
        self.get(Some(token.parse().unwrap()))
    }
}

/// The end of a period that never ends, as the vectors spell it.
const NEVER: &str = "18446744073709551615";

fn refused() -> (u16, String) {
    (401, r#"{"status":"failed","message":"unauthorized"}"#.into())
}

#[test]
fn only_clients_with_a_good_token_are_greeted() {
    let mut greeter = Greeter::start();
    let issued = admin::issue(&Sandbox::new().unwrap(), &"my_app".parse().unwrap()).unwrap();
    greeter.act("my_app", Change::create(issued.digest)).unwrap();
    let token = issued.token;
    assert_eq!(greeter.present(token.expose()), (200, "Hello my_app\n".into()));
    assert_eq!(greeter.present("my_app:00"), refused());
    assert_eq!(greeter.get(None), refused());
    greeter.act("my_app", Change::Disable).unwrap();
    assert_eq!(greeter.present(token.expose()), refused());
    greeter.act("my_app", Change::Enable).unwrap();
    assert_eq!(greeter.present(token.expose()).0, 200);
}

#[test]
fn a_token_with_grants_needs_the_permission_of_the_request() {
    let mut greeter = Greeter::start();
    let issued = admin::issue(&Sandbox::new().unwrap(), &"my_app".parse().unwrap()).unwrap();
    greeter.act("my_app", Change::create(issued.digest)).unwrap();
    let host = greeter.url.strip_prefix("http://").unwrap().strip_suffix("/greeting").unwrap().to_owned();
    for (grant, status) in [
        (format!("http:GET:{host}/greeting"), 200),
        (format!("http:PUT:{host}/greeting"), 403),
        (format!("http:GET:{host}/other"), 403),
        ("http:GET:localhost:*/greeting".into(), 403),
        ("http:GET:127.0.0.1:*/*".into(), 200),
    ] {
        let grants = Some(Grants::of([&grant]).unwrap());
        greeter.act("my_app", Change::Update(Update { grants, ..Update::default() })).unwrap();
        let (answer, body) = greeter.present(issued.token.expose());
        assert_eq!(answer, status, "{grant}: {body}");
        assert!(status == 200 || body == r#"{"status":"failed","message":"forbidden"}"#, "{body}");
    }
}

/// Runs the vectors whose credential fits a header and whose record fits this store. The
/// library's own tests run all of them, through the sandbox.
#[test]
fn the_shared_vectors_pass() {
    let mut greeter = Greeter::start();
    let vectors: Value = serde_json::from_str(include_str!("../../../tests/vectors/tokens.json")).unwrap();
    let (mut greeted, mut others) = (0, 0);
    for case in vectors["issue"].as_array().unwrap().iter().filter(|it| it["token"].is_string()) {
        let (api_id, digest) = (case["api_id"].as_str().unwrap(), bytes(&case["digest"]).try_into().unwrap());
        let _replaced = greeter.act(api_id, Change::Delete); // some cases share an API ID
        greeter.act(api_id, Change::create(digest)).unwrap();
        assert_eq!(greeter.present(case["token"].as_str().unwrap()), (200, format!("Hello {api_id}\n")));
        greeted += 1;
    }
    for case in vectors["authorize"].as_array().unwrap() {
        let credential = bytes(&case["credential"]);
        let Ok(header) = HeaderValue::from_bytes(&credential) else { continue };
        // HTTP trims white space.
        if credential.trim_ascii() != credential {
            continue;
        }
        // A record that this store can hold: one secret, no end, no grants.
        let stored = &case["stored"];
        let (api_id, current) = (stored["api_id"].as_str().unwrap(), &stored["current"]);
        let is_plain = current["ends"] == NEVER && stored["ends"] == NEVER && stored["grants"] == "";
        if is_plain && case["permission"] == "" && bytes(&stored["former"]["digest"]) == [0; 32] {
            let all: Vec<_> =
                greeter.store.list(TokenFilter::all(), i64::MAX).unwrap().collect::<Result<_, _>>().unwrap();
            for token in all {
                greeter.act(&token.api_id, Change::Delete).unwrap();
            }
            let Ok(digest) = bytes(&current["digest"]).try_into() else { continue };
            if stored["status"] != "absent" && jerakia_host::model::ApiId::try_from(api_id.to_owned()).is_ok() {
                greeter.act(api_id, Change::create(digest)).unwrap();
            }
            if stored["status"] == "disabled" {
                greeter.act(api_id, Change::Disable).unwrap();
            }
            let expected = if case["grant"].is_object() { (200, format!("Hello {api_id}\n")) } else { refused() };
            assert_eq!(greeter.get(Some(header)), expected, "{}", case["name"]);
            others += 1;
        }
    }
    assert!(greeted >= 15 && others >= 50, "{greeted} greeted, {others} others");
}

fn bytes(digits: &Value) -> Vec<u8> {
    base16ct::lower::decode_vec(digits.as_str().unwrap()).unwrap()
}
