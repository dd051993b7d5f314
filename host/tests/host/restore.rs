//! A restored database has a new journal, without any position that a server remembers.

use crate::harness::{Acts as _, Place};
use jerakia_host::admin::{Actor, Change};
use jerakia_host::store::sqlite::{self, DatabaseFile, RestoreError, Restored, Restoring};
use std::path::Path;

fn restore(place: &Place, file: &Path) -> Result<Restored, RestoreError> {
    let actor = Actor::User { uid: 0, name: None };
    let restoring = Restoring { file, with_edited_trail: false, actor: &actor, at: 0 };
    sqlite::restore(place.directory(), &restoring)
}

/// The backup's journal has every position that the cache can be at, the last one included.
#[test]
fn after_a_restore_every_server_reads_everything() {
    let (place, elsewhere) = (Place::new(), tempfile::tempdir().unwrap());
    let mut administrator = place.store();
    administrator.act("my_app", Change::create([1; 32]), 0).unwrap();
    let before = place.everything().position;
    administrator.act("my_app", Change::Disable, 0).unwrap();
    let last = place.everything().position;
    let backup = elsewhere.path().join("backup");
    let path = sqlite::backup(place.directory(), &backup, DatabaseFile::Tokens).unwrap().unwrap().path;
    drop(administrator);
    restore(&place, &path).unwrap();
    for remembered in [before, last] {
        assert!(remembered.is_some() && place.changes_since(remembered.as_ref()).complete);
    }
    // And from there on, only what has changed.
    let now = place.everything().position;
    assert!(!place.changes_since(now.as_ref()).complete);
}

/// The same process has no lock against itself: the server's announcement is what counts.
#[test]
fn a_server_of_this_process_is_not_disturbed() {
    let (place, elsewhere) = (Place::new(), tempfile::tempdir().unwrap());
    let token = place.create("my_app");
    let path = sqlite::backup(place.directory(), elsewhere.path(), DatabaseFile::Tokens).unwrap().unwrap().path;
    let authenticator = place.authenticator();
    let refused = restore(&place, &path);
    assert!(
        matches!(refused, Err(RestoreError::Server { process, .. }) if process == std::process::id()),
        "{refused:?}"
    );
    assert!(authenticator.authorize(token.as_bytes(), "", None).is_ok());
}
