//! Runs the shared vectors through the packaged crate.

use jerakia_core::{Secret, SecretSlot, Status, TokenRecord, authorize, issue, lookup_key};
use serde_json::{Value, json};

fn main() {
    let vectors: Value = serde_json::from_str(include_str!("../tokens.json")).unwrap();
    let mut count = 0;
    for (function, answer) in
        [("issue", issued as fn(&Value) -> Value), ("lookup_key", looked_up), ("authorize", authorized)]
    {
        for case in vectors[function].as_array().unwrap() {
            for (name, value) in answer(case).as_object().unwrap() {
                assert_eq!(value, &case[name], "{function}: {}", case["name"]);
            }
            count += 1;
        }
    }
    assert!(count > 300, "only {count} vectors");
    println!("Rust: {count} vectors passed");
}

fn issued(case: &Value) -> Value {
    match issue(text(&case["api_id"]), &bytes(&case["entropy"])) {
        Ok(issued) => json!({ "token": issued.token.as_str(), "digest": base16ct::lower::encode_string(&issued.digest) }),
        Err(refusal) => json!({ "refusal": in_kebab_case(refusal) }),
    }
}

fn looked_up(case: &Value) -> Value {
    json!({ "key": lookup_key(&bytes(&case["credential"])) })
}

fn authorized(case: &Value) -> Value {
    let stored = &case["stored"];
    let (current, former) = (bytes(&stored["current"]["digest"]), bytes(&stored["former"]["digest"]));
    let record = TokenRecord {
        api_id: text(&stored["api_id"]),
        status: match text(&stored["status"]) {
            "active" => Status::Active,
            "disabled" => Status::Disabled,
            "absent" => Status::Absent,
            other => panic!("no status: {other}"),
        },
        current: Secret { digest: &current, ends: seconds(&stored["current"]["ends"]) },
        former: Secret { digest: &former, ends: seconds(&stored["former"]["ends"]) },
        ends: seconds(&stored["ends"]),
        grants: text(&stored["grants"]),
    };
    match authorize(&bytes(&case["credential"]), &record, text(&case["permission"]), seconds(&case["now"])) {
        Ok(grant) => {
            let secret = match grant.secret {
                SecretSlot::Current => "current",
                SecretSlot::Former => "former",
            };
            json!({ "grant": { "api_id": grant.api_id, "secret": secret, "ends": grant.ends.to_string() } })
        }
        Err(refusal) => json!({ "refusal": in_kebab_case(refusal) }),
    }
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}

fn bytes(hex: &Value) -> Vec<u8> {
    base16ct::lower::decode_vec(text(hex)).unwrap()
}

fn seconds(value: &Value) -> u64 {
    text(value).parse().unwrap()
}

/// The name of an enum's case, as the vectors spell it.
fn in_kebab_case(refusal: impl std::fmt::Debug) -> String {
    let mut name = String::new();
    for letter in format!("{refusal:?}").chars() {
        if letter.is_uppercase() && !name.is_empty() {
            name.push('-');
        }
        name.push(letter.to_ascii_lowercase());
    }
    name
}
