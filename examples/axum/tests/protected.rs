//! What a client of the protected service sees.

#![allow(clippy::unwrap_used)] // a test fails by panicking

use jerakia_host::Guard;
use jerakia_host::sandbox::{Sandbox, Status};
use jerakia_host::store::Store;
use jerakia_host::tokens;
use std::time::Duration;
use tokio::net::TcpListener;

fn get(url: &str, token: Option<&str>) -> (u16, String) {
    let agent: ureq::Agent = ureq::Agent::config_builder().http_status_as_error(false).build().into();
    let mut request = agent.get(url);
    if let Some(token) = token {
        request = request.header("X-Authentication", token);
    }
    let mut response = request.call().unwrap();
    (response.status().as_u16(), response.body_mut().read_to_string().unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn only_who_has_a_good_token_is_greeted() {
    let directory = tempfile::tempdir().unwrap();
    let store = Store::open(directory.path()).unwrap();
    let token = tokens::create(&Sandbox::new().unwrap(), &store, "my_app").unwrap();
    let guard = Guard::open(directory.path(), Duration::from_secs(300)).unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/greeting", listener.local_addr().unwrap());
    let routes = example_axum::routes(&guard);
    tokio::spawn(async move { axum::serve(listener, routes).await });

    let refused = (401, r#"{"status":"failed","message":"unauthorized"}"#.to_owned());
    tokio::task::spawn_blocking(move || {
        assert_eq!(get(&url, Some(token.expose())), (200, "Hello my_app\n".into()));
        assert_eq!(get(&url, Some("my_app:00")), refused);
        assert_eq!(get(&url, None), refused);
        store.set_status("my_app", Status::Disabled).unwrap();
        assert_eq!(get(&url, Some(token.expose())), refused);
        store.set_status("my_app", Status::Active).unwrap();
        assert_eq!(get(&url, Some(token.expose())).0, 200);
    })
    .await
    .unwrap();
}
