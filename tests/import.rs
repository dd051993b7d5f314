//! Tokens of Jerakia 3: imported, they work unchanged, and are stored with a digest from
//! their first use on.

use crate::harness::{Client, Ran, World};
use crate::secrets::{files, leaks};
use rustix::process::Signal;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// A database that Jerakia 3 has written.
pub fn fixture() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/fixtures/jerakia-3/tokens.db")
}

/// Its tokens.
pub fn tokens() -> BTreeMap<String, String> {
    let text = fs::read_to_string(fixture().with_file_name("tokens.txt")).unwrap();
    let lines = text.split_whitespace().map(|it| (it.split(':').next().unwrap().to_owned(), it.to_owned()));
    let tokens: BTreeMap<_, _> = lines.collect();
    assert!(tokens.keys().eq(["ansible", "old_app", "puppet_master", "web"]));
    tokens
}

/// A place where they were imported.
fn imported() -> (World, BTreeMap<String, String>) {
    let world = World::new();
    import(&world, &fixture());
    (world, tokens())
}

fn import(world: &World, file: &Path) -> String {
    world.done(&["token", "import", file.to_str().unwrap()])
}

/// A database as Jerakia 3 writes it, with these rows: API ID, hash, whether it is active.
pub fn jerakia_3(world: &World, rows: &[(&str, &str, &str)]) -> PathBuf {
    let path = world.path().join("jerakia-3.db");
    let database = rusqlite::Connection::open(&path).unwrap();
    let schema = "CREATE TABLE jerakia_server_auth_tokens(api_id varchar(50) not null primary key,
        token varchar(60), active boolean default 't', last_seen timestamp)";
    database.execute(schema, []).unwrap();
    for (api_id, hash, active) in rows {
        let insert = "INSERT INTO jerakia_server_auth_tokens VALUES (?1, ?2, ?3, NULL)";
        database.execute(insert, (api_id, hash.as_bytes(), active)).unwrap();
    }
    path
}

/// What `token list` says: each API ID with its last-seen time and its status.
fn list(world: &World) -> BTreeMap<String, (String, String)> {
    let json: serde_json::Value = serde_json::from_str(&world.done(&["token", "list", "-o", "json"])).unwrap();
    let text = |it: &serde_json::Value| it.as_str().unwrap_or("never").to_owned();
    let of = |it: &serde_json::Value| (text(&it["api_id"]), (text(&it["last_seen"]), text(&it["status"])));
    json.as_array().unwrap().iter().map(of).collect()
}

fn status(world: &World, api_id: &str) -> String {
    list(world)[api_id].1.clone()
}

/// With the digit at `at` changed, counted from the first one.
fn with_other_digit(token: &str, at: usize) -> String {
    let at = token.find(':').unwrap() + 1 + at;
    let other = if token.as_bytes()[at] == b'0' { "1" } else { "0" };
    format!("{}{other}{}", &token[..at], &token[at + 1..])
}

#[test]
fn tokens_of_jerakia_3_work_unchanged() {
    let (world, tokens) = imported();
    let before = list(&world);
    assert_eq!(before["web"], ("2026-11-23T16:29:52Z".into(), "imported".into()));
    assert_eq!(before["old_app"], ("2026-11-23T16:29:53Z".into(), "disabled".into()));
    let server = world.server();
    let mut client = server.client();
    for _ in 0..2 {
        for (api_id, token) in &tokens {
            let answer = client.authorize(token);
            assert_eq!(answer.status, if api_id == "old_app" { 401 } else { 200 }, "{api_id}");
            assert_eq!(answer.header("x-jerakia-api-id"), (answer.status == 200).then_some(&**api_id));
        }
    }
    let after: Vec<_> = list(&world).into_iter().map(|(api_id, (_, status))| (api_id, status)).collect();
    let expected = [("ansible", "active"), ("old_app", "disabled"), ("puppet_master", "active"), ("web", "active")];
    assert_eq!(after, expected.map(|(api_id, status)| (api_id.into(), status.into())));
    let hashes = "SELECT count(*) FROM token WHERE bcrypt IS NOT NULL";
    let left: i64 = world.sqlite().query_row(hashes, [], |row| row.get(0)).unwrap();
    assert_eq!(left, 1, "only that of old_app");
    drop(client);
    let (_, log) = server.stop(Signal::TERM);
    assert_eq!(log.matches("the first use of an imported token").count(), 3, "{log}");
    // Another server has the digests from the start. Last seen is later now.
    let server = world.server();
    assert_eq!(server.authorize(&tokens["web"]).status, 200);
    assert!(!server.log().contains("first use"));
    assert!(list(&world)["web"].0 > before["web"].0);
    for (path, bytes) in files(world.path()) {
        assert!(tokens.values().all(|it| !leaks(&bytes, it)), "{path}");
    }
    assert!(tokens.values().all(|it| !leaks(log.as_bytes(), it)));
}

#[test]
fn the_first_use_is_in_the_audit_trail() {
    let (world, tokens) = imported();
    let server = world.server();
    assert_eq!(server.authorize(&tokens["web"]).status, 200);
    let sql = "SELECT act, actor, changed, outcome FROM audit WHERE api_id = 'web' ORDER BY number";
    let database = world.sqlite();
    let mut select = database.prepare(sql).unwrap();
    let row = |row: &rusqlite::Row<'_>| Ok([0, 1, 2, 3].map(|at| row.get::<_, String>(at).unwrap()));
    let rows: Vec<[String; 4]> = select.query_map([], row).unwrap().map(Result::unwrap).collect();
    assert_eq!((rows.len(), &*rows[0][0], &*rows[0][3]), (2, "import", "done"));
    assert_eq!(rows[1], ["adopt", "token web", r#"{"imported":[true,false]}"#, "done"]);
    assert!(!rows.iter().flatten().any(|it| it.contains("$2a$")));
}

#[test]
fn a_wrong_secret_is_refused_and_changes_nothing() {
    let (world, tokens) = imported();
    let server = world.server();
    let (web, other) = (&tokens["web"], &tokens["ansible"]);
    let digits = web.split_once(':').unwrap().1;
    let of_another = format!("web:{}", other.split_once(':').unwrap().1);
    for wrong in [with_other_digit(web, 0), with_other_digit(web, 71), of_another] {
        let refused = server.authorize(&wrong);
        assert_eq!(refused, server.authorize("nobody:0"), "refusals look alike");
        assert_eq!(refused.status, 401);
    }
    // bcrypt itself would not notice: it reads 72 of the digits.
    for malformed in [
        format!("{web}0"),
        format!("{}0", &web[..web.len() - 4]),
        web[..web.len() - 8].to_owned(),
        format!("web:{}", digits.to_uppercase()),
        format!("web:{web}"),
        format!("{}zz", &web[..web.len() - 2]),
    ] {
        assert_eq!(server.authorize(&malformed).status, 401, "{malformed}");
    }
    assert_eq!(status(&world, "web"), "imported");
    assert_eq!(server.authorize(web).status, 200);
}

#[test]
fn from_the_first_use_on_all_digits_count() {
    let (world, tokens) = imported();
    let server = world.server();
    assert_eq!(server.authorize(&tokens["web"]).status, 200);
    assert_eq!(server.authorize(&with_other_digit(&tokens["web"], 79)).status, 401);
    // Before it, Jerakia 3 has left no trace of the last 8.
    assert_eq!(server.authorize(&with_other_digit(&tokens["ansible"], 72)).status, 200);
    assert_eq!(server.authorize(&tokens["ansible"]).status, 401);
}

#[test]
fn a_disabled_token_stays_disabled_until_it_is_enabled() {
    let (world, tokens) = imported();
    let server = world.server();
    let old_app = &tokens["old_app"];
    assert_eq!(server.authorize(old_app).status, 401);
    world.done(&["token", "enable", "old_app"]);
    assert_eq!(status(&world, "old_app"), "imported");
    assert_eq!(server.authorize(old_app).status, 200);
    world.done(&["token", "disable", "old_app"]);
    assert_eq!(server.authorize(old_app).status, 401);
    world.done(&["token", "disable", "web"]);
    assert_eq!(server.authorize(&tokens["web"]).status, 401);
    assert_eq!(status(&world, "web"), "disabled");
}

#[test]
fn a_token_that_was_regenerated_before_its_first_use_is_the_new_one() {
    let (world, tokens) = imported();
    let server = world.server();
    let new = world.regenerate("web");
    assert_eq!(server.authorize(&tokens["web"]).status, 401);
    assert_eq!(server.authorize(&new).status, 200);
    assert_eq!(server.authorize(&tokens["web"]).status, 401);
    world.done(&["token", "delete", "ansible"]);
    assert_eq!(server.authorize(&tokens["ansible"]).status, 401);
}

#[test]
fn one_first_use_is_enough_for_two_servers() {
    let (world, tokens) = imported();
    let (one, two) = (world.server(), world.server());
    let (web, ansible) = (&tokens["web"], &tokens["ansible"]);
    assert_eq!(one.authorize(web).status, 200);
    assert_eq!(two.authorize(web).status, 200);
    assert!(!two.log().contains("first use"));
    // At both at once, on many connections, and without an order.
    let ask = |server: &crate::harness::Server| {
        let mut client = server.client();
        client.write(crate::harness::get("/v1/authorize", &format!("X-Authentication: {ansible}\r\n")));
        client
    };
    let clients: Vec<Client> = (0..6).map(|at| ask([&one, &two][at % 2])).collect();
    for mut client in clients {
        assert_eq!(client.read().status, 200);
    }
    let adopted = "SELECT count(*) FROM audit WHERE act = 'adopt' AND api_id = 'ansible' AND outcome = 'done'";
    assert_eq!(world.sqlite().query_row(adopted, [], |row| row.get::<_, i64>(0)).unwrap(), 1);
}

#[test]
fn grants_and_ends_hold_for_imported_tokens() {
    let (world, tokens) = imported();
    world.set_grants("web", &["lookup:apache"]);
    world.sqlite().execute("UPDATE token SET ends_at = 1 WHERE api_id = 'ansible'", []).unwrap();
    let server = world.server();
    assert_eq!(server.authorize(&tokens["web"]).status, 403);
    assert_eq!(server.authorize(&tokens["ansible"]).status, 401);
    assert_eq!((status(&world, "web"), status(&world, "ansible")), ("active".into(), "expired".into()));
}

#[test]
fn existing_tokens_are_left_alone_and_a_second_import_is_harmless() {
    let (world, mine) = World::with_token("web");
    let first = import(&world, &fixture());
    assert!(first.contains("web                  exists already: left as it is"), "{first}");
    assert!(first.contains("old_app              disabled"), "{first}");
    assert!(first.ends_with("3 imported, 1 existed already\n"), "{first}");
    let server = world.server();
    let tokens = tokens();
    assert_eq!(server.authorize(&mine).status, 200);
    assert_eq!(server.authorize(&tokens["web"]).status, 401);
    assert_eq!(server.authorize(&tokens["ansible"]).status, 200);
    let again = import(&world, &fixture());
    assert!(again.ends_with("0 imported, 4 existed already\n"), "{again}");
    assert_eq!(server.authorize(&tokens["ansible"]).status, 200);
    assert_eq!(status(&world, "puppet_master"), "imported");
}

#[test]
fn a_dry_run_says_the_same_and_changes_nothing() {
    let world = World::new();
    let file = fixture();
    let dry = world.done(&["token", "import", file.to_str().unwrap(), "--dry-run"]);
    assert!(dry.ends_with("4 would be imported, 0 existed already\n"), "{dry}");
    assert!(!world.databasedir().exists());
    assert_eq!(import(&world, &file).replace("imported,", "would be imported,"), dry);
    let dry = world.done(&["token", "import", file.to_str().unwrap(), "--dry-run"]);
    assert!(dry.ends_with("0 would be imported, 4 existed already\n"), "{dry}");
}

#[test]
fn tokens_that_cannot_be_imported_are_named_and_the_others_imported() {
    let world = World::new();
    let secret = "01".repeat(40);
    let hash = bcrypt::hash(&secret, 4).unwrap();
    let costly = hash.replacen("$04$", "$15$", 1);
    let long = "x".repeat(70);
    let rows = [
        ("good", &*hash, "t"),
        ("odd", &hash, "yes"),
        ("costly", &costly, "t"),
        ("no\u{1b}[31mname", &hash, "t"),
        (&long, &hash, "t"),
        ("plain", &secret, "t"),
    ];
    let file = jerakia_3(&world, &rows);
    let ran = world.run(&["token", "import", file.to_str().unwrap()]);
    assert_eq!(ran.code, Some(1), "{}", ran.stderr);
    for part in [
        "costly               can't be imported: its bcrypt hash has the cost 15",
        "odd                  disabled",
        "2 imported, 0 existed",
    ] {
        assert!(ran.stdout.contains(part), "{part} in {}", ran.stdout);
    }
    assert_eq!(ran.stdout.matches("can't be imported").count(), 4);
    assert!(ran.stderr.contains("4 tokens can't be imported: create new ones"), "{}", ran.stderr);
    assert!(!ran.stdout.contains('\u{1b}') && !ran.stdout.contains(&secret[..16]));
    let server = world.server();
    assert_eq!(server.authorize(&format!("good:{secret}")).status, 200);
    assert_eq!(server.authorize(&format!("odd:{secret}")).status, 401, "what is not true is disabled");
}

#[test]
fn the_database_of_jerakia_3_in_our_place_is_answered_with_the_command() {
    let world = World::new();
    fs::create_dir(world.databasedir()).unwrap();
    fs::copy(fixture(), world.database()).unwrap();
    for command in
        [&["token", "list"][..], &["server", "--port", "0"], &["token", "import", world.database().to_str().unwrap()]]
    {
        let ran = world.run(command);
        assert_eq!(ran.code, Some(3), "{command:?}");
        let words = ["was written by Jerakia 3", "rename the file", "`jerakia token import <file>`"];
        assert!(words.iter().all(|it| ran.stderr.contains(it)), "{}", ran.stderr);
    }
    assert_eq!(fs::read(world.database()).unwrap(), fs::read(fixture()).unwrap());
    // As it says.
    let renamed = world.databasedir().join("jerakia-3.db");
    fs::rename(world.database(), &renamed).unwrap();
    import(&world, &renamed);
    assert_eq!(world.server().authorize(&tokens()["web"]).status, 200);
}

#[test]
fn only_a_database_of_jerakia_3_is_imported() {
    let (world, _) = World::with_token("my_app");
    let path = |name: &str| world.path().join(name).to_str().unwrap().to_owned();
    fs::write(path("text"), "no database".repeat(1000)).unwrap();
    fs::write(path("empty"), "").unwrap();
    for file in [path("nowhere"), path("text"), path("empty"), world.database().to_str().unwrap().into()] {
        let Ran { code, stderr, .. } = world.run(&["token", "import", &file]);
        assert_eq!(code, Some(3), "{stderr}");
        assert!(stderr.contains(&file) && stderr.contains("name the tokens.db"), "{stderr}");
    }
}

#[test]
fn a_first_use_that_cannot_be_stored_is_answered_503() {
    let (world, tokens) = imported();
    let server = world.server();
    let database = world.sqlite();
    database.execute_batch("BEGIN IMMEDIATE").unwrap();
    let answer = server.authorize(&tokens["web"]); // after waiting for the lock
    assert_eq!((answer.status, answer.header("retry-after")), (503, Some("1")));
    server.wait_for_log("the first use of an imported token can't be stored");
    database.execute_batch("ROLLBACK").unwrap();
    assert_eq!(server.authorize(&tokens["web"]).status, 200);
}

#[test]
fn imports_are_for_the_machine_of_the_database() {
    let world = World::new();
    let file = fixture();
    let remote = ["--server", "http://127.0.0.1:1", "--credential-file", "nowhere"];
    let ran = world.run(&[&remote[..], &["token", "import", file.to_str().unwrap()]].concat());
    assert_eq!(ran.code, Some(2), "{}", ran.stderr);
    assert!(ran.stderr.contains("can't be imported with --server"), "{}", ran.stderr);
}
