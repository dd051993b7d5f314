//! The audit trail: who did what, and that an edit of it is found.

use crate::harness::World;
use serde_json::Value;

fn entries(world: &World, arguments: &[&str]) -> Vec<Value> {
    let list = world.done(&[&["audit", "list", "-o", "json"], arguments].concat());
    serde_json::from_str::<Value>(&list).unwrap().as_array().unwrap().clone()
}

fn acts(world: &World, arguments: &[&str]) -> Vec<String> {
    let text = |it: &Value| it.as_str().unwrap().to_owned();
    entries(world, arguments).iter().map(|it| format!("{} {}", text(&it["act"]), text(&it["api_id"]))).collect()
}

/// A hash that `audit verify` printed.
fn head(world: &World) -> String {
    world.done(&["audit", "verify"]).trim().rsplit(' ').next().unwrap().to_owned()
}

#[test]
fn each_act_is_an_entry_and_secrets_are_none() {
    let world = World::new();
    world.set_clock("2027-01-01 00:00:00");
    let token = world.create("my_app");
    let rotated = world.done(&["token", "rotate", "my_app", "-q"]);
    world.done(&["token", "rotate", "my_app", "--finish"]);
    let regenerated = world.regenerate("my_app");
    world.done(&["token", "update", "my_app", "--label", "team=web", "--expires", "1d", "--grant", "lookup:a"]);
    world.done(&["token", "disable", "my_app"]);
    world.done(&["token", "enable", "my_app"]);
    world.done(&["token", "delete", "my_app"]);
    let names = ["create", "rotate", "finish rotation", "regenerate", "update", "disable", "enable", "delete"];
    assert_eq!(acts(&world, &[]), names.map(|it| format!("{it} my_app")));
    let all = entries(&world, &[]);
    let update = &all[4];
    assert_eq!(update["at"], "2027-01-01T00:00:00Z");
    assert_eq!(
        (&update["number"], &update["outcome"], &update["request_id"]),
        (&5.into(), &"done".into(), &Value::Null)
    );
    let changed = serde_json::json!({
        "expires_at": [null, "2027-01-02T00:00:00Z"], "grants": [[], ["lookup:a"]], "labels": [{}, {"team": "web"}]
    });
    assert_eq!(update["changed"], changed);
    let uid = rustix::process::getuid().as_raw();
    assert!(update["actor"].as_str().unwrap().contains(&format!("uid {uid}")), "{update}");
    let both = world.done(&["audit", "list"]) + &world.done(&["audit", "list", "-o", "json"]);
    let hex = |it: &str| it.trim().split_once(':').unwrap().1.to_owned();
    let digests: Vec<String> = world
        .sqlite()
        .prepare("SELECT hex(former_digest) FROM token")
        .unwrap()
        .query_map([], |row| row.get(0))
        .unwrap()
        .map(Result::unwrap)
        .collect();
    assert!(digests.is_empty());
    for secret in [token, rotated, regenerated] {
        assert!(!both.contains(&hex(&secret)[..16]));
    }
}

#[test]
fn an_act_that_is_refused_is_an_entry_too() {
    let (world, _) = World::with_token("my_app");
    world.refused(&["token", "create", "my_app"], &["already exists"]);
    world.refused(&["token", "disable", "nobody"], &["No such API ID"]);
    world.done(&["token", "rotate", "my_app"]);
    world.refused(&["token", "rotate", "my_app"], &["was rotated already"]);
    let outcomes: Vec<_> = entries(&world, &[]).iter().map(|it| it["outcome"].as_str().unwrap().to_owned()).collect();
    assert_eq!(outcomes, ["done", "exists already", "no such API ID", "done", "rotated already"]);
    let table = world.done(&["audit", "list", "--api-id", "nobody"]);
    assert!(table.lines().count() == 3 && table.contains("no such API ID"), "{table}");
}

#[test]
fn the_list_is_filtered_by_api_id_and_time() {
    let world = World::new();
    world.set_clock("2027-01-01 00:00:00");
    world.create("a");
    world.set_clock("2027-01-02 00:00:00");
    world.create("b");
    world.set_clock("2027-01-03 00:00:00");
    assert_eq!(acts(&world, &["--api-id", "a"]), ["create a"]);
    let bad = world.run(&["audit", "list", "--api-id", "a b"]);
    let words = ["--api-id", "a b can't be an API ID"];
    assert!(bad.code == Some(2) && words.iter().all(|it| bad.stderr.contains(it)), "{}", bad.stderr);
    for since in ["2027-01-02", "2027-01-02T00:00:00Z", "1d"] {
        assert_eq!(acts(&world, &["--since", since]), ["create b"], "{since}");
    }
    assert_eq!(acts(&world, &["--since", "2027-01-02T00:00:01Z"]).len(), 0);
    assert_eq!(acts(&world, &["--since", "2d"]).len(), 2);
    let ran = world.run(&["audit", "list", "--since", "yesterday"]);
    let words = "use a length of time such as 7d (ago), a date such as 2027-01-31 (UTC)";
    assert!(ran.code == Some(2) && ran.stderr.contains("--since") && ran.stderr.contains(words), "{}", ran.stderr);
}

#[test]
fn verify_names_the_first_broken_entry() {
    for (edit, words) in [
        ("UPDATE audit SET actor = 'nobody' WHERE number = 2", "entry 2 was changed, or one before it was"),
        ("UPDATE audit SET changed = CAST(x'ff' AS TEXT) WHERE number = 2", "entry 2 was changed"),
        ("DELETE FROM audit WHERE number = 2", "entry 2 is missing"),
        ("DELETE FROM audit WHERE number = 3", "entries after 2 are missing"),
        ("DELETE FROM audit", "entries after 0 are missing"),
        ("DELETE FROM audit_ends", "its head is missing (table audit_ends)"),
    ] {
        let (world, _) = World::with_token("a");
        world.create("b");
        world.create("c");
        assert!(world.done(&["audit", "verify"]).starts_with("3 entries, none changed or missing; the last: number 3"));
        world.sqlite().execute_batch(edit).unwrap();
        world.refused(&["audit", "verify"], &["The audit trail has a fault: ", words]);
        let prune = world.run(&["audit", "prune", "--before", "0s"]);
        assert!(prune.code == Some(1) && prune.stderr.contains("nothing was removed"), "{}", prune.stderr);
    }
}

/// Without its ends, nothing can be added to the trail: no act is performed unseen.
#[test]
fn no_act_without_a_trail() {
    let (world, token) = World::with_token("my_app");
    world.sqlite().execute_batch("DELETE FROM audit_ends").unwrap();
    let ran = world.run(&["token", "disable", "my_app"]);
    assert!(ran.code == Some(3) && ran.stderr.contains("has lost the ends of its audit trail"), "{}", ran.stderr);
    assert_eq!(world.server().authorize(&token).status, 200, "nothing was changed");
}

#[test]
fn a_cut_tail_is_found_with_a_hash_that_was_noted_elsewhere() {
    let (world, _) = World::with_token("a");
    let before = world.backup();
    assert!(world.done(&["audit", "verify"]).starts_with("1 entry, neither changed nor missing; the last: number 1,"));
    world.create("b");
    let noted = head(&world);
    world.create("c");
    assert!(world.done(&["audit", "verify", "--from", &noted]).starts_with("3 entries"));
    // An older copy is a trail with its tail and its head cut: whole by itself.
    world.restore(&before);
    assert!(world.done(&["audit", "verify"]).starts_with("1 entry,") || head(&world) != noted);
    let words = ["The audit trail has a fault: ", &format!("no entry has the hash {noted}")];
    world.refused(&["audit", "verify", "--from", &noted], &words);
    for bad in ["", "abc", &"g".repeat(64), &format!("{noted}0")] {
        let ran = world.run(&["audit", "verify", "--from", bad]);
        assert!(ran.code == Some(2) && ran.stderr.contains("it has 64 hexadecimal digits"), "{}", ran.stderr);
    }
}

#[test]
fn a_pruned_trail_goes_on_from_what_is_kept() {
    let world = World::new();
    world.set_clock("2027-01-01 00:00:00");
    world.create("a");
    let old = head(&world);
    world.set_clock("2027-01-02 00:00:00");
    world.create("b");
    let kept = head(&world);
    world.set_clock("2027-01-03 00:00:00");
    assert_eq!(world.done(&["audit", "prune", "--before", "2027-01-01"]), "Removed 0 entries\n");
    assert_eq!(world.done(&["audit", "prune", "--before", "2027-01-02"]), "Removed 1 entry\n");
    assert_eq!(acts(&world, &[]), ["create b", "prune audit "]);
    assert_eq!(entries(&world, &[])[0]["number"], 2);
    assert!(world.done(&["audit", "verify", "--from", &kept]).starts_with("2 entries"));
    assert!(world.done(&["audit", "verify", "--from", &old]).starts_with("2 entries"), "it is what the rest follows");
    world.create("c");
    world.sqlite().execute_batch("DELETE FROM audit WHERE number = 2").unwrap();
    world.refused(&["audit", "verify"], &["entry 2 is missing"]);
    let ran = world.run(&["audit", "prune"]);
    assert!(ran.code == Some(2) && ran.stderr.contains("--before"), "{}", ran.stderr);
}
