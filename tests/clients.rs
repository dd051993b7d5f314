//! The requests of the clients that exist, byte for byte as their HTTP libraries send
//! them. The Python one runs for real: tests/clients/.

use crate::harness::Lookups;

const OK: &str = r#"{"status":"ok","found":true,"payload":80}"#;
const NOWHERE: &str = r#"{"status":"ok","found":false,"payload":null}"#;
const NO_NAMESPACE: &str = r#"{"status":"failed","message":"Must include parameter namespace in request"}"#;

/// Go's net/http, as the Terraform provider uses it: parameters sorted, and a connection
/// for each request.
fn go(token: &str, query: &str) -> String {
    format!(
        "GET /v1/lookup/port{query} HTTP/1.1\r\nHost: 127.0.0.1:9843\r\nUser-Agent: Go-http-client/1.1\r\n\
         Accept: application/json\r\nContent-Type: application/json\r\nX-Authentication: {token}\r\n\
         Accept-Encoding: gzip\r\nConnection: close\r\n\r\n"
    )
}

/// Ruby's Net::HTTP.
fn ruby(token: &str, query: &str) -> String {
    format!(
        "GET /v1/lookup/port{query} HTTP/1.1\r\nAccept-Encoding: gzip;q=1.0,deflate;q=0.6,identity;q=0.3\r\n\
         Accept: */*\r\nUser-Agent: Ruby\r\nContent-Type: application/json\r\nX-Authentication: {token}\r\n\
         Host: localhost:9843\r\nConnection: close\r\n\r\n"
    )
}

#[test]
fn go_and_ruby_clients_are_answered_in_json() {
    let lookups = Lookups::on_fixtures();
    let wrong = format!("my_app:{}", "0".repeat(80));
    for client in [go, ruby] {
        for (token, query, status, body) in [
            (&lookups.token, "?metadata_env=none&namespace=apache&policy=default", 200, OK),
            (&lookups.token, "?lookup_type=first&merge=array&namespace=nowhere&use_schema=true", 200, NOWHERE),
            (&lookups.token, "?metadata_a=b+c%2Fd&namespace=a%2Fnowhere", 200, NOWHERE),
            (&lookups.token, "", 400, NO_NAMESPACE),
            (&wrong, "?namespace=apache", 401, r#"{"status":"failed","message":"unauthorized"}"#),
        ] {
            let mut connection = lookups.server.client();
            let response = connection.send(client(token, query));
            assert_eq!((response.status, response.text()), (status, body), "{query}");
            assert_eq!(response.header("content-type"), Some("application/json"));
            assert_eq!(response.header("content-encoding"), None);
            assert!(connection.is_closed(), "as it was asked to be");
        }
    }
}

/// The Ruby client stores the scope of its machine before it looks up.
#[test]
fn a_ruby_client_stores_its_scope_and_looks_up_with_it() {
    let lookups = Lookups::on_fixtures();
    let (token, body) = (&lookups.token, r#"{"env":"dev"}"#);
    let put = format!(
        "PUT /v1/scope/puppet/web-01 HTTP/1.1\r\nAccept-Encoding: gzip;q=1.0,deflate;q=0.6,identity;q=0.3\r\n\
         Accept: */*\r\nUser-Agent: Ruby\r\nContent-Type: application/json\r\nX-Authentication: {token}\r\n\
         Host: localhost:9843\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    assert_eq!(lookups.server.client().send(put).status, 200);
    let query = "?namespace=apps&scope=server&scope_realm=puppet&scope_identifier=web-01";
    let answer = lookups.server.client().send(ruby(token, query));
    assert_eq!(answer.text(), r#"{"status":"ok","found":true,"payload":3000}"#);
}
