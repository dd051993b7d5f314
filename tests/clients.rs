//! The requests of Jerakia's clients, byte for byte as their HTTP libraries send them: Go
//! 1.19's net/http, Ruby 3.1's Net::HTTP, Python's requests 2.34.2. They were recorded from the same
//! calls that the clients' sources make. tests/clients/ runs a Python client.

use crate::harness::Lookups;
use crate::harness::Response;
use serde_json::{Value, json};
use std::fs;

const OK: &str = r#"{"status":"ok","found":true,"payload":80}"#;
const NOWHERE: &str = r#"{"status":"ok","found":false,"payload":null}"#;
const NO_NAMESPACE: &str = r#"{"status":"failed","message":"Must include parameter namespace in request"}"#;

/// Go's net/http, as go-jerakia 1.0.0 uses it, and with it the Terraform provider: parameters
/// sorted, and a connection for each request.
fn go(token: &str, query: &str) -> String {
    format!(
        "GET /v1/lookup/port{query} HTTP/1.1\r\nHost: localhost:9843\r\nUser-Agent: go-jerakia/1.0.0\r\n\
         Connection: close\r\nAccept: application/json\r\nX-Authentication: {token}\r\nAccept-Encoding: gzip\r\n\r\n"
    )
}

/// Ruby's Net::HTTP, as jerakia-client 1.0.0 uses it: it names the whole address, and has a
/// Content-Type if its caller sets one.
fn ruby(token: &str, path: &str, content_type: &str) -> String {
    format!(
        "GET http://localhost:9843{path} HTTP/1.1\r\nAccept-Encoding: gzip;q=1.0,deflate;q=0.6,identity;q=0.3\r\n\
         Accept: */*\r\nUser-Agent: Ruby\r\n{content_type}X-Authentication: {token}\r\nHost: localhost:9843\r\n\r\n"
    )
}

/// The same, storing a scope.
fn ruby_put(token: &str, content_type: &str, body: &[u8]) -> Vec<u8> {
    let head = format!(
        "PUT /v1/scope/puppet/web-01 HTTP/1.1\r\nAccept-Encoding: gzip;q=1.0,deflate;q=0.6,identity;q=0.3\r\n\
         Accept: */*\r\nUser-Agent: Ruby\r\nContent-Type: {content_type}\r\nX-Authentication: {token}\r\n\
         Host: localhost:9843\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    [head.as_bytes(), body].concat()
}

/// requests, as python-jerakia 0.1.0 uses it.
fn python_jerakia(token: &str, path: &str, content_type: &str) -> String {
    format!(
        "GET {path} HTTP/1.1\r\nHost: localhost:9843\r\nUser-Agent: python-requests/2.34.2\r\n\
         Accept-Encoding: gzip, deflate\r\nAccept: */*\r\nConnection: keep-alive\r\nx-authentication: {token}\r\n\
         content-type: {content_type}\r\n\r\n"
    )
}

/// requests, as Jerakia's lookup plugin for Ansible 0.1.0 uses it.
fn ansible(token: &str, path: &str) -> String {
    format!(
        "GET {path} HTTP/1.1\r\nHost: 127.0.0.1:9843\r\nUser-Agent: python-requests/2.34.2\r\n\
         Accept-Encoding: gzip, deflate\r\nAccept: */*\r\nConnection: keep-alive\r\nX-Authentication: {token}\r\n\r\n"
    )
}

const JSON: &str = "application/json";
const MESSAGE_PACK: &str = "application/x-msgpack";

/// The payload of an answer, which must have the requested format.
fn payload(response: &Response, content_type: &str) -> Value {
    assert_eq!((response.status, response.header("content-type")), (200, Some(content_type)), "{response:?}");
    assert_eq!(response.header("content-encoding"), None);
    let body: Value = match content_type {
        JSON => serde_json::from_slice(&response.body).unwrap(),
        _ => rmp_serde::from_slice(&response.body).unwrap(),
    };
    assert_eq!((&body["status"], &body["found"]), (&json!("ok"), &json!(true)), "{body}");
    body["payload"].clone()
}

#[test]
fn go_jerakia_is_answered_in_json() {
    let lookups = Lookups::on_fixtures();
    let wrong = format!("my_app:{}", "0".repeat(80));
    for (token, query, status, body) in [
        (&lookups.token, "?metadata_env=none&namespace=apache&policy=default", 200, OK),
        (&lookups.token, "?lookup_type=first&merge=array&namespace=nowhere&use_schema=true", 200, NOWHERE),
        (&lookups.token, "?metadata_a=b+c%2Fd&namespace=a%2Fnowhere", 200, NOWHERE),
        (&lookups.token, "", 400, NO_NAMESPACE),
        (&wrong, "?namespace=apache", 401, r#"{"status":"failed","message":"unauthorized"}"#),
    ] {
        let mut connection = lookups.server.client();
        let response = connection.send(go(token, query));
        assert_eq!((response.status, response.text()), (status, body), "{query}");
        assert_eq!(response.header("content-type"), Some(JSON));
        assert_eq!(response.header("content-encoding"), None);
        assert!(connection.is_closed(), "as it was asked to be");
    }
}

/// The function `jerakia` of the Puppet module crayfishx-jerakia 1.1.0, a data provider of Hiera 5.
#[test]
fn the_puppet_function_looks_up() {
    let lookups = Lookups::on_fixtures();
    let path = "/v1/lookup/name?namespace=a%2Fb&policy=default&metadata_env=dev";
    assert_eq!(payload(&lookups.server.client().send(ruby(&lookups.token, path, "")), JSON), "dev");
    let nowhere = ruby(&lookups.token, "/v1/lookup/nowhere?namespace=apache&policy=default", "");
    assert_eq!(lookups.server.client().send(nowhere).text(), NOWHERE);
}

/// A key of Puppet without `::` has no namespace: the files are those that the search path names.
#[test]
fn the_puppet_function_looks_up_a_top_level_key() {
    let directory = tempfile::tempdir().unwrap();
    fs::create_dir_all(directory.path().join("data/env")).unwrap();
    fs::write(directory.path().join("data/common.yaml"), "port: 80\n").unwrap();
    fs::write(directory.path().join("data/env/dev.yaml"), "port: 8080\n").unwrap();
    let lookups = Lookups::on(directory.path());
    for (metadata, port) in [("", 80), ("&metadata_env=dev", 8080)] {
        let path = format!("/v1/lookup/port?namespace=&policy=default{metadata}");
        assert_eq!(payload(&lookups.server.client().send(ruby(&lookups.token, &path, "")), JSON), port);
    }
}

/// The Hiera 3 backend of jerakia-puppet 0.4.0: it stores the facts of a machine, and looks up
/// with them. `merge=none` means that there is nothing to merge.
#[test]
fn the_hiera_3_backend_stores_its_scope_and_looks_up() {
    let lookups = Lookups::on_fixtures();
    let token = &lookups.token;
    let scope = "scope=server";
    let options = "scope_identifier=web-01&scope_realm=puppet";
    let first = format!("/v1/lookup/name?namespace=a%2Fb&{scope}&lookup_type=first&merge=none&{options}");
    let cascade = format!("/v1/lookup/users?namespace=a%2Fb&{scope}&lookup_type=cascade&merge=array&{options}");

    let mut connection = lookups.server.client();
    let unknown = connection.send(ruby(token, &first, ""));
    assert_eq!(unknown.status, 501, "the client stores its scope again when it reads this:");
    assert!(unknown.text().contains("No scope data found"), "{}", unknown.text());
    let body = br#"{"env":"dev","trusted":{"certname":"web-01"}}"#;
    assert_eq!(connection.send(ruby_put(token, JSON, body)).status, 200);
    assert_eq!(payload(&connection.send(ruby(token, &first, "")), JSON), "dev");
    assert_eq!(payload(&connection.send(ruby(token, &cascade, "")), JSON), json!(["dev", "root", "daemon"]));
}

/// The data binding of jerakia-puppet 0.4.0 asks whether the scope is still the one it stored.
#[test]
fn the_puppet_data_binding_checks_its_scope() {
    let lookups = Lookups::on_fixtures();
    let token = &lookups.token;
    let uuid = || lookups.server.client().send(ruby(token, "/v1/scope/puppet/web-01/uuid?", ""));
    assert_eq!((uuid().status, uuid().text()), (404, r#"{"status":"failed","message":"No scope data found"}"#));
    let stored = lookups.server.client().send(ruby_put(token, JSON, br#"{"env":"dev"}"#));
    assert_eq!((stored.status, stored.text()), (200, uuid().text()));
    let path = "/v1/lookup/name?namespace=a%2Fb&scope=server&scope_identifier=web-01&scope_realm=puppet";
    assert_eq!(payload(&lookups.server.client().send(ruby(token, path, "")), JSON), "dev");
}

/// jerakia-client's own command, which can speak MessagePack, and sends nil without a value.
#[test]
fn the_ruby_command_is_answered_in_the_format_it_names() {
    let lookups = Lookups::on_fixtures();
    let token = &lookups.token;
    let options = "policy=default&lookup_type=cascade&merge=deep_hash&scope=metadata&use_schema&metadata_env=dev";
    let path = format!("/v1/lookup/limits?namespace=a%2Fb&{options}");
    for content_type in [JSON, MESSAGE_PACK] {
        let request = ruby(token, &path, &format!("Content-Type: {content_type}\r\n"));
        let limits = payload(&lookups.server.client().send(request), content_type);
        assert_eq!(limits, json!({"files": 4096, "time": {"soft": 99, "hard": 20}}), "{content_type}");
    }
    let packed = b"\x82\xa3env\xa3dev\xa7trusted\x81\xa8certname\xa6web-01";
    assert_eq!(lookups.server.client().send(ruby_put(token, MESSAGE_PACK, packed)).status, 200);
    assert_eq!(lookups.json("/v1/scope/puppet/web-01").1["payload"]["trusted"]["certname"], "web-01");
}

#[test]
fn python_jerakia_is_answered_in_the_format_it_names() {
    let lookups = Lookups::on_fixtures();
    let token = &lookups.token;
    assert_eq!(lookups.server.client().send(ruby_put(token, JSON, br#"{"env":"dev"}"#)).status, 200);
    let server = "scope=server&scope_realm=puppet&scope_identifier=web-01";
    let mut connection = lookups.server.client(); // which it keeps
    for (path, content_type, expected) in [
        ("/v1/lookup/port?namespace=apache", MESSAGE_PACK, json!(80)),
        (
            "/v1/lookup/name?namespace=a%2Fb&policy=default&metadata_env=dev&metadata_hostname=web-01",
            JSON,
            json!("web-01"),
        ),
        (
            "/v1/lookup/limits?namespace=a%2Fb&merge=deep_hash&lookup_type=cascade&metadata_env=dev",
            MESSAGE_PACK,
            json!({"files": 4096, "time": {"soft": 99, "hard": 20}}),
        ),
        (&format!("/v1/lookup/name?namespace=a%2Fb&{server}"), MESSAGE_PACK, json!("dev")),
    ] {
        assert_eq!(
            payload(&connection.send(python_jerakia(token, path, content_type)), content_type),
            expected,
            "{path}"
        );
    }
    let all = connection.send(python_jerakia(token, "/v1/lookup?namespace=apps", MESSAGE_PACK));
    assert_eq!(payload(&all, MESSAGE_PACK)["port"], 1, "all of a namespace");
    let failed = connection.send(python_jerakia(token, "/v1/lookup/port", MESSAGE_PACK));
    let body: Value = rmp_serde::from_slice(&failed.body).unwrap();
    assert_eq!((failed.status, &body["message"]), (400, &json!("Must include parameter namespace in request")));
}

#[test]
fn the_ansible_plugin_is_answered_in_json() {
    let lookups = Lookups::on_fixtures();
    let path = "/v1/lookup/name?metadata_env=dev&namespace=a%2Fb&policy=default";
    assert_eq!(payload(&lookups.server.client().send(ansible(&lookups.token, path)), JSON), "dev");
}
