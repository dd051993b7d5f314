//! A component that answers garbage: its answers never grant access.

use crate::harness::{Guest, Place};
use crate::hostile::is_refused_in_time;
use jerakia_host::admin;
use jerakia_host::authenticator::Denied;
use jerakia_host::sandbox::{Sandbox, SandboxError, engine};

fn each_is_refused(place: &str, answers: &[(&str, &str)]) {
    for (name, code) in answers {
        println!("{name}"); // printed if the test fails
        is_refused_in_time(&Guest::obliging().with(place, code));
    }
}

#[test]
fn an_answer_outside_the_contract_is_refused() {
    each_is_refused(
        "authorize",
        &[
            ("neither a grant nor a refusal", "(i32.store8 (i32.const 48) (i32.const 2))"),
            ("an unknown refusal", "(i32.store8 (i32.const 88) (i32.const 7)) (return (i32.const 80))"),
            ("the highest refusal", "(i32.store8 (i32.const 88) (i32.const 255)) (return (i32.const 80))"),
            ("an unknown secret slot", "(i32.store8 (i32.const 64) (i32.const 2))"),
            ("an API ID that is not UTF-8", "(i32.store8 (i32.const 256) (i32.const 0xff))"),
            ("an API ID outside memory", "(i32.store (i32.const 56) (i32.const 0x7fffffff))"),
            ("an API ID that ends outside memory", "(i32.store (i32.const 60) (i32.const 0x10000))"),
            ("an API ID of negative length", "(i32.store (i32.const 60) (i32.const -1))"),
            ("an answer outside memory", "(return (i32.const -8))"),
            ("a misaligned answer", "(return (i32.const 44))"),
        ],
    );
}

#[test]
fn a_bad_address_for_arguments_is_refused() {
    each_is_refused(
        "realloc",
        &[("outside memory", "(return (i32.const -8))"), ("the last byte", "(return (i32.const 65535))")],
    );
}

/// Code that grants access to the API ID of `len` bytes at `at` in the guest's memory.
fn granting(at: usize, len: usize) -> String {
    format!(
        "(i32.store (i32.const 56) (i32.const {at})) (i32.store (i32.const 60) (i32.const {len})) (return (i32.const 48))"
    )
}

#[test]
fn a_grant_to_another_api_id_is_refused() {
    is_refused_in_time(&Guest::obliging().with("authorize", &granting(262, "somebody_else".len())));
    is_refused_in_time(&Guest::obliging().with("authorize", &granting(256, "my_ap".len())));
    is_refused_in_time(&Guest::obliging().with("authorize", &granting(256, 0)));
}

/// The guest grants access to the API ID of every record.
#[test]
fn a_grant_without_an_active_record_is_refused() {
    let whoever = "
        (i32.store (i32.const 56) (i32.load offset=8 (local.get $arguments)))
        (i32.store (i32.const 60) (i32.load offset=12 (local.get $arguments)))
        (return (i32.const 48))";
    let place = Place::new();
    let (token, disabled) = (place.create("my_app"), place.create("disabled"));
    place.disable("disabled");
    let unknown = token.replace("my_app", "nobody");
    let authenticator =
        place.authenticator_in(Guest::obliging().with("authorize", whoever).sandbox(&engine().unwrap()));
    for credential in [&disabled, &unknown, "", "no token"] {
        let answer = authenticator.authorize(credential.as_bytes(), "", None);
        assert!(matches!(answer, Err(Denied::Unavailable(_))), "{credential}: {answer:?}");
    }
    assert!(authenticator.authorize(token.as_bytes(), "", None).is_ok());
}

#[test]
fn no_token_is_made_from_garbage() {
    let (engine, api_id) = (engine().unwrap(), "my_app".parse().unwrap());
    for (name, code) in [
        ("a token that is not UTF-8", "(i32.store8 (i32.const 256) (i32.const 0xff))"),
        ("a token outside memory", "(i32.store (i32.const 116) (i32.const 0x7fffffff))"),
        ("a short digest", "(i32.store (i32.const 128) (i32.const 31))"),
        ("a long digest", "(i32.store (i32.const 128) (i32.const 33))"),
        ("a digest outside memory", "(i32.store (i32.const 124) (i32.const -1))"),
        ("neither a token nor a refusal", "(i32.store8 (i32.const 112) (i32.const 2))"),
        ("an unknown refusal", "(i32.store (i32.const 112) (i32.const 1)) (i32.store8 (i32.const 116) (i32.const 3))"),
        ("a trap", "(unreachable)"),
        ("no answer", "(loop $ever (br $ever))"),
    ] {
        let sandbox = Guest::obliging().with("issue", code).sandbox(&engine);
        assert!(admin::issue(&sandbox, &api_id).is_err(), "{name}");
    }
    assert!(admin::issue(&Guest::obliging().sandbox(&engine), &api_id).is_ok());
}

/// So that an operator's log distinguishes a loop, a crash and garbage.
#[test]
fn the_error_says_how_the_component_failed() {
    let engine = engine().unwrap();
    let reason = |code: &str| {
        let sandbox: Sandbox = Guest::obliging().with("issue", code).sandbox(&engine);
        sandbox.issue("my_app", &[0; 40]).unwrap_err()
    };
    assert!(matches!(reason("(loop $ever (br $ever))"), SandboxError::Deadline));
    assert!(matches!(reason("(unreachable)"), SandboxError::Trapped(_)));
    assert!(matches!(reason("(i32.store (i32.const 128) (i32.const 31))"), SandboxError::Unusable(_)));
}
