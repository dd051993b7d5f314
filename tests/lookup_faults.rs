//! Files and requests that can't be meant as they are: each is an error that says what to do, and
//! none is as if it were absent.

use crate::harness::{Lookups, World};

#[test]
fn a_client_that_refuses_message_pack_gets_json() {
    let lookups = Lookups::on_fixtures();
    for (accept, first) in [
        ("application/x-msgpack;q=0", b'{'),
        ("application/x-msgpack; q=0.000, application/json", b'{'),
        ("application/x-msgpack;q=0.1", 0x83),
        ("application/json, application/x-msgpack", 0x83),
    ] {
        let headers = format!("X-Authentication: {}\r\nAccept: {accept}\r\n", lookups.token);
        let response = lookups.server.client().get("/v1/lookup/port?namespace=apache", &headers);
        assert_eq!((response.status, response.body[0]), (200, first), "{accept}");
    }
}

/// Both commands know the flag of Jerakia 3, and neither quotes a token.
#[test]
fn tokens_as_arguments_are_refused_and_a_file_of_them_is_named() {
    let world = World::new();
    for command in [&["server", "--port", "0"][..], &["lookup", "port"]] {
        let ran = world.run(&[command, &["-T", "my_app:secret"]].concat());
        assert_eq!((ran.code, ran.stdout.as_str()), (Some(2), ""), "{command:?}: {}", ran.stderr);
        assert!(ran.stderr.contains("server.token_file") && !ran.stderr.contains("secret"), "{}", ran.stderr);
        assert!(ran.stderr.contains("every user of this machine"), "{}", ran.stderr);
    }
    let server = world.done(&["server", "--help"]);
    assert!(server.contains("server.token_file") && server.contains("--token-file"), "{server}");
    let lookup = world.done(&["lookup", "--help"]);
    let lookup = lookup.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(lookup.contains("neither -n nor a :: in the key, it is the empty one"), "{lookup}");
}
