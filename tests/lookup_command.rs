//! `jerakia lookup`: Jerakia 3's command line, on data of our own (tests/fixtures/lookup).

use crate::harness::{Lookups, Ran, World, fixtures};
use serde_json::{Value, json};
use std::fs;

/// Runs it on the fixtures.
fn run(world: &World, arguments: &[&str]) -> Ran {
    let mut command = world.command(&["lookup"]);
    command.env("JERAKIA_VARDIR", fixtures()).env("JERAKIA_POLICYDIR", fixtures().join("policy.d"));
    Ran::of(command.args(arguments).output().unwrap())
}

/// The output of a command that must succeed.
fn lookup(arguments: &[&str]) -> String {
    let ran = run(&World::new(), arguments);
    assert_eq!((ran.code, ran.stderr.as_str()), (Some(0), ""), "{arguments:?}");
    ran.stdout
}

/// The message of a command that is refused.
fn refused(arguments: &[&str], code: i32) -> String {
    let ran = run(&World::new(), arguments);
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(code), ""), "{arguments:?}: {}", ran.stderr);
    ran.stderr
}

fn parsed(json: &str) -> Value {
    serde_json::from_str(json).unwrap()
}

#[test]
fn a_scalar_is_bare_text_and_the_rest_is_json() {
    assert_eq!(lookup(&["port", "--namespace", "apache"]), "80\n");
    assert_eq!(lookup(&["logdir", "-n", "apache"]), "/srv/log\n");
    assert_eq!(lookup(&["off_switch", "-n", "apache"]), "false\n");
    assert_eq!(lookup(&["nothing", "-n", "apache"]), "\n");
    assert_eq!(lookup(&["modules", "-n", "apache"]), "[\n  \"from_10\"\n]\n");
    assert_eq!(lookup(&["port", "-n", "apache", "-o", "text"]), "80\n");
    assert_eq!(lookup(&["logdir", "-n", "apache", "-o", "json"]), "\"/srv/log\"\n");
    assert_eq!(lookup(&["nothing", "-n", "apache", "-o", "json"]), "null\n");
    assert_eq!(lookup(&["vhosts", "-n", "apache", "--output", "yaml"]), "8080: intern\n80: public\n");
    assert_eq!(parsed(&lookup(&["-n", "apache"]))["port"], 80, "all of the namespace");
    assert!(refused(&["port", "-n", "apache", "-o", "xml"], 2).contains("xml"));
}

/// Shells store the output, so nothing in it may be escaped.
#[test]
fn text_reaches_a_program_byte_for_byte() {
    let world = World::new();
    fs::create_dir_all(world.path().join("data/common")).unwrap();
    fs::write(world.path().join("data/common/tls.yaml"), "key: \"a\\tb\\r\\n\\e[1m\\u202Ec\"\n").unwrap();
    let mut command = world.command(&["lookup", "tls::key"]);
    command.env("JERAKIA_VARDIR", world.path()).env("JERAKIA_POLICYDIR", world.path());
    assert_eq!(Ran::of(command.output().unwrap()).stdout, "a\tb\r\n\u{1b}[1m\u{202e}c\n");
}

#[test]
fn a_key_can_name_its_namespace() {
    assert_eq!(lookup(&["apache::port"]), "80\n");
    assert_eq!(lookup(&["a::b::name"]), "common\n");
    assert_eq!(lookup(&["name", "-n", "a::b"]), "common\n", "Jerakia 3's separator");
    assert_eq!(lookup(&["name", "-n", "a/b"]), "common\n");
    assert_eq!(lookup(&["apache::port", "-n", "apache"]), "", "with -n, the key is taken as it is");
}

/// Neither -n nor ::, as in Jerakia 3: the files are those that the search path names.
#[test]
fn a_key_without_a_namespace_is_in_the_top_level_files() {
    let world = World::new();
    fs::create_dir_all(world.path().join("data/env")).unwrap();
    fs::write(world.path().join("data/common.yaml"), "port: 80\n").unwrap();
    fs::write(world.path().join("data/env/dev.yaml"), "port: 8080\n").unwrap();
    let lookup = |arguments: &[&str]| {
        let mut command = world.command(&[&["lookup"], arguments].concat());
        command.env("JERAKIA_VARDIR", world.path()).env("JERAKIA_POLICYDIR", world.path());
        Ran::of(command.output().unwrap()).stdout
    };
    assert_eq!(lookup(&["port"]), "80\n");
    assert_eq!(lookup(&["-d", "env:dev", "port"]), "8080\n");
    assert_eq!(lookup(&["-d", "env:dev", "-o", "yaml"]), "port: 8080\n", "all keys");
}

#[test]
fn metadata_is_given_once_or_often_before_or_after_the_key() {
    let web = ["-d", "env:dev", "hostname:web-01"];
    for arguments in [
        &["a::b::name", web[0], web[1], web[2]][..],
        &[web[0], web[1], web[2], "a::b::name"],
        &[web[0], web[1], web[2], "name", "-n", "a/b"],
        &["-d", "env:dev", "a::b::name", "-d", "hostname:web-01"],
        &["-d", "env:dev", "--metadata", "hostname:web-01", "--", "a::b::name"],
        &["--metadata=hostname:web-01", "a::b::name"],
        &["-d", "hostname:other", "-d", "hostname:web-01", "a::b::name"],
    ] {
        assert_eq!(lookup(arguments), "web-01\n", "{arguments:?}");
    }
    assert_eq!(lookup(&["a::b::name", "-d", "env:dev", "ip:::1", "url:http://h/"]), "dev\n", "colons in values");
    assert_eq!(lookup(&["a::b::name", "-d", "env:dev", "-s", "none"]), "common\n");
    let two = refused(&["a::b::name", "-d", "env:dev", "prod"], 2);
    assert!(two.contains("\"prod\" is not KEY:VALUE, and the key is \"a::b::name\""), "{two}");
    assert!(refused(&["a::b::name", "-d", "c::d"], 2).contains("\"c::d\" is not KEY:VALUE"));
}

#[test]
fn m_is_the_merge_type_and_an_unknown_one_is_refused() {
    let limits = ["a::b::limits", "-t", "cascade", "-d", "env:dev", "--no-schema"];
    for (flag, merge, time) in [
        ("-m", "hash", json!({"soft": 99})),
        ("--merge-type", "deep_hash", json!({"soft": 99, "hard": 20})),
        ("--merge_type", "hash", json!({"soft": 99})),
        ("--merge", "deep_hash", json!({"soft": 99, "hard": 20})),
    ] {
        let merged = lookup(&[&limits[..], &[flag, merge]].concat());
        assert_eq!(parsed(&merged)["time"], time, "{flag} {merge}");
    }
    for other in ["env:dev", "none", "Hash", ""] {
        let said = refused(&["a::b::name", "-m", other], 2);
        assert!(said.contains("use array, hash or deep_hash; metadata is -d KEY:VALUE"), "{said}");
    }
}

#[test]
fn schemas_apply_unless_the_request_says_otherwise() {
    let users = |flags: &[&str]| lookup(&[&["a::b::users", "-d", "env:dev"], flags].concat());
    let cascade = "[\n  \"dev\",\n  \"root\",\n  \"daemon\"\n]\n";
    for flags in [&[][..], &["--schema"], &["-S"], &["--no-schema", "--schema"]] {
        assert_eq!(users(flags), cascade, "{flags:?}");
    }
    assert_eq!(users(&["--no-schema"]), "dev\n");
    assert_eq!(users(&["--schema", "--no-schema"]), "dev\n");
}

#[test]
fn a_key_that_is_nowhere_is_no_error_unless_it_is_required() {
    for output in ["text", "json", "yaml"] {
        assert_eq!(lookup(&["nowhere", "-n", "apache", "-o", output]), "");
    }
    assert_eq!(lookup(&["-n", "nowhere"]), "");
    assert_eq!(refused(&["nowhere", "-n", "a::b", "--required"], 1), "No nowhere in namespace a/b\n");
    assert_eq!(refused(&["-n", "nowhere", "--required"], 1), "Nothing in namespace nowhere\n");
    assert_eq!(lookup(&["port", "-n", "apache", "--required"]), "80\n");
    assert!(refused(&["port", "-n", "apache", "-p", "misspelt"], 1).contains("misspelt.yaml"));
}

#[test]
fn the_scope_can_be_what_is_stored_on_the_server() {
    let lookups = Lookups::on_fixtures();
    let stored = lookups.put("/v1/scope/puppet/web-01", "Content-Type: application/json\r\n", br#"{"env":"dev"}"#);
    assert_eq!(stored.status, 200);
    let scope = |options: &[&str]| run(lookups.world(), &[&["a::b::name", "-s", "server"], options].concat());
    assert_eq!(scope(&["--scope-options", "realm:puppet", "identifier:web-01"]).stdout, "dev\n");
    assert_eq!(scope(&["--scope_options", "identifier:web-01", "--scope-options", "realm:puppet"]).stdout, "dev\n");
    let unknown = scope(&["--scope-options", "realm:puppet", "identifier:other"]);
    assert_eq!((unknown.code, unknown.stderr.as_str()), (Some(1), "No scope data found\n"));
    let incomplete = scope(&["--scope-options", "realm:puppet"]);
    assert_eq!(incomplete.code, Some(2));
    assert!(incomplete.stderr.contains("identifier:NAME"), "{}", incomplete.stderr);
    for other in ["yaml", "puppetdb"] {
        assert!(refused(&["a::b::name", "--scope", other], 2).contains("give the values as -d KEY:VALUE"));
    }
    assert!(refused(&["a::b::name", "--scope", "facts"], 2).contains("use metadata, none or server"));
}

#[test]
fn the_letters_of_jerakia_3_work() {
    let world = World::new();
    let file = world.path().join("other.yaml");
    fs::write(&file, format!("vardir: {}\n", fixtures().display())).unwrap();
    let path = file.to_str().unwrap();
    let with = |arguments: &[&str]| world.run(&[&["lookup", "apache::port"], arguments].concat());
    assert_eq!(with(&["-c", path]).stdout, "80\n");
    assert_eq!(with(&[]).stdout, "", "the configuration file says where the data is");
    assert!(with(&["-c", path, "-l", "debug"]).stderr.contains("looking up"));
    assert_eq!(with(&["-c", path, "--log-level", "info"]).stderr, "");
    assert_eq!(with(&["-c", path, "-l", "loud"]).code, Some(2));
    assert_eq!(world.done(&["version"]), concat!(env!("CARGO_PKG_VERSION"), "\n"));
}

/// Jerakia 3's policies are programs, and its data can be elsewhere: the built-in policy must
/// not replace one that a user wrote.
#[test]
fn a_policy_in_ruby_is_an_error_that_says_what_to_do() {
    let world = World::new();
    let policies = world.path().join("policy.d");
    fs::create_dir_all(&policies).unwrap();
    let lookup = |arguments: &[&str]| {
        let mut command = world.command(&["lookup", "apache::port"]);
        command.env("JERAKIA_VARDIR", fixtures()).env("JERAKIA_POLICYDIR", &policies).args(arguments);
        Ran::of(command.output().unwrap())
    };
    assert_eq!(lookup(&[]).stdout, "80\n", "the built-in policy");
    for name in ["default", "hiera"] {
        fs::write(policies.join(format!("{name}.rb")), "policy :default do\nend\n").unwrap();
        let ran = lookup(&["-p", name]);
        assert_eq!((ran.code, ran.stdout.as_str()), (Some(1), ""), "{name}");
        let named = format!("policy.d/{name}.rb can't be used: policies are YAML here, not Ruby: write {name}.yaml");
        assert!(ran.stderr.contains(&named) && ran.stderr.contains("docs/LOOKUPS.md#policies"), "{}", ran.stderr);
    }
    let (status, body) = Lookups::on(world.path()).json("/v1/lookup/port?namespace=apache");
    assert_eq!((status, &body["status"]), (501, &json!("failed")), "the server says the same: {body}");
    assert!(body["message"].as_str().unwrap().contains("write default.yaml beside it"), "{body}");
    let policy = "lookups: [{name: d, docroot: data, searchpath: [common]}]\n";
    fs::write(policies.join("default.yaml"), policy).unwrap();
    assert_eq!(lookup(&[]).stdout, "80\n", "translated");
}
