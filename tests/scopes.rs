//! Scope data: it comes back as it was sent, and data that can't is refused.

use crate::harness::{Lookups, Response};

const JSON: &str = "Content-Type: application/json\r\n";
const PACKED: &str = "Content-Type: application/x-msgpack\r\n";
const PATH: &str = "/v1/scope/puppet/web-01";

fn get(lookups: &Lookups, headers: &str) -> Response {
    lookups.server.client().get(PATH, &format!("X-Authentication: {}\r\n{headers}", lookups.token))
}

fn refused(response: &Response, status: u16, part: &str) {
    assert_eq!(response.status, status, "{response:?}");
    assert!(String::from_utf8_lossy(&response.body).contains(part), "{response:?}");
}

#[test]
fn stored_data_comes_back_in_both_formats() {
    let lookups = Lookups::on_fixtures();
    let sent = r#"{"z":1,"a":[0.1,1e300,18446744073709551615,-9223372036854775808,null,true],"":{"b":"\u0000"}}"#;
    assert_eq!(lookups.put(PATH, JSON, sent.as_bytes()).status, 200);
    let expected = format!(r#"{{"status":"ok","payload":{}}}"#, sent.replace("1e300", "1e+300"));
    assert_eq!(get(&lookups, JSON).text(), expected);

    // Integer and boolean keys, and 64 levels of lists and maps.
    let deep = [&b"\x83\x01\xa3one\xc3\xa3yes\xa1d"[..], &[0x91; 62], b"\x90"].concat();
    assert_eq!(lookups.put(PATH, PACKED, &deep).status, 200);
    let answer = [&b"\x82\xa6status\xa2ok\xa7payload"[..], &deep].concat();
    assert_eq!(get(&lookups, PACKED).body, answer);
    let lists = format!("{}{}", "[".repeat(63), "]".repeat(63));
    let answer = format!(r#"{{"status":"ok","payload":{{"1":"one","true":"yes","d":{lists}}}}}"#);
    assert_eq!(get(&lookups, JSON).text(), answer);
}

#[test]
fn data_that_would_change_is_refused_and_changes_nothing() {
    let lookups = Lookups::on_fixtures();
    assert_eq!(lookups.put(PATH, JSON, b"{}").status, 200);
    let before = lookups.get(&format!("{PATH}/uuid"));
    let deep = format!(r#"{{"a":{}{}}}"#, "[".repeat(64), "]".repeat(64));
    for (headers, body, part) in [
        (JSON, deep.as_bytes(), "deeper than 64 levels"),
        (PACKED, &[&b"\x81\xa1a"[..], &[0x91; 63], b"\x90"].concat(), "deeper than 64 levels"),
        (JSON, b"{} {}", "trailing"),
        (PACKED, b"\x80\xc0", "1 bytes are left"),
        (JSON, br#"{"a":1,"a":2}"#, "occurs twice"),
        (JSON, br#"{"a":18446744073709551616}"#, "more than 64 bits"),
        (PACKED, b"\x81\xa1a\xc4\x01x", "binary"),
        (PACKED, b"\x81\xa1a\xd4\x01x", "extension"),
        (PACKED, b"\x81\xa1a\xcb\x7f\xf8\0\0\0\0\0\0", "NaN"),
    ] {
        refused(&lookups.put(PATH, headers, body), 400, part);
    }
    assert_eq!(lookups.get(&format!("{PATH}/uuid")), before);
}

#[test]
fn a_body_is_read_by_its_content_type_and_answered_as_accept_says() {
    let lookups = Lookups::on_fixtures();
    let response = lookups.put(PATH, &format!("{JSON}Accept: application/x-msgpack\r\n"), b"{}");
    assert_eq!((response.status, response.header("content-type")), (200, Some("application/x-msgpack")));
    assert_eq!(lookups.put(PATH, "Accept: application/x-msgpack\r\n", b"{}").status, 200, "JSON where nothing is said");
    assert_eq!(lookups.put(PATH, &format!("{PACKED}Accept: application/json\r\n"), b"\x80").status, 200);
    refused(&lookups.put(PATH, JSON, b"\x80"), 400, "");
    refused(&lookups.put(PATH, "Content-Type: text/plain\r\n", b"{}"), 415, "text/plain");
}

#[test]
fn more_than_256_kib_are_refused_before_they_are_read() {
    let lookups = Lookups::on_fixtures();
    let body = |bytes: usize| format!(r#"{{"a":"{}"}}"#, "x".repeat(bytes - 8)).into_bytes();
    assert_eq!(lookups.put(PATH, JSON, &body(256 << 10)).status, 200);
    refused(&lookups.put(PATH, JSON, &body((256 << 10) + 1)), 413, "262144 bytes");
    let head = |headers: &str| {
        format!("PUT {PATH} HTTP/1.1\r\nHost: h\r\nX-Authentication: {}\r\n{JSON}{headers}\r\n", lookups.token)
    };
    // Announced and never sent.
    refused(&lookups.server.client().send(head("Content-Length: 10000000000\r\n")), 413, "");
    // In chunks, of which the last never comes.
    let mut client = lookups.server.client();
    client.write(head("Transfer-Encoding: chunked\r\n"));
    client.write("20000\r\n".to_owned() + &"x".repeat(0x20000) + "\r\n");
    client.write("20001\r\n".to_owned() + &"x".repeat(0x20001) + "\r\n");
    refused(&client.read(), 413, "");
}

#[test]
fn names_have_a_longest_length() {
    let lookups = Lookups::on_fixtures();
    let put = |realm: usize, identifier: usize| {
        lookups.put(&format!("/v1/scope/{}/{}", "r".repeat(realm), "i".repeat(identifier)), JSON, b"{}")
    };
    assert_eq!(put(128, 256).status, 200);
    refused(&put(129, 1), 400, "realm must have 1 to 128 bytes");
    refused(&put(1, 257), 400, "identifier must have 1 to 256 bytes");
    let query = format!("namespace=apache&scope=server&scope_realm={}&scope_identifier=a", "r".repeat(129));
    assert_eq!(lookups.json(&format!("/v1/lookup/port?{query}")).0, 400);
}
