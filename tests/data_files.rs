//! Data files: changed under a running server, broken, linked, hostile and large.

use crate::harness::{Lookups, World};
use serde_json::json;
use std::fs;
use std::time::{Duration, SystemTime};

#[test]
fn files_that_change_break_and_heal_are_seen_without_a_restart() {
    let data = World::new();
    let file = data.path().join("data/common/ns.yaml");
    fs::create_dir_all(file.parent().unwrap()).unwrap();
    let lookups = Lookups::on(data.path());
    let get = || lookups.json("/v1/lookup/k?namespace=ns");
    assert_eq!(get().1["found"], false);
    for (text, expected) in [("k: 1", 1), ("k: 2", 2), ("k: 3", 3)] {
        fs::write(&file, text).unwrap(); // in place: the same size, and often the same clock tick
        assert_eq!(get().1["payload"], expected);
    }
    let next = data.path().join("next");
    fs::write(&next, "k: 4").unwrap();
    fs::rename(&next, &file).unwrap();
    assert_eq!(get().1["payload"], 4);
    fs::write(&file, "a: 1\nk: [1, 2").unwrap();
    let (status, body) = get();
    let message = body["message"].as_str().unwrap();
    assert_eq!(status, 501);
    assert!(message.contains("ns.yaml") && message.contains("line 2"), "{message}");
    fs::write(&file, "k: 5").unwrap();
    assert_eq!(get().1["payload"], 5);
    fs::remove_file(&file).unwrap();
    assert_eq!(get().1["found"], false);
}

/// Files are kept parsed once they have been unchanged for a while. Until then, changes are
/// seen because nothing is kept.
#[test]
fn a_file_that_was_kept_parsed_is_read_again_when_anything_of_it_changes() {
    let data = World::new();
    let common = data.path().join("data/common");
    fs::create_dir_all(&common).unwrap();
    let then = SystemTime::now() - Duration::from_secs(3600);
    let write = |name: &str, text: &str| {
        let path = common.join(name);
        fs::write(&path, text).unwrap();
        fs::File::options().write(true).open(&path).unwrap().set_modified(then).unwrap();
        path
    };
    // Each differs in one way: rewritten, longer, another file, and only the time of the
    // change.
    let files = ["mtime", "size", "inode", "content"].map(|it| write(&format!("{it}.yaml"), "k: 1"));
    let lookups = Lookups::on(data.path());
    std::thread::sleep(Duration::from_millis(250)); // time is what they have to be left alone for
    let get = |name: &str| lookups.payload(&format!("/v1/lookup/k?namespace={name}"));
    for _ in 0..2 {
        assert_eq!(["mtime", "size", "inode", "content"].map(get), [1, 1, 1, 1]);
    }
    fs::write(&files[0], "k: 2").unwrap();
    write("size.yaml", "k: 22");
    fs::rename(write("next", "k: 2"), &files[2]).unwrap();
    write("content.yaml", "k: 2");
    assert_eq!(["mtime", "size", "inode", "content"].map(get), [2, 22, 2, 2]);
}

#[test]
fn a_symbolic_link_out_of_the_data_is_refused_and_one_within_is_followed() {
    let data = World::new();
    let common = data.path().join("data/common");
    fs::create_dir_all(&common).unwrap();
    fs::write(data.path().join("outside.yaml"), "k: secret").unwrap();
    fs::write(common.join("real.yaml"), "k: 1").unwrap();
    for (target, name) in [("../../outside.yaml", "out"), ("/etc/passwd", "absolute"), ("real.yaml", "within")] {
        std::os::unix::fs::symlink(target, common.join(format!("{name}.yaml"))).unwrap();
    }
    let lookups = Lookups::on(data.path());
    assert_eq!(lookups.payload("/v1/lookup/k?namespace=within"), 1);
    assert_eq!(lookups.json("/v1/lookup/k?namespace=out").0, 400);
    assert_eq!(lookups.json("/v1/lookup/k?namespace=absolute").0, 400);
}

#[test]
fn bombs_are_refused_and_large_files_are_not() {
    let data = World::new();
    let common = data.path().join("data/common");
    fs::create_dir_all(&common).unwrap();
    let mut bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..12 {
        let alias = format!("*a{}", level - 1);
        bomb += &format!("a{level}: &a{level} [{}]\n", vec![alias; 10].join(", "));
    }
    fs::write(common.join("bomb.yaml"), bomb).unwrap();
    fs::write(common.join("deep.yaml"), format!("k: {}{}", "[".repeat(10_000), "]".repeat(10_000))).unwrap();
    let many: String = (0..100_000).map(|at| format!("key_{at}: {at}\n")).collect();
    fs::write(common.join("many.yaml"), many).unwrap();
    fs::write(common.join("large.yaml"), format!("k: {}\n", "x".repeat(10_000_000))).unwrap();

    let lookups = Lookups::on(data.path());
    for name in ["bomb", "deep"] {
        let (status, body) = lookups.json(&format!("/v1/lookup/k?namespace={name}"));
        assert_eq!((status, &body["status"]), (501, &json!("failed")), "{name}");
    }
    assert_eq!(lookups.payload("/v1/lookup/key_99999?namespace=many"), 99_999);
    assert_eq!(lookups.payload("/v1/lookup/k?namespace=large").as_str().unwrap().len(), 10_000_000);
}

/// Data that is nested, wide or anchored too much is refused, in YAML and in JSON; data just
/// within the bounds is not.
#[test]
fn hostile_files_are_refused_in_either_format() {
    let data = World::new();
    let common = data.path().join("data/common");
    fs::create_dir_all(&common).unwrap();
    fs::create_dir_all(data.path().join("policy.d")).unwrap();
    let json = "lookups: [{ name: j, docroot: data, format: json, searchpath: [common] }]";
    fs::write(data.path().join("policy.d/json.yaml"), json).unwrap();
    let lists = |levels: usize| format!("{}{}", "[".repeat(levels), "]".repeat(levels));
    // Each alias is one level deeper than the one before it.
    let chain = |levels: usize| {
        let links = (1..levels).map(|it| format!("a{it}: &a{it} [*a{}]\n", it - 1));
        format!("a0: &a0 [x]\n{}k: 1\n", links.collect::<String>())
    };
    let wide = format!("k: [{}[]]\n", "[],".repeat(4_000_000));
    let anchored: String = (0..40).map(|it| format!("a{it}: &a{it} '{}'\n", "x".repeat(1_000_000))).collect();
    for (name, text, part) in [
        ("deep.yaml", format!("k: {}\n", lists(64)), Some("deeper than 64 levels")),
        ("shallow.yaml", format!("k: {}\n", lists(63)), None),
        ("deep.json", format!("{{\"k\": {}}}", lists(64)), Some("deeper than 64 levels")),
        ("shallow.json", format!("{{\"k\": {}}}", lists(63)), None),
        ("deepest.json", format!("{{\"k\": {}}}", lists(1_000_000)), Some("deeper than 64 levels")),
        ("chain.yaml", chain(64), Some("deeper than 64 levels")),
        ("links.yaml", chain(63), None),
        ("wide.yaml", wide.clone(), Some("more than 128 MiB")),
        ("wide.json", format!("{{{}}}", wide.replace('k', "\"k\"")), Some("more than 128 MiB")),
        ("anchored.yaml", anchored, Some("anchors stand for too much")),
        ("number.yaml", format!("k: 1\nhex: 0x{}\n", "f".repeat(1_000_000)), None),
        ("long.yaml", format!("{}: 1\n", "k".repeat(2_000)), Some("line 1")),
        ("cut.yaml", "k: '\u{fffd}".into(), Some("line 1")),
    ] {
        fs::write(common.join(name), text).unwrap();
        let lookups = Lookups::on(data.path());
        let (namespace, extension) = name.split_once('.').unwrap();
        let policy = if extension == "json" { "json" } else { "default" };
        let (status, body) = lookups.json(&format!("/v1/lookup/k?namespace={namespace}&policy={policy}"));
        match part {
            None => assert_eq!((status, &body["found"]), (200, &json!(true)), "{name}: {body}"),
            Some(part) => {
                let message = body["message"].as_str().unwrap();
                assert!(status == 501 && message.contains(part) && message.contains(name), "{name}: {message}");
            }
        }
        fs::remove_file(common.join(name)).unwrap();
    }
}
