//! Descriptions, labels, the output of `token show`, and the filters of the list.

use crate::harness::World;
use serde_json::{Value, json};

fn json_of(world: &World, arguments: &[&str]) -> Value {
    serde_json::from_str(&world.done(&[&["token"], arguments, &["-o", "json"]].concat())).unwrap()
}

fn listed(world: &World, arguments: &[&str]) -> Vec<String> {
    let list = json_of(world, &[&["list"], arguments].concat());
    list.as_array().unwrap().iter().map(|it| it["api_id"].as_str().unwrap().to_owned()).collect()
}

/// Three tokens: `ansible` of ops, used a year ago; `puppet` of ops, new; `web`, never used.
fn three() -> World {
    let world = World::new();
    world.set_clock("2026-01-01 00:00:00");
    world.done(&["token", "create", "ansible", "-q", "--label", "team=ops", "--label", "env=prod"]);
    world.done(&["token", "create", "web", "-q", "--label", "team=web", "--expires", "400d"]);
    world.set_last_seen("ansible", 1_767_312_000); // 2026-01-02 00:00:00
    world.set_clock("2027-01-01 00:00:00");
    world.done(&["token", "create", "puppet", "-q", "--label", "team=ops", "--expires", "30d"]);
    world
}

#[test]
fn show_has_all_that_create_and_update_were_given() {
    let world = World::new();
    world.set_clock("2027-01-01 00:00:00");
    let flags =
        ["--description", "The shop, née web", "--label", "team=web", "--label", "env=prod=1", "--grant", "lookup:a"];
    world.done(&[&["token", "create", "my_app", "-q", "--expires", "1d"][..], &flags].concat());
    let expected = json!({
        "api_id": "my_app", "status": "active", "description": "The shop, née web",
        "labels": {"env": "prod=1", "team": "web"}, "grants": ["lookup:a"],
        "created_at": "2027-01-01T00:00:00Z", "issued_at": "2027-01-01T00:00:00Z",
        "expires_at": "2027-01-02T00:00:00Z", "last_seen": null, "last_address": null, "previous": null,
    });
    assert_eq!(json_of(&world, &["show", "my_app"]), expected);
    let table = "\
API Identifier   my_app
Status           active
Description      The shop, née web
Labels           env=prod=1
                 team=web
Grants           lookup:a
Created          2027-01-01 00:00:00
Issued           2027-01-01 00:00:00
Expires          2027-01-02 00:00:00
Last Seen        never
";
    assert_eq!(world.done(&["token", "show", "my_app"]), table);
    world.done(&["token", "update", "my_app", "--description", "", "--label", "team=ops"]);
    let shown = json_of(&world, &["show", "my_app"]);
    assert_eq!([&shown["description"], &shown["labels"]], [&json!(""), &json!({"team": "ops"})]);
    assert_eq!([&shown["grants"], &shown["expires_at"]], [&json!(["lookup:a"]), &json!("2027-01-02T00:00:00Z")]);
    world.done(&["token", "update", "my_app", "--no-labels", "--no-grants", "--expires", "never"]);
    let shown = json_of(&world, &["show", "my_app"]);
    assert_eq!([&shown["labels"], &shown["grants"], &shown["expires_at"]], [&json!({}), &json!([]), &Value::Null]);
    world.refused(&["token", "show", "nobody"], &["No such API ID nobody"]);
    world.refused(&["token", "update", "nobody", "--description", "x"], &["No such API ID nobody"]);
}

#[test]
fn the_list_is_filtered_by_labels_use_and_status() {
    let world = three();
    world.done(&["token", "disable", "web"]);
    for (flags, api_ids) in [
        (&["--label", "team=ops"][..], &["ansible", "puppet"][..]),
        (&["--label", "team=ops", "--label", "env=prod"], &["ansible"]),
        (&["--label", "team=OPS"], &[]),
        (&["--unused", "90d"], &["ansible", "web"]),
        (&["--unused", "364d"], &["web"]), // ansible was seen 364 days ago to the second
        (&["--unused", "363d"], &["ansible", "web"]),
        (&["--unused", "366d"], &[]),
        (&["--status", "disabled"], &["web"]),
        (&["--status", "active"], &["ansible", "puppet"]),
        (&["--status", "disabled", "--status", "active"], &["ansible", "puppet", "web"]),
        (&["--status", "expired"], &[]),
        (&["--status", "active", "--unused", "90d", "--label", "team=ops"], &["ansible"]),
    ] {
        assert_eq!(listed(&world, flags), api_ids, "{flags:?}");
    }
    world.set_clock("2027-02-05 00:00:00");
    assert_eq!(listed(&world, &["--status", "expired"]), ["puppet"], "web has ended, too, but is disabled");
}

#[test]
fn the_list_is_sorted_with_what_has_no_such_time_first() {
    let world = three();
    for (sort, api_ids) in [
        ("api_id", ["ansible", "puppet", "web"]),
        ("created_at", ["ansible", "web", "puppet"]),
        ("expires_at", ["ansible", "puppet", "web"]),
        ("last_seen", ["puppet", "web", "ansible"]),
    ] {
        assert_eq!(listed(&world, &["--sort", sort]), api_ids, "{sort}");
    }
    let table = world.done(&["token", "list", "--sort", "last_seen"]);
    assert!(table.lines().nth(4).unwrap().starts_with("ansible              2026-01-02 00:00:00"), "{table}");
}

#[test]
fn bad_attributes_are_refused_with_the_flag_and_what_it_takes() {
    let (world, _) = World::with_token("my_app");
    let long = "x".repeat(1025);
    let key = format!("{}=1", "k".repeat(64));
    let value = format!("k={}", "v".repeat(256));
    let labels: Vec<_> = (0..33).map(|it| format!("k{it}=v")).collect();
    let many: Vec<_> = labels.iter().flat_map(|it| ["--label", it]).collect();
    for (flags, words) in [
        (&["--description", &long][..], "the description has 1025 bytes: at most 1024 fit"),
        (&["--description", "a\nb"], "use one line of text"),
        (&["--label", "team"], "write it as key=value"),
        (&["--label", "=x"], "use 1 to 63 of the characters"),
        (&["--label", &key], "use 1 to 63 of the characters"),
        (&["--label", &value], "use at most 255 bytes without control characters"),
        (&many, "--label: a token can have at most 32 labels"),
        (&["--label", "a=b", "--no-labels"], "cannot be used with"),
        (&["--label", "a=b", "--label", "a=c"], "--label: the label a occurs twice"),
    ] {
        for command in ["create", "update"] {
            let ran = world.run(&[&["token", command, "my_app"], flags].concat());
            assert_eq!(ran.code, Some(2), "{flags:?}: {}", ran.stderr);
            assert!(ran.stderr.contains(flags[0]) && ran.stderr.contains(words), "{}", ran.stderr);
        }
    }
    for (flags, words) in [
        (["--status", "Active"], "use disabled, expired, imported or active"),
        (["--unused", "90"], "use a number and one of s, m, h, d, w, such as 90d, up to 36500d"),
        (["--expiring", "soon"], "use a number and one of s, m, h, d, w"),
        (["--sort", "name"], "api_id, created_at, expires_at, last_seen"),
        (["--label", "team"], "write it as key=value"),
    ] {
        let ran = world.run(&["token", "list", flags[0], flags[1]]);
        assert_eq!(ran.code, Some(2), "{}", ran.stderr);
        assert!(ran.stderr.contains(flags[0]) && ran.stderr.contains(words), "{}", ran.stderr);
    }
    let ran = world.run(&["token", "update", "my_app"]);
    assert!(ran.code == Some(2) && ran.stderr.contains("there is nothing to change: use --expires"), "{}", ran.stderr);
    let shown = json_of(&world, &["show", "my_app"]);
    assert_eq!([&shown["description"], &shown["labels"]], [&json!(""), &json!({})], "nothing was changed");
}

#[test]
fn control_characters_in_the_database_are_escaped() {
    let (world, _) = World::with_token("web");
    let sql = "UPDATE token SET description = ?1, grants = ?1, labels = json_object('k', ?1)";
    world.sqlite().execute(sql, ["\u{1b}[2J"]).unwrap();
    let printed = world.done(&["token", "show", "web"]);
    assert!(!printed.contains('\u{1b}') && printed.matches("\\u{1b}[2J").count() == 3, "{printed:?}");
    assert!(!world.done(&["token", "show", "web", "-o", "json"]).contains('\u{1b}'));
    world.refused(&["token", "explain", "web", "lookup:a"], &["No grant of web permits lookup:a"]);
}
