//! Runs the shared vectors natively, through the component itself, and through the sandbox
//! as the server uses it.

use bindings::exports::jerakia::auth::decision as wit;
use jerakia_core as core;
use jerakia_host::sandbox::{self, Sandbox};
use serde_json::{Value, json};
use wasmtime::Store;
use wasmtime::component::{Component, Linker};

/// Binds the whole world, as other hosts do: our host never calls `lookup-key`.
mod bindings {
    wasmtime::component::bindgen!({ path: "../wit", world: "auth-core" });
}

/// A function of the contract: takes a case's arguments, returns the answer.
type Function<'a> = &'a mut dyn FnMut(&Value) -> Value;

/// Runs all cases of one list. All fields of a case but its arguments are the expected answer.
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
const LOOKUP_KEY: &[&str] = &["credential"];
const AUTHORIZE: &[&str] = &["credential", "stored", "permission", "now"];

/// The arguments of `authorize`, with bytes decoded.
struct Case<'a> {
    credential: Vec<u8>,
    api_id: &'a str,
    status: &'a str,
    current: (Vec<u8>, u64),
    former: (Vec<u8>, u64),
    ends: u64,
    grants: &'a str,
    permission: &'a str,
    now: u64,
}

impl<'a> Case<'a> {
    fn of(case: &'a Value) -> Self {
        let stored = &case["stored"];
        let secret = |it: &Value| (bytes(&it["digest"]), seconds(&it["ends"]));
        Self {
            credential: bytes(&case["credential"]),
            api_id: text(&stored["api_id"]),
            status: text(&stored["status"]),
            current: secret(&stored["current"]),
            former: secret(&stored["former"]),
            ends: seconds(&stored["ends"]),
            grants: text(&stored["grants"]),
            permission: text(&case["permission"]),
            now: seconds(&case["now"]),
        }
    }
}

/// Makes a record of the types in `$types` from a [`Case`]; `$digest` converts a digest.
macro_rules! record {
    ($types:path, $case:expr, $digest:expr) => {{
        use $types::{Secret, Status, TokenRecord};
        let case = $case;
        let status = match case.status {
            "active" => Status::Active,
            "disabled" => Status::Disabled,
            "absent" => Status::Absent,
            other => panic!("status {other}"),
        };
        TokenRecord {
            api_id: case.api_id.into(),
            status,
            current: Secret { digest: $digest(&case.current.0), ends: case.current.1 },
            former: Secret { digest: $digest(&case.former.0), ends: case.former.1 },
            ends: case.ends,
            grants: case.grants.into(),
        }
    }};
}

/// An answer as the vectors spell it.
fn answer<G, R>(answer: Result<G, R>, grant: impl Fn(G) -> (String, String, u64), name: impl Fn(R) -> String) -> Value {
    match answer {
        Ok(granted) => {
            let (api_id, secret, ends) = grant(granted);
            json!({ "grant": { "api_id": api_id, "secret": secret, "ends": ends.to_string() } })
        }
        Err(refusal) => json!({ "refusal": name(refusal) }),
    }
}

#[test]
fn natively() {
    run("issue", ISSUE, &mut |it| match core::issue(text(&it["api_id"]), &bytes(&it["entropy"])) {
        Ok(issued) => json!({ "token": issued.token, "digest": base16ct::lower::encode_string(&issued.digest) }),
        Err(refusal) => json!({ "refusal": spelled(refusal) }),
    });
    run("lookup_key", LOOKUP_KEY, &mut |it| json!({ "key": core::lookup_key(&bytes(&it["credential"])) }));
    run("authorize", AUTHORIZE, &mut |it| {
        let case = Case::of(it);
        let stored = record!(core, &case, Vec::as_slice);
        let decided = core::authorize(&case.credential, &stored, case.permission, case.now);
        answer(decided, |it| (it.api_id, spelled(it.secret), it.ends), spelled)
    });
}

#[test]
fn through_the_portable_component() {
    let engine = sandbox::engine().unwrap();
    let component = Component::new(&engine, sandbox::portable_component()).unwrap();
    let fresh = || {
        let mut store = Store::new(&engine, ());
        store.set_epoch_deadline(u64::MAX / 2); // this test trusts the component
        let instance = bindings::AuthCore::instantiate(&mut store, &component, &Linker::new(&engine)).unwrap();
        (store, instance)
    };
    run("issue", ISSUE, &mut |it| {
        let (mut store, instance) = fresh();
        let issuing = instance.jerakia_auth_issuing();
        match issuing.call_issue(&mut store, text(&it["api_id"]), &bytes(&it["entropy"])).unwrap() {
            Ok(issued) => json!({ "token": issued.token, "digest": base16ct::lower::encode_string(&issued.digest) }),
            Err(refusal) => json!({ "refusal": refusal.name() }),
        }
    });
    run("lookup_key", LOOKUP_KEY, &mut |it| {
        let (mut store, instance) = fresh();
        let decision = instance.jerakia_auth_decision();
        json!({ "key": decision.call_lookup_key(&mut store, &bytes(&it["credential"])).unwrap() })
    });
    run("authorize", AUTHORIZE, &mut |it| {
        let (mut store, instance) = fresh();
        authorized(&mut store, instance.jerakia_auth_decision(), it)
    });
    // Again on one kept instance, as other hosts may use it.
    let (mut store, instance) = fresh();
    run("authorize", AUTHORIZE, &mut |it| authorized(&mut store, instance.jerakia_auth_decision(), it));
}

fn authorized(store: &mut Store<()>, decision: &wit::Guest, it: &Value) -> Value {
    let case = Case::of(it);
    let stored = record!(wit, &case, Vec::clone);
    let decided = decision.call_authorize(store, &case.credential, &stored, case.permission, case.now).unwrap();
    answer(decided, |it| (it.api_id, spelled(it.secret), it.ends), |it| it.name().into())
}

#[test]
fn through_the_sandbox() {
    let sandbox = Sandbox::new().unwrap();
    run("issue", ISSUE, &mut |it| match sandbox.issue(text(&it["api_id"]), &bytes(&it["entropy"])).unwrap() {
        Ok(issued) => {
            json!({ "token": issued.token.expose(), "digest": base16ct::lower::encode_string(&issued.digest) })
        }
        Err(refusal) => json!({ "refusal": refusal.name() }),
    });
    run("authorize", AUTHORIZE, &mut |it| {
        let case = Case::of(it);
        let stored = record!(sandbox, &case, Vec::as_slice);
        let decided = sandbox.authorize(&case.credential, &stored, case.permission, case.now).unwrap();
        answer(decided, |it| (it.api_id, spelled(it.secret), it.ends), |it| it.name().into())
    });
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}

fn seconds(value: &Value) -> u64 {
    text(value).parse().unwrap()
}

fn bytes(value: &Value) -> Vec<u8> {
    base16ct::lower::decode_vec(text(value)).unwrap()
}

/// The name of an enum's case as in the WIT, from its `Debug` output: `BadApiId` or
/// `SecretSlot::Current`.
fn spelled(case: impl std::fmt::Debug) -> String {
    let spell = |(at, it): (usize, char)| match it {
        'A'..='Z' if at > 0 => format!("-{}", it.to_ascii_lowercase()),
        _ => it.to_ascii_lowercase().to_string(),
    };
    let name = format!("{case:?}");
    name.rsplit(':').next().unwrap().char_indices().map(spell).collect()
}
