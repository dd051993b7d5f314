//! A component whose answers make no sense: nobody is let in because of them.

use crate::harness::NOW;
use crate::harness::{Guest, Place};
use crate::hostile::is_refused_in_time;
use jerakia_host::sandbox::{Sandbox, SandboxError, engine};
use jerakia_host::tokens;

fn each_is_refused(place: &str, answers: &[(&str, &str)]) {
    for (name, code) in answers {
        println!("{name}"); // seen if it fails
        is_refused_in_time(&Guest::obliging().with(place, code));
    }
}

#[test]
fn a_reading_that_is_none_is_refused() {
    each_is_refused(
        "identify",
        &[
            ("an API ID that is not UTF-8", "(i32.store8 (i32.const 256) (i32.const 0xff))"),
            ("an API ID outside of memory", "(i32.store (i32.const 20) (i32.const 0x7fffffff))"),
            ("an API ID that leaves memory", "(i32.store (i32.const 24) (i32.const 0x10000))"),
            ("an API ID of negative length", "(i32.store (i32.const 24) (i32.const -1))"),
            ("a digest outside of memory", "(i32.store (i32.const 28) (i32.const -16))"),
            ("an answer outside of memory", "(return (i32.const -4))"),
            ("an answer where none can be", "(return (i32.const 21))"),
        ],
    );
}

#[test]
fn a_digest_of_the_wrong_length_is_refused() {
    each_is_refused(
        "identify",
        &[
            ("empty", "(i32.store (i32.const 32) (i32.const 0))"),
            ("short", "(i32.store (i32.const 32) (i32.const 31))"),
            ("long", "(i32.store (i32.const 32) (i32.const 33))"),
        ],
    );
}

#[test]
fn a_verdict_that_is_none_is_refused() {
    each_is_refused(
        "verify",
        &[
            ("neither a grant nor a refusal", "(i32.store8 (i32.const 48) (i32.const 2))"),
            ("an unheard-of refusal", "(i32.store8 (i32.const 84) (i32.const 5)) (return (i32.const 80))"),
            ("the highest refusal", "(i32.store8 (i32.const 84) (i32.const 255)) (return (i32.const 80))"),
            ("a grant to what is not UTF-8", "(i32.store8 (i32.const 256) (i32.const 0xff))"),
            ("a grant to what is outside of memory", "(i32.store (i32.const 52) (i32.const 0x7fffffff))"),
            ("an answer outside of memory", "(return (i32.const -4))"),
        ],
    );
}

#[test]
fn memory_for_arguments_that_is_none_is_refused() {
    each_is_refused(
        "realloc",
        &[("outside of memory", "(return (i32.const -8))"), ("the last byte", "(return (i32.const 65535))")],
    );
}

/// Grants `api_id`, at `at` in the guest's memory.
fn granting(at: usize, api_id: &str) -> String {
    let len = api_id.len();
    format!(
        "(i32.store (i32.const 52) (i32.const {at})) (i32.store (i32.const 56) (i32.const {len})) (return (i32.const 48))"
    )
}

#[test]
fn a_grant_to_somebody_else_is_refused() {
    is_refused_in_time(&Guest::obliging().with("verify", &granting(262, "somebody_else")));
    is_refused_in_time(&Guest::obliging().with("verify", &granting(256, "my_ap")));
    is_refused_in_time(&Guest::obliging().with("verify", &granting(256, "")));
}

#[test]
fn a_grant_though_no_record_was_found_is_refused() {
    let reading = "(i32.store (i32.const 20) (i32.const 262)) (i32.store (i32.const 24) (i32.const 13))";
    is_refused_in_time(&Guest::obliging().with("identify", reading).with("verify", &granting(262, "somebody_else")));
}

#[test]
fn a_grant_though_nothing_was_presented_is_refused() {
    let nothing = "(i32.store8 (i32.const 256) (i32.const 45)) (i32.store (i32.const 24) (i32.const 1))"; // -
    for granted in ["-", "my_app", ""] {
        is_refused_in_time(&Guest::obliging().with("identify", nothing).with("verify", &granting(256, granted)));
    }
}

#[test]
fn no_token_is_made_from_garbage() {
    let place = Place::new();
    let engine = engine().unwrap();
    for (name, code) in [
        ("a token that is not UTF-8", "(i32.store8 (i32.const 256) (i32.const 0xff))"),
        ("a token outside of memory", "(i32.store (i32.const 116) (i32.const 0x7fffffff))"),
        ("a short digest", "(i32.store (i32.const 128) (i32.const 31))"),
        ("a long digest", "(i32.store (i32.const 128) (i32.const 33))"),
        ("a digest outside of memory", "(i32.store (i32.const 124) (i32.const -1))"),
        ("neither a token nor a refusal", "(i32.store8 (i32.const 112) (i32.const 2))"),
        (
            "an unheard-of refusal",
            "(i32.store (i32.const 112) (i32.const 1)) (i32.store8 (i32.const 116) (i32.const 3))",
        ),
        ("a trap", "(unreachable)"),
        ("no answer", "(loop $ever (br $ever))"),
    ] {
        let sandbox = Guest::obliging().with("issue", code).sandbox(&engine);
        assert!(tokens::create(&sandbox, &mut place.store(), "my_app").is_err(), "{name}");
        assert_eq!(place.store().list(NOW).unwrap(), [], "{name}");
    }
    assert!(tokens::create(&Guest::obliging().sandbox(&engine), &mut place.store(), "my_app").is_ok());
}

/// An operator's log tells a loop from a crash from nonsense.
#[test]
fn the_reason_is_told_to_the_log() {
    let engine = engine().unwrap();
    let reason = |code: &str| {
        let sandbox: Sandbox = Guest::obliging().with("issue", code).sandbox(&engine);
        sandbox.issue("my_app", &[0; 40]).unwrap_err()
    };
    assert!(matches!(reason("(loop $ever (br $ever))"), SandboxError::Deadline));
    assert!(matches!(reason("(unreachable)"), SandboxError::Trapped(_)));
    assert!(matches!(reason("(i32.store (i32.const 128) (i32.const 31))"), SandboxError::Unusable(_)));
}
