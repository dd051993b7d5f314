//! Lookups over HTTP: the original's API on data of our own (tests/fixtures/lookup).

use crate::harness::{Response, Server, World};
use serde_json::{Value, json};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/fixtures/lookup")
}

/// A server on data in `vardir`, and a client with a token.
pub struct Lookups {
    world: World,
    pub server: Server,
    pub token: String,
}

impl Lookups {
    fn on(vardir: &Path) -> Self {
        let (world, token) = World::with_token("my_app");
        let mut command = world.command(&["server", "--port", "0"]);
        command.env("JERAKIA_VARDIR", vardir).env("JERAKIA_POLICYDIR", vardir.join("policy.d"));
        Self { server: Server::start(command), world, token }
    }

    pub fn on_fixtures() -> Self {
        Self::on(&fixtures())
    }

    fn get(&self, path: &str) -> Response {
        self.server.client().get(path, &format!("X-Authentication: {}\r\n", self.token))
    }

    fn json(&self, path: &str) -> (u16, Value) {
        let response = self.get(path);
        (response.status, serde_json::from_slice(&response.body).unwrap())
    }

    /// The payload of a key that must be found.
    fn payload(&self, path: &str) -> Value {
        let (status, body) = self.json(path);
        assert_eq!((status, &body["status"], &body["found"]), (200, &json!("ok"), &json!(true)), "{path}: {body}");
        body["payload"].clone()
    }

    fn put(&self, path: &str, headers: &str, body: &[u8]) -> Response {
        let (token, length) = (&self.token, body.len());
        let head = format!("PUT {path} HTTP/1.1\r\nHost: h\r\nX-Authentication: {token}\r\n{headers}");
        let mut request = format!("{head}Content-Length: {length}\r\n\r\n").into_bytes();
        request.extend(body);
        self.server.client().send(request)
    }
}

#[test]
fn the_most_specific_file_that_has_the_key_wins() {
    let lookups = Lookups::on_fixtures();
    let name = |scope: &str| lookups.payload(&format!("/v1/lookup/name?namespace=a/b{scope}"));
    assert_eq!(name(""), "common");
    assert_eq!(name("&metadata_env=dev"), "dev");
    assert_eq!(name("&metadata_env=prod"), "common");
    assert_eq!(name("&metadata_env=dev&metadata_hostname=web-01"), "web-01");
    assert_eq!(name("&metadata_env=dev&scope=none"), "common");
}

#[test]
fn a_key_is_found_or_not_and_may_be_null() {
    let lookups = Lookups::on_fixtures();
    assert_eq!(lookups.payload("/v1/lookup/nothing?namespace=apache"), Value::Null);
    assert_eq!(lookups.payload("/v1/lookup/off_switch?namespace=apache"), false);
    let nowhere = json!({"status": "ok", "found": false, "payload": null});
    for path in ["/v1/lookup/nowhere?namespace=apache", "/v1/lookup/x?namespace=nowhere", "/v1/lookup?namespace=x/y"] {
        assert_eq!(lookups.json(path), (200, nowhere.clone()), "{path}");
    }
    assert_eq!(lookups.json("/v1/lookup/x?namespace=nowhere&lookup_type=cascade"), (200, nowhere));
}

#[test]
fn a_cascade_merges_most_specific_first() {
    let lookups = Lookups::on_fixtures();
    let cascade = |key: &str, merge: &str| {
        let scope = "metadata_env=dev&metadata_hostname=web-01&use_schema=false";
        lookups.payload(&format!("/v1/lookup/{key}?namespace=a/b&lookup_type=cascade&merge={merge}&{scope}"))
    };
    assert_eq!(cascade("users", "array"), json!(["web", "dev", "root", "daemon"]));
    assert_eq!(cascade("limits", "hash"), json!({"files": 4096, "time": {"soft": 99}}));
    assert_eq!(cascade("limits", "deep_hash"), json!({"files": 4096, "time": {"soft": 99, "hard": 20}}));
}

#[test]
fn a_schema_says_how_a_key_is_looked_up() {
    let lookups = Lookups::on_fixtures();
    let dev = "namespace=a/b&metadata_env=dev";
    assert_eq!(lookups.payload(&format!("/v1/lookup/users?{dev}")), json!(["dev", "root", "daemon"]));
    assert_eq!(lookups.payload(&format!("/v1/lookup/limits?{dev}"))["time"], json!({"soft": 99, "hard": 20}));
    assert_eq!(lookups.payload(&format!("/v1/lookup/http_port?{dev}")), 80);
    assert_eq!(lookups.payload(&format!("/v1/lookup/users?{dev}&use_schema=false")), "dev");
}

#[test]
fn fragments_are_read_after_their_file_in_the_order_of_their_names() {
    let lookups = Lookups::on_fixtures();
    assert_eq!(lookups.payload("/v1/lookup/logdir?namespace=apache"), "/srv/log");
    assert_eq!(lookups.payload("/v1/lookup/modules?namespace=apache"), json!(["from_10"]));
    let all = lookups.payload("/v1/lookup?namespace=apache");
    assert_eq!(
        (&all["port"], &all["logdir"], &all["vhosts"]["8080"]),
        (&json!(80), &json!("/srv/log"), &json!("intern"))
    );
}

#[test]
fn conditions_decide_which_lookups_take_part_and_stop_ends_them() {
    let lookups = Lookups::on_fixtures();
    let get = |key: &str, env: &str| lookups.json(&format!("/v1/lookup/{key}?namespace=apps&metadata_env={env}")).1;
    assert_eq!(get("port", "dev")["payload"], 3000);
    assert_eq!(get("only_here", "dev")["found"], false, "stopped");
    assert_eq!(get("secret_key", "dev")["payload"], "from data", "excluded");
    for env in ["prod", "development", "xdev", ""] {
        assert_eq!(get("port", env)["payload"], 1, "{env}");
    }
    assert_eq!(lookups.payload("/v1/lookup/name?namespace=a/b&policy=flat"), "common");
}

#[test]
fn integer_keys_survive_in_message_pack() {
    let lookups = Lookups::on_fixtures();
    let headers = format!("X-Authentication: {}\r\nContent-Type: application/x-msgpack\r\n", lookups.token);
    let response = lookups.server.client().get("/v1/lookup/vhosts?namespace=apache", &headers);
    let expected = b"\x83\xa6status\xa2ok\xa5found\xc3\xa7payload\x82\xcd\x1f\x90\xa6intern\x50\xa6public";
    assert_eq!(response.body, expected);
}

#[test]
fn bad_requests_are_said_to_be_so() {
    let lookups = Lookups::on_fixtures();
    let failed = |path: &str, status: u16, part: &str| {
        let (got, body) = lookups.json(path);
        assert_eq!((got, &body["status"]), (status, &json!("failed")), "{path}: {body}");
        assert!(body["message"].as_str().unwrap().contains(part), "{path}: {body}");
    };
    failed("/v1/lookup/port", 400, "Must include parameter namespace in request");
    failed("/v1/lookup", 400, "Must include parameter namespace in request");
    failed("/v1/lookup/port?namespace=apache&lookup_type=all", 400, "lookup_type must be");
    failed("/v1/lookup/port?namespace=apache&merge=all", 400, "merge must be");
    failed("/v1/lookup/port?namespace=apache&scope=puppetdb", 400, "scope must be");
    failed("/v1/lookup/port?namespace=apache&scope=server", 400, "scope_realm");
    failed("/v1/lookup/port?namespace=apache&policy=nope", 501, "No such policy nope");
    failed("/v1/lookup/port?namespace=apache&policy=misspelt", 501, "line 3, column 5");
    for namespace in ["..", "a/../b", "%2e%2e", "a%00b", ".", "../data/common", ""] {
        failed(&format!("/v1/lookup/x?namespace={namespace}"), 400, "out of the data directory");
    }
    for scope in ["..", "../../x", "x/../../y", "a%00", "."] {
        failed(&format!("/v1/lookup/x?namespace=apache&metadata_env={scope}"), 400, "out of the data directory");
    }
    failed("/v1/lookup/x?namespace=apache&policy=../policy.d/flat", 400, "policy");
    lookups.server.wait_for_log("lead out of the data directory");
}

#[test]
fn another_content_type_is_refused_and_so_is_no_token() {
    let lookups = Lookups::on_fixtures();
    let path = "/v1/lookup/port?namespace=apache";
    let headers = format!("X-Authentication: {}\r\nContent-Type: text/xml\r\n", lookups.token);
    let response = lookups.server.client().get(path, &headers);
    assert_eq!((response.status, response.text()), (415, "Content type text/xml not supported"));
    for path in [path, "/v1/lookup", "/v1/scope/a/b", "/v1/scope/a/b/uuid"] {
        assert_eq!(lookups.server.client().get(path, "").status, 401, "{path}");
    }
}

#[test]
fn scope_data_is_stored_and_looked_up_with() {
    let lookups = Lookups::on_fixtures();
    let path = "/v1/scope/puppet/web-01.example.org";
    assert_eq!(lookups.json(path), (404, json!({"status": "failed", "message": "No scope data found"})));
    let stored = |body: &str| {
        let response = lookups.put(path, "Content-Type: application/json\r\n", body.as_bytes());
        assert_eq!(response.status, 200, "{}", response.text());
        serde_json::from_slice::<Value>(&response.body).unwrap()["uuid"].clone()
    };
    let first = stored(r#"{"env": "dev", "hostname": "web-01"}"#);
    assert_eq!(lookups.json(path), (200, json!({"status": "ok", "payload": {"env": "dev", "hostname": "web-01"}})));
    assert_eq!(lookups.json(&format!("{path}/uuid")), (200, json!({"status": "ok", "uuid": first})));
    let server = "scope=server&scope_realm=puppet&scope_identifier=web-01.example.org";
    assert_eq!(lookups.payload(&format!("/v1/lookup/name?namespace=a/b&{server}")), "web-01");

    assert_eq!(stored(r#"{"env": "dev", "hostname": "web-01"}"#), first, "the same data");
    assert_ne!(stored(r#"{"env": "dev"}"#), first);
    assert_eq!(lookups.payload(&format!("/v1/lookup/name?namespace=a/b&{server}")), "dev");
    let packed = lookups.put(path, "Content-Type: application/x-msgpack\r\n", b"\x81\xa3env\xa4prod");
    assert_eq!(packed.status, 200);
    assert_eq!(lookups.payload(&format!("/v1/lookup/name?namespace=a/b&{server}")), "common");
    for bad in ["", "[1]", "{", "null"] {
        assert_eq!(lookups.put(path, "Content-Type: application/json\r\n", bad.as_bytes()).status, 400, "{bad}");
    }
    let unknown = "scope=server&scope_realm=puppet&scope_identifier=nobody";
    assert_eq!(lookups.json(&format!("/v1/lookup/name?namespace=a/b&{unknown}")).0, 501);
}

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
    assert!(lookups.world.path().exists());
}

/// Files that were left alone for a while are kept parsed: until then, what changes is
/// seen because they are not.
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
    // Each in its way: written anew, longer, another file, and nothing to tell it by but the
    // time of the change.
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

#[test]
fn the_shell_gets_the_same_answers_without_a_server() {
    let world = World::new();
    let lookup = |arguments: &[&str]| {
        let mut command = world.command(&["lookup"]);
        command.env("JERAKIA_VARDIR", fixtures()).env("JERAKIA_POLICYDIR", fixtures().join("policy.d"));
        crate::harness::Ran::of(command.args(arguments).output().unwrap())
    };
    assert_eq!(lookup(&["port", "--namespace", "apache"]).stdout, "80\n");
    let users = lookup(&["users", "-n", "a/b", "-m", "env:dev", "--type", "cascade", "--output", "yaml"]);
    assert_eq!(users.stdout, "- dev\n- root\n- daemon\n");
    let limits = lookup(&["limits", "-n", "a/b", "-m", "env:dev", "-t", "cascade", "--merge", "deep_hash"]);
    let limits: Value = serde_json::from_str(&limits.stdout).unwrap();
    assert_eq!(limits["time"], json!({"soft": 99, "hard": 20}));
    let missing = lookup(&["nowhere", "-n", "apache"]);
    assert_eq!((missing.code, missing.stdout.as_str()), (Some(1), ""));
    assert_eq!(lookup(&["port", "-n", "apache", "-p", "misspelt"]).code, Some(1));
}
