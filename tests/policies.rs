//! Policies: where lookups search, and under which conditions, as users of Jerakia 3 have them.

use crate::harness::{Lookups, World};
use serde_json::json;

#[test]
fn an_empty_namespace_is_the_files_that_the_search_path_names() {
    let data = World::with_files(&[
        ("data/common.yaml", "k: common\nboth: 1"),
        ("data/env/dev.yaml", "k: dev"),
        ("schema.json", r#"{"both": {"cascade": true}}"#),
    ]);
    let lookups = Lookups::on(data.path());
    for namespace in ["", "/", "//"] {
        assert_eq!(lookups.payload(&format!("/v1/lookup/k?namespace={namespace}")), "common");
        assert_eq!(lookups.payload(&format!("/v1/lookup/k?namespace={namespace}&metadata_env=dev")), "dev");
    }
    assert_eq!(lookups.payload("/v1/lookup/both?namespace="), 1, "and has no schema");
    assert_eq!(lookups.payload("/v1/lookup?namespace=&metadata_env=dev"), json!({"k": "dev", "both": 1}));
}

#[test]
fn an_absolute_search_path_stays_in_allowed_roots() {
    let (data, elsewhere) = (
        World::with_files(&[("data/in/ns.yaml", "k: in")]),
        World::with_files(&[("a/dev/ns.yaml", "k: out"), ("b/ns.yaml", "k: b")]),
    );
    let (root, out) = (data.path().display(), elsewhere.path().display());
    let policy = |name: &str, entry: &str, allowed: &str| {
        let text =
            format!("lookups: [{{ name: l, docroot: data, searchpath: ['{entry}'], allowed_roots: [{allowed}] }}]");
        data.write(&format!("policy.d/{name}.yaml"), &text);
    };
    policy("inside", &format!("{root}/data/in"), "");
    policy("allowed", &format!("{out}/a/%{{env}}"), &format!("'{out}/a'"));
    policy("refused", &format!("{out}/b"), &format!("'{out}/a'"));
    policy("beside", &format!("{out}/ab"), &format!("'{out}/a'"));
    policy("value", "%{env}", "");
    let lookups = Lookups::on(data.path());
    let path = |policy: &str, env: &str| format!("/v1/lookup/k?namespace=ns&policy={policy}&metadata_env={env}");
    assert_eq!(lookups.payload(&path("inside", "")), "in");
    assert_eq!(lookups.payload(&path("allowed", "dev")), "out");
    assert_eq!(lookups.failure(&path("allowed", "../b")).0, 400, "the client's doing");
    for name in ["refused", "beside"] {
        let (status, message) = lookups.failure(&path(name, ""));
        assert!(
            status == 501 && message.contains(&format!("{name}.yaml")) && message.contains("allowed_roots"),
            "{message}"
        );
    }
    assert_eq!(lookups.payload(&path("value", "in")), "in");
    assert_eq!(lookups.failure(&path("value", &format!("{root}/data/in"))).0, 400, "a value is never absolute");
    std::os::unix::fs::symlink("../b/ns.yaml", elsewhere.path().join("a/ns.yaml")).unwrap();
    assert_eq!(lookups.failure(&path("allowed", "")).0, 400, "a link out of the root");
}

#[test]
fn conditions_on_what_is_not_set_fail_or_do_nothing_and_slow_ones_are_stopped() {
    let data = World::with_files(&[
        ("one/ns.yaml", "k: one"),
        ("data/ns.yaml", "k: data"),
        (
            "policy.d/confine.yaml",
            "lookups: [{ name: a, docroot: one, searchpath: [''], confine: { scope.env: '.*' } }]",
        ),
        (
            "policy.d/exclude.yaml",
            "lookups: [{ name: a, docroot: one, searchpath: [''], exclude: { scope.env: '.*' } }]",
        ),
        (
            "policy.d/look.yaml",
            "lookups: [{ name: a, docroot: one, searchpath: [''], confine: { scope.env: '(?!prod).*' } }]",
        ),
        (
            "policy.d/slow.yaml",
            "lookups: [{ name: slow, docroot: one, searchpath: [''], confine: { scope.env: '(?=a)(a|aa|aaa)+(?<!c)b' } }]",
        ),
    ]);
    let lookups = Lookups::on(data.path());
    let path = |policy: &str, scope: &str| format!("/v1/lookup/k?namespace=ns&policy={policy}{scope}");
    for (policy, scope, takes_part) in [
        ("confine", "", false),
        ("confine", "&metadata_env=", true),
        ("exclude", "", true),
        ("exclude", "&metadata_env=", false),
        ("look", "&metadata_env=dev", true),
        ("look", "&metadata_env=prod", false),
    ] {
        assert_eq!(lookups.found(&path(policy, scope)), takes_part, "{policy} {scope}");
    }
    let (status, message) = lookups.failure(&path("slow", &format!("&metadata_env={}", "a".repeat(300))));
    assert!(status == 501 && message.contains("slow.yaml") && message.contains("too long"), "{message}");
    assert!(lookups.found(&path("slow", "&metadata_env=aab")));
}

#[test]
fn values_in_maps_of_the_scope_are_reachable() {
    let data = World::with_files(&[
        ("data/env/dev/ns.yaml", "k: dev"),
        ("data/common/ns.yaml", "k: common"),
        ("policy.d/default.yaml", "lookups: [{ name: a, docroot: data, searchpath: ['env/%{trusted.env}', common] }]"),
    ]);
    let lookups = Lookups::on(data.path());
    let stored = lookups.put("/v1/scope/r/i", "Content-Type: application/json\r\n", br#"{"trusted": {"env": "dev"}}"#);
    assert_eq!(stored.status, 200);
    let server = "&scope=server&scope_realm=r&scope_identifier=i";
    assert_eq!(lookups.payload(&format!("/v1/lookup/k?namespace=ns{server}")), "dev");
    assert_eq!(lookups.payload("/v1/lookup/k?namespace=ns&metadata_trusted.env=dev"), "dev");
    assert_eq!(lookups.payload("/v1/lookup/k?namespace=ns&metadata_trusted=dev"), "common");
}
