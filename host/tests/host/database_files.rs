//! The database files: their modes, and which files are refused.

use crate::harness::{Acts as _, NOW, Place};
use jerakia_host::admin::Change;
use jerakia_host::store::sqlite::{FILE_NAME, SqliteServer};
use jerakia_host::store::{AdminStore, Database, ServerStore as _, StoreError, TokenFilter};
use rusqlite::Connection;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use tempfile::TempDir;

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o7777
}

/// As a command does.
fn open(directory: &Path) -> Result<Box<dyn AdminStore>, StoreError> {
    Database::Sqlite(directory.to_owned()).open_for_admin()
}

#[test]
fn only_the_owner_can_read_new_files() {
    let outside = TempDir::new().unwrap();
    let directory = outside.path().join("new").join("newer");
    let mut store = open(&directory).unwrap();
    store.act("my_app", Change::create([1; 32]), 0).unwrap();
    assert_eq!(mode(&outside.path().join("new")), 0o700);
    assert_eq!(mode(&directory), 0o700);
    let mut files: Vec<_> = fs::read_dir(&directory).unwrap().map(|it| it.unwrap().path()).collect();
    files.sort();
    let names: Vec<_> = files.iter().map(|it| it.file_name().unwrap().to_str().unwrap()).collect();
    assert_eq!(names, ["reserve", "tokens.db", "tokens.db-shm", "tokens.db-wal"]);
    for file in files {
        assert_eq!(mode(&file), 0o600, "{file:?}");
    }
}

fn number(connection: &Connection, pragma: &str) -> i64 {
    connection.pragma_query_value(None, pragma, |row| row.get(0)).unwrap()
}

#[test]
fn a_new_database_has_our_application_id_version_and_mode() {
    let place = Place::new();
    let hand = place.by_hand();
    assert_eq!(number(&hand, "application_id"), i64::from(u32::from_be_bytes(*b"JRKT")));
    assert!(number(&hand, "user_version") > 0);
    let mode: String = hand.pragma_query_value(None, "journal_mode", |row| row.get(0)).unwrap();
    assert_eq!(mode, "wal");
    let loose =
        "SELECT count(*) FROM pragma_table_list WHERE type = 'table' AND NOT strict AND name NOT LIKE 'sqlite_%'";
    let loose: i64 = hand.query_row(loose, [], |row| row.get(0)).unwrap();
    assert_eq!(loose, 0, "tables that are not STRICT");
}

#[test]
fn opening_again_changes_nothing() {
    let place = Place::new();
    place.create("my_app");
    let schema = || -> Vec<(String, Option<String>)> {
        let hand = place.by_hand();
        let mut all = hand.prepare("SELECT name, sql FROM sqlite_schema ORDER BY name").unwrap();
        all.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap().map(Result::unwrap).collect()
    };
    let before = (schema(), place.everything(), number(&place.by_hand(), "user_version"));
    for _ in 0..3 {
        drop(SqliteServer::open(place.directory()).unwrap());
    }
    let after = (schema(), place.everything(), number(&place.by_hand(), "user_version"));
    assert_eq!(before, after);
}

#[test]
fn processes_that_open_a_new_database_at_once_share_it() {
    for _ in 0..20 {
        let directory = TempDir::new().unwrap();
        let opened = std::thread::scope(|threads| {
            let all: Vec<_> = (0..8).map(|_| threads.spawn(|| open(directory.path()).map(drop))).collect();
            all.into_iter().map(|it| it.join().unwrap()).collect::<Result<Vec<()>, _>>()
        });
        opened.unwrap();
        open(directory.path()).unwrap().act("my_app", Change::create([1; 32]), 0).unwrap();
    }
}

/// Opening is refused with `words`, and leaves the file unchanged.
#[track_caller]
fn is_refused_and_untouched(directory: &Path, words: &str) {
    let file = directory.join(FILE_NAME);
    let before = fs::read(&file).unwrap();
    for error in [open(directory).err(), SqliteServer::open(directory).err()] {
        let text = error.expect("refused").to_string();
        assert!(text.contains(file.to_str().unwrap()), "which one? {text}");
        assert!(text.contains(words), "{text}");
    }
    assert!(fs::read(&file).unwrap() == before, "the file was changed");
    let names = fs::read_dir(directory).unwrap().map(|it| it.unwrap().file_name());
    let left: Vec<_> = names.filter(|it| it != "reserve").collect();
    assert_eq!(left, [FILE_NAME], "files beside it");
}

/// A directory with a database made by `sql`.
fn made_by(sql: &str) -> TempDir {
    let directory = TempDir::new().unwrap();
    Connection::open(directory.path().join(FILE_NAME)).unwrap().execute_batch(sql).unwrap();
    directory
}

#[test]
fn a_database_of_another_program_is_left_alone() {
    for sql in [
        "PRAGMA application_id = 42",
        "PRAGMA application_id = 42; CREATE TABLE token (id INTEGER)",
        "CREATE TABLE notes (text TEXT); INSERT INTO notes VALUES ('mine')",
        "PRAGMA user_version = 1; CREATE VIEW only AS SELECT 1",
    ] {
        is_refused_and_untouched(made_by(sql).path(), "belongs to another program");
    }
}

#[test]
fn a_database_of_jerakia_3_is_left_alone() {
    let sql = "CREATE TABLE jerakia_server_auth_tokens (id INTEGER PRIMARY KEY, api_id VARCHAR(50), token VARCHAR(60))";
    is_refused_and_untouched(made_by(sql).path(), "Jerakia 3");
}

#[test]
fn a_database_of_a_newer_version_is_left_alone() {
    let place = Place::new();
    place.create("my_app");
    let newest = number(&place.by_hand(), "user_version");
    for other in [newest + 1, i64::from(i32::MAX), -1] {
        place.by_hand().pragma_update(None, "user_version", other).unwrap();
        let words = format!("has schema version {other} and was written by a newer jerakia");
        is_refused_and_untouched(place.directory(), &words);
    }
    place.by_hand().pragma_update(None, "user_version", newest).unwrap();
    assert_eq!(place.store().list(TokenFilter::all(), NOW).unwrap().count(), 1);
}

#[test]
fn a_file_that_is_not_a_database_is_left_alone() {
    let directory = TempDir::new().unwrap();
    fs::write(directory.path().join(FILE_NAME), "a text that is long enough to be examined\n".repeat(100)).unwrap();
    is_refused_and_untouched(directory.path(), "is not a database");
}

/// A crash between creating and filling the file leaves it empty.
#[test]
fn an_empty_file_becomes_a_database() {
    let directory = TempDir::new().unwrap();
    fs::write(directory.path().join(FILE_NAME), "").unwrap();
    open(directory.path()).unwrap().act("my_app", Change::create([1; 32]), 0).unwrap();
}

#[test]
fn an_administrator_of_a_server_has_the_files_of_the_server_or_none() {
    let place = Place::new();
    let server = SqliteServer::open(place.directory()).unwrap();
    server.administrator().unwrap().act("my_app", Change::create([1; 32]), 0).unwrap();
    assert!(place.store().token("my_app").unwrap().is_some());
    let many: Vec<_> = (0..8).map(|_| server.administrator().unwrap()).collect();
    drop(many);
    server.administrator().unwrap().act("my_app", Change::Disable, 0).unwrap();

    let (file, copy) = (place.directory().join(FILE_NAME), place.world.backup());
    for name in ["tokens.db", "tokens.db-wal", "tokens.db-shm"] {
        fs::rename(place.directory().join(name), place.world.path().join(name)).unwrap();
    }
    let refused = || server.administrator().err().unwrap().to_string();
    assert!(refused().contains("restart the server"), "{}", refused());
    assert!(!file.exists(), "it makes no database");
    fs::copy(&copy, &file).unwrap();
    assert!(refused().contains("restart the server"), "{}", refused());
    assert_eq!(fs::read(&copy).unwrap(), fs::read(&file).unwrap());
}
