//! Every decision is made by an instance of its own: nothing that one request
//! presents is there for the next.

use crate::harness::{Guest, Place, REQUEST};
use jerakia_host::sandbox::{Known, Sandbox, Status, engine};

/// More than the pool has places for, so that each place is used again.
const DECISIONS: usize = 1_000;

/// Traps when it finds that it was called before.
#[test]
fn a_guest_that_counts_its_calls_always_begins_at_none() {
    let counting = Guest::obliging()
        .with("more", "(global $calls (mut i32) (i32.const 0))")
        .with(
            "identify",
            "(if (i32.or (global.get $calls) (i32.load (i32.const 2048))) (then (unreachable)))
             (global.set $calls (i32.const 1)) (i32.store (i32.const 2048) (i32.const 1))",
        )
        // The verdict is asked of the same instance: counting works.
        .with(
            "verify",
            "(if (i32.eqz (i32.and (global.get $calls) (i32.load (i32.const 2048)))) (then (unreachable)))",
        );
    let place = Place::new();
    let token = place.create("my_app");
    let service = place.service_in(counting.sandbox(&engine().unwrap()));
    for decision in 0..DECISIONS {
        let answer = service.authorize(&token, REQUEST);
        assert!(answer.is_ok(), "decision {decision}: {answer:?}");
    }
}

/// Answers as the API ID whatever an earlier call left at `address`, and leaves
/// there what it was called with.
fn remembering(address: usize) -> Guest {
    let code = format!(
        "(drop (memory.grow (i32.const 15)))
         (memory.copy (i32.const 3000) (i32.const {address}) (i32.const 16))
         (i32.store (i32.const 20) (i32.const 3000))
         (i32.store (i32.const 24) (i32.const 16))
         (memory.copy (i32.const {address}) (local.get $text) (i32.const 16))"
    );
    Guest::obliging().with("identify", &code).with("verify", "(return (i32.const 80))")
}

#[test]
fn the_memory_of_the_next_instance_holds_nothing_of_the_last() {
    let engine = engine().unwrap();
    // The first page is wiped, the ones behind it are given back to the kernel.
    for address in [2_048, 60_000, 65_536, 500_000, 1_048_560] {
        let sandbox = remembering(address).sandbox(&engine);
        for call in 0..DECISIONS {
            let found = reads(&sandbox, &format!("secret{call:010}"));
            assert_eq!(found, "\0".repeat(16), "call {call} at {address}");
        }
    }
}

/// The same of what the host itself puts there when it passes a credential on.
#[test]
fn the_credential_is_passed_to_clean_memory() {
    let dirty = "
        (local $at i32)
        (local.set $at (i32.add (local.get $text) (local.get $len)))
        (loop $look
          (if (i32.load8_u (local.get $at)) (then (unreachable)))
          (br_if $look (i32.lt_u
            (local.tee $at (i32.add (local.get $at) (i32.const 1)))
            (i32.const 65535))))";
    let sandbox = Guest::obliging().with("identify", dirty).sandbox(&engine().unwrap());
    for call in 0..DECISIONS {
        // Ever shorter: the end of a longer one would stand behind it.
        reads(&sandbox, &"secret".repeat(1 + (DECISIONS - call) / 10));
    }
}

/// The API ID that the guest reads from `credential`.
#[track_caller]
fn reads(sandbox: &Sandbox, credential: &str) -> String {
    let known = Known { digest: [0; 32], status: Status::Active };
    sandbox.decide(credential, REQUEST, 0, |_| Some(known)).unwrap().api_id.unwrap()
}
