//! The shared vectors: natively, through the component itself, and through the
//! sandbox as the server uses it, with the same results.

use crate::harness::REQUEST;
use bindings::exports::jerakia::auth::tokens as wit;
use jerakia_core as core;
use jerakia_host::sandbox::{self, Known, Refusal, Sandbox, Status};
use serde_json::{Value, json};
use wasmtime::Store;
use wasmtime::component::Linker;

/// Of our own, since the product calls `identify` and `verify` only together.
mod bindings {
    wasmtime::component::bindgen!({ path: "../wit", world: "auth-core" });
}

/// One of the three functions, from a case's arguments to what it should answer.
type Function<'a> = &'a mut dyn FnMut(&Value) -> Value;

/// Runs all cases of one list. Whatever a case has besides arguments is expected.
#[track_caller]
fn run(list: &str, arguments: &[&str], function: Function<'_>) {
    let text = include_str!("../../../tests/vectors/tokens.json");
    let vectors: Value = serde_json::from_str(text).unwrap();
    let cases = vectors[list].as_array().unwrap();
    assert!(cases.len() > 40, "only {} cases of {list}", cases.len());
    for case in cases {
        let mut expected = case.clone();
        expected.as_object_mut().unwrap().retain(|key, _| key != "name" && !arguments.contains(&&**key));
        assert_eq!(function(case), expected, "{list}: {}", case["name"]);
    }
}

const ISSUE: &[&str] = &["api_id", "entropy"];
const IDENTIFY: &[&str] = &["credential"];
const VERIFY: &[&str] = &["presented", "known", "request", "now"];

#[test]
fn natively() {
    run("issue", ISSUE, &mut |it| match core::issue(text(&it["api_id"]), &bytes(&it["entropy"])) {
        Ok(issued) => json!({ "token": issued.token, "digest": hex(&issued.digest) }),
        Err(refusal) => refused(&format!("{refusal:?}")),
    });
    run("identify", IDENTIFY, &mut |it| {
        let presented = core::identify(text(&it["credential"]));
        json!({ "presented": { "api_id": presented.api_id, "digest": hex(&presented.digest) } })
    });
    run("verify", VERIFY, &mut |it| {
        let presented = &it["presented"];
        let presented =
            core::Presented { api_id: text(&presented["api_id"]).into(), digest: bytes(&presented["digest"]) };
        let known = some(&it["known"]).map(|it| core::Known {
            digest: bytes(&it["digest"]),
            status: if active(it) { core::Status::Active } else { core::Status::Disabled },
            expires_at: some(&it["expires_at"]).map(seconds),
        });
        match core::verify(&presented, known.as_ref(), seconds(&it["now"])) {
            Ok(grant) => json!({ "grant": { "api_id": grant.api_id } }),
            Err(refusal) => refused(&format!("{refusal:?}")),
        }
    });
}

#[test]
fn through_the_component() {
    let engine = sandbox::engine().unwrap();
    let component = sandbox::component(&engine).unwrap();
    let fresh = || {
        let mut store = Store::new(&engine, ());
        store.set_epoch_deadline(u64::MAX / 2); // as it is trusted here
        let instance = bindings::AuthCore::instantiate(&mut store, &component, &Linker::new(&engine)).unwrap();
        (store, instance)
    };
    run("issue", ISSUE, &mut |it| {
        let (mut store, instance) = fresh();
        let tokens = instance.jerakia_auth_tokens();
        match tokens.call_issue(&mut store, text(&it["api_id"]), &bytes(&it["entropy"])).unwrap() {
            Ok(issued) => json!({ "token": issued.token, "digest": hex(&issued.digest) }),
            Err(refusal) => json!({ "refusal": refusal.name() }),
        }
    });
    run("identify", IDENTIFY, &mut |it| {
        let (mut store, instance) = fresh();
        let presented = instance.jerakia_auth_tokens().call_identify(&mut store, text(&it["credential"])).unwrap();
        json!({ "presented": { "api_id": presented.api_id, "digest": hex(&presented.digest) } })
    });
    run("verify", VERIFY, &mut |it| {
        let (mut store, instance) = fresh();
        verified(&mut store, instance.jerakia_auth_tokens(), it)
    });
    // The same on one instance that is kept, as other hosts may do it.
    let (mut store, instance) = fresh();
    run("verify", VERIFY, &mut |it| verified(&mut store, instance.jerakia_auth_tokens(), it));
}

fn verified(store: &mut Store<()>, tokens: &wit::Guest, it: &Value) -> Value {
    let presented = &it["presented"];
    let presented = wit::Presented { api_id: text(&presented["api_id"]).into(), digest: bytes(&presented["digest"]) };
    let known = some(&it["known"]).map(|it| wit::KnownToken {
        digest: bytes(&it["digest"]),
        status: if active(it) { wit::Status::Active } else { wit::Status::Disabled },
        expires_at: some(&it["expires_at"]).map(seconds),
    });
    let request =
        wit::Request { method: text(&it["request"]["method"]).into(), path: text(&it["request"]["path"]).into() };
    match tokens.call_verify(store, &presented, known.as_ref(), &request, seconds(&it["now"])).unwrap() {
        Ok(grant) => json!({ "grant": { "api_id": grant.api_id } }),
        Err(refusal) => json!({ "refusal": refusal.name() }),
    }
}

#[test]
fn through_the_sandbox() {
    let sandbox = Sandbox::new().unwrap();
    run("issue", ISSUE, &mut |it| match sandbox.issue(text(&it["api_id"]), &bytes(&it["entropy"])).unwrap() {
        Ok(issued) => json!({ "token": issued.token.expose(), "digest": hex(&issued.digest) }),
        Err(refusal) => json!({ "refusal": refusal.name() }),
    });
    run("identify", IDENTIFY, &mut |it| {
        decided(&sandbox, text(&it["credential"]), &bytes(&it["presented"]["digest"]), &it["presented"])
    });
}

/// Decides four times, and puts together again what was presented: the digest is the
/// one that is granted, and is not told otherwise.
fn decided(sandbox: &Sandbox, credential: &str, digest: &[u8], presented: &Value) -> Value {
    let decide = |known: Option<Known>| sandbox.decide(credential, REQUEST, 0, |_| known).unwrap();
    let right = Known { digest: digest.try_into().unwrap(), status: Status::Active };
    if presented["api_id"] == core::NOBODY {
        for known in [None, Some(right)] {
            let decision = decide(known);
            assert_eq!((decision.api_id, decision.verdict), (None, Err(Refusal::Malformed)));
        }
        return json!({ "presented": presented });
    }
    let disabled = Known { status: Status::Disabled, ..right };
    let wrong = Known { digest: right.digest.map(|it| !it), ..right };
    assert_eq!(decide(None).verdict, Err(Refusal::Unknown));
    assert_eq!(decide(Some(disabled)).verdict, Err(Refusal::Disabled));
    assert_eq!(decide(Some(wrong)).verdict, Err(Refusal::Wrong));
    let granted = decide(Some(right));
    assert_eq!(granted.verdict, Ok(()));
    json!({ "presented": { "api_id": granted.api_id, "digest": hex(digest) } })
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}

fn some(value: &Value) -> Option<&Value> {
    (!value.is_null()).then_some(value)
}

fn seconds(value: &Value) -> u64 {
    text(value).parse().unwrap()
}

fn active(known: &Value) -> bool {
    match text(&known["status"]) {
        "active" => true,
        "disabled" => false,
        other => panic!("status {other}"),
    }
}

fn bytes(value: &Value) -> Vec<u8> {
    let (pairs, []) = text(value).as_bytes().as_chunks::<2>() else { panic!("odd hex") };
    pairs.iter().map(|it| u8::from_str_radix(str::from_utf8(it).unwrap(), 16).unwrap()).collect()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|it| format!("{it:02x}")).collect()
}

/// A refusal in the spelling of the WIT, from its name in Rust.
fn refused(name: &str) -> Value {
    let spell = |(at, it): (usize, char)| match it.is_ascii_uppercase() && at > 0 {
        true => format!("-{}", it.to_ascii_lowercase()),
        false => it.to_ascii_lowercase().to_string(),
    };
    json!({ "refusal": name.char_indices().map(spell).collect::<String>() })
}
