//! Compares this server's answers with recorded ones of Jerakia 3.0
//! (tests/fixtures/jerakia-3-lookups). Each difference is named here, and in docs/LOOKUPS.md.

use crate::harness::{Lookups, World};
use base64ct::{Base64, Encoding as _};
use serde_json::{Value, json};
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Paths whose answers differ, and why.
const OTHER_LOOKUPS: &[(&str, &str)] = &[
    ("/v1/lookup/k?namespace=badmerge&metadata_env=dev", WRONG_SCHEMA),
    ("/v1/lookup?namespace=badmerge&metadata_env=dev", WRONG_SCHEMA),
    ("/v1/lookup/k?namespace=..&use_schema=false", OUTSIDE),
    ("/v1/lookup/k?namespace=../common/t2&use_schema=false", OUTSIDE),
    ("/v1/lookup/k?namespace=t2/../t2&use_schema=false", OUTSIDE),
    ("/v1/lookup/s?namespace=t&use_schema=false&metadata_env=d/../dev", OUTSIDE),
];

const WRONG_SCHEMA: &str = "a schema's merge that is none is an error, and no null";
const OUTSIDE: &str = "`..` is refused, wherever it would lead";

/// YAML documents whose answers differ, and why.
const OTHER_YAML: &[(&str, &str)] = &[
    ("d015", "only a comment: nothing is found, instead of an internal error"),
    ("d048", "a map can't be a key: Jerakia 3 makes a text of it, as Ruby writes maps"),
    ("d078", "a surrogate pair of escapes is the character that it stands for, instead of an error"),
    ("s056", SEXAGESIMAL),
    ("s059", SEXAGESIMAL),
    ("s062", SEXAGESIMAL),
    ("s065", SEXAGESIMAL),
    ("s071", DATE),
    ("s074", DATE),
    ("s077", DATE),
    ("s158", "Ruby's own tags are not followed"),
    ("x007", "U+0085 is a character like others, as in YAML 1.2, and ends no line"),
    ("z029", SEXAGESIMAL),
];

const SEXAGESIMAL: &str = "sexagesimal numbers stay text";
const DATE: &str = "dates and times stay text as they are written";

fn recorded() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/fixtures/jerakia-3-lookups")
}

fn entries(file: &str) -> Vec<Value> {
    serde_json::from_slice(&fs::read(recorded().join(file)).unwrap()).unwrap()
}

/// The request that a client would send.
fn encoded(path: &str) -> String {
    let plain = |it: u8| it.is_ascii_graphic();
    path.bytes().map(|it| if plain(it) { char::from(it).to_string() } else { format!("%{it:02X}") }).collect()
}

/// Fails unless exactly the known differences occur.
fn assert_known(differ: &[(String, String)], known: &[(&str, &str)]) {
    let differs = |name: &str| differ.iter().any(|(it, _)| it == name);
    let unknown: Vec<_> = differ.iter().filter(|(name, _)| !known.iter().any(|(it, _)| it == name)).collect();
    let gone: Vec<_> = known.iter().filter(|(name, _)| !differs(name)).collect();
    assert!(known.iter().all(|(_, why)| !why.is_empty()));
    assert!(unknown.is_empty(), "{} differ and should not: {unknown:#?}", unknown.len());
    assert!(gone.is_empty(), "no difference any more: {gone:#?}");
}

#[test]
fn lookups_are_answered_as_jerakia_3_answered_them() {
    let lookups = Lookups::on(&recorded());
    let mut differ = Vec::new();
    for entry in entries("lookups.json") {
        let path = entry["path"].as_str().unwrap();
        let (status, body) = lookups.json(&encoded(path));
        if (status, &body["found"], &body["payload"]) != (200, &entry["found"], &entry["payload"]) {
            differ.push((path.to_owned(), format!("{body} instead of {}", entry["payload"])));
        }
    }
    assert_known(&differ, OTHER_LOOKUPS);
}

#[test]
fn yaml_is_read_as_jerakia_3_read_it() {
    let data = World::new();
    let common = data.path().join("data/common");
    fs::create_dir_all(&common).unwrap();
    let entries = entries("yaml.json");
    for entry in &entries {
        let text = Base64::decode_vec(entry["yaml_base64"].as_str().unwrap()).unwrap();
        fs::write(common.join(format!("{}.yaml", entry["name"].as_str().unwrap())), text).unwrap();
    }
    let lookups = Lookups::on(data.path());
    let mut differ = Vec::new();
    for entry in &entries {
        let name = entry["name"].as_str().unwrap();
        let (status, body) = lookups.json(&format!("/v1/lookup/k?namespace={name}"));
        let same = match entry["status"].as_u64() {
            Some(200) => (status, &body["found"], &body["payload"]) == (200, &entry["found"], &entry["payload"]),
            _ => status != 200,
        };
        if !same {
            differ.push((name.to_owned(), format!("{body} instead of {} {}", entry["status"], entry["payload"])));
        }
    }
    assert_known(&differ, OTHER_YAML);
}

/// Psych's dates, times and sexagesimal numbers stay text.
const OTHER_SCALARS: [&str; 7] =
    ["12:30:45", "-1:30", "1:30.5", "22:22", "2020-1-1", "2020-01-01 12:00:00", "2020-01-01T12:00:00Z"];

/// Whether a scalar has the same value within brackets.
fn is_flow(scalar: &str) -> bool {
    !scalar.is_empty() && !scalar.contains([',', '{', '}', ':', '!'])
}

/// A server's answers for scalars, in one file each.
fn resolved(scalars: &[String]) -> Vec<Option<Value>> {
    let data = World::new();
    let common = data.path().join("data/common");
    fs::create_dir_all(&common).unwrap();
    for (at, scalar) in scalars.iter().enumerate() {
        let flow = if is_flow(scalar) { scalar } else { "1" };
        let text = format!("ok: 1\nk: {scalar}\nl:\n- {scalar}\nf: [{flow}]\nm:\n  ? {scalar}\n  : 1\n");
        fs::write(common.join(format!("n{at}.yaml")), text).unwrap();
    }
    let lookups = Lookups::on(data.path());
    let mut client = lookups.server.client();
    let header = format!("X-Authentication: {}\r\n", lookups.token);
    let mut get = |key: &str, at: usize| {
        let response = client.get(&format!("/v1/lookup/{key}?namespace=n{at}"), &header);
        let body: Value = serde_json::from_slice(&response.body).unwrap();
        (response.status == 200).then(|| body["payload"].clone())
    };
    let mut all = Vec::new();
    for (at, scalar) in scalars.iter().enumerate() {
        let value = get("k", at);
        assert_eq!(get("l", at), value.as_ref().map(|it| json!([it])), "{scalar} in a list");
        if let Some(value) = &value {
            let flow = if is_flow(scalar) { value.clone() } else { json!(1) };
            assert_eq!(get("f", at), Some(json!([flow])), "[{scalar}]");
            let key = match value {
                Value::Null => String::new(),
                Value::String(text) => text.clone(),
                other => other.to_string(),
            };
            let keys = get("m", at).unwrap_or_default();
            let keys: Vec<_> = keys.as_object().unwrap().keys().cloned().collect();
            assert!(keys == [key.clone()] || value.is_f64(), "{scalar} as a key: {keys:?}, not {key:?}");
        }
        all.push(value);
    }
    all
}

fn psych() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/fixtures/psych")
}

fn table() -> Vec<Value> {
    serde_json::from_slice(&fs::read(psych().join("scalars.json")).unwrap()).unwrap()
}

#[test]
fn scalars_are_what_psych_makes_of_them() {
    let table = table();
    let scalars: Vec<_> = table.iter().map(|it| it["scalar"].as_str().unwrap().to_owned()).collect();
    assert!(scalars.len() >= 60);
    let mut differ = Vec::new();
    for (ours, entry) in resolved(&scalars).into_iter().zip(&table) {
        if ours.as_ref() != entry.get("payload") {
            differ.push((entry["scalar"].as_str().unwrap(), ours, entry.get("payload")));
        }
    }
    let others: Vec<_> = differ.iter().map(|(scalar, ..)| *scalar).collect();
    let mut expected = OTHER_SCALARS.to_vec();
    expected.sort_by_key(|it| scalars.iter().position(|scalar| scalar == it));
    assert_eq!(others, expected, "{differ:#?}");
}

/// Psych itself, if Ruby is installed.
fn ask_psych(scalars: &[String]) -> Option<Vec<Value>> {
    let mut ruby = Command::new("ruby")
        .arg(psych().join("answers.rb"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .ok()?;
    ruby.stdin.take().unwrap().write_all(&serde_json::to_vec(scalars).unwrap()).unwrap();
    let output = ruby.wait_with_output().unwrap();
    output.status.success().then(|| serde_json::from_slice(&output.stdout).unwrap())
}

/// Short texts composed of parts of numbers, words and symbols: the same in each run.
fn made_up(count: usize) -> Vec<String> {
    let mut state = 1_u64;
    let mut next = |below: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(state >> 33).unwrap() % below
    };
    let pieces =
        ["0", "1", "7", "8", ".", ",", "_", "+", "-", "e", "E", "x", "b", "o", "a", "0x", "e+", ".5", "no", "~", "f"];
    (0..count).map(|_| (0..=next(6)).map(|_| pieces[next(pieces.len())]).collect()).collect()
}

#[test]
fn scalars_are_what_psych_makes_of_them_now() {
    let table = table();
    let scalars: Vec<_> = table.iter().map(|it| it["scalar"].as_str().unwrap().to_owned()).collect();
    let Some(now) = ask_psych(&scalars) else {
        println!("skipped: there is no ruby with its yaml, json and date");
        return;
    };
    assert_eq!(now, table, "tests/fixtures/psych/scalars.json is what Psych says");
    let made_up = made_up(1_000);
    let theirs = ask_psych(&made_up).unwrap();
    for ((scalar, ours), theirs) in made_up.iter().zip(resolved(&made_up)).zip(theirs) {
        if theirs["class"] != "Psych::SyntaxError" {
            assert_eq!(ours.as_ref(), theirs.get("payload"), "{scalar}");
        }
    }
}
