//! A fresh instance makes each decision: no request leaves anything behind for the next.

use crate::harness::{Guest, Place};
use jerakia_host::sandbox::{Grant, Refusal, Sandbox, Secret, Status, TokenRecord, engine};

/// More than the pool holds, so that each of its places is reused.
const DECISIONS: usize = 1_000;

/// The guest traps when it finds that it was called before.
#[test]
fn a_guest_that_counts_its_calls_always_starts_at_zero() {
    let counting = Guest::obliging()
        .with("more", "(global $passed (mut i32) (i32.const 0)) (global $decided (mut i32) (i32.const 0))")
        .with(
            "realloc",
            "(if (i32.or (global.get $decided) (i32.load (i32.const 2048))) (then (unreachable)))
             (global.set $passed (i32.const 1)) (i32.store (i32.const 2052) (i32.const 1))",
        )
        // Traps if no arguments were passed to this instance, which shows that counting works.
        .with(
            "authorize",
            "(if (i32.eqz (i32.and (global.get $passed) (i32.load (i32.const 2052)))) (then (unreachable)))
             (global.set $decided (i32.const 1)) (i32.store (i32.const 2048) (i32.const 1))",
        );
    let place = Place::new();
    let token = place.create("my_app");
    let authenticator = place.authenticator_in(counting.sandbox(&engine().unwrap()));
    for decision in 0..DECISIONS {
        let answer = authenticator.authorize(token.as_bytes(), "", None);
        assert!(answer.is_ok(), "decision {decision}: {answer:?}");
    }
}

/// Grants access to the API ID at `address`, where an earlier call may have left it, and
/// stores its own credential there.
fn remembering(address: usize) -> Guest {
    let code = format!(
        "(drop (memory.grow (i32.const 15)))
         (memory.copy (i32.const 3000) (i32.const {address}) (i32.const 16))
         (i32.store (i32.const 56) (i32.const 3000))
         (i32.store (i32.const 60) (i32.const 16))
         (memory.copy (i32.const {address}) (local.get $text) (i32.const 16))
         (return (i32.const 48))"
    );
    Guest::obliging().with("authorize", &code)
}

#[test]
fn the_memory_of_the_next_instance_holds_nothing_of_the_last() {
    let engine = engine().unwrap();
    // The pool wipes the first page, and returns later pages to the kernel.
    for address in [2_048, 60_000, 65_536, 500_000, 1_048_560] {
        let sandbox = remembering(address).sandbox(&engine);
        for call in 0..DECISIONS {
            // Anything but zeros there would be another API ID than the record's: an error.
            let granted = decide(&sandbox, &format!("secret{call:010}"), &"\0".repeat(16));
            assert!(granted.is_ok(), "call {call} at {address}: {granted:?}");
        }
    }
}

/// The same for the arguments that the host itself writes.
#[test]
fn arguments_are_passed_to_clean_memory() {
    let dirty = "
        (local.set $at (global.get $free))
        (loop $look
          (if (i64.ne (i64.load (local.get $at)) (i64.const 0)) (then (unreachable)))
          (br_if $look (i32.lt_u
            (local.tee $at (i32.add (local.get $at) (i32.const 8)))
            (i32.const 65528))))";
    let sandbox = Guest::obliging().with("realloc", dirty).sandbox(&engine().unwrap());
    for call in 0..DECISIONS {
        // Ever shorter, so that the end of an earlier one would be left behind it.
        let credential = "secret".repeat(1 + (DECISIONS - call) / 10);
        let answer = decide(&sandbox, &credential, "my_app");
        assert!(answer.is_ok(), "call {call}: {answer:?}");
    }
}

/// Decides on `credential`, given a record of `api_id` whose digest is all ones.
fn decide(sandbox: &Sandbox, credential: &str, api_id: &str) -> Result<Grant, Refusal> {
    let secret = || Secret { digest: &[1; 32], ends: u64::MAX };
    let stored =
        TokenRecord { api_id, status: Status::Active, current: secret(), former: secret(), ends: u64::MAX, grants: "" };
    sandbox.authorize(credential.as_bytes(), &stored, "", 0).unwrap()
}
