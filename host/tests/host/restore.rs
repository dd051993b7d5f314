//! A restored database has a new journal, without any position that a server remembers.

use crate::harness::{Acts as _, Place};
use jerakia_host::admin::{Actor, Change};
use jerakia_host::store::{self, Kind, RestoreError, Restored, Restoring};
use std::path::Path;

fn restore(place: &Place, file: &Path) -> Result<Restored, RestoreError> {
    let actor = Actor::User { uid: 0, name: None };
    let restoring = Restoring { file, with_edited_trail: false, actor: &actor, at: 0 };
    store::restore(place.directory(), &restoring)
}

/// The backup's journal has every position that the cache can be at, the last one included.
#[test]
fn after_a_restore_every_server_reads_everything() {
    let (place, elsewhere) = (Place::new(), tempfile::tempdir().unwrap());
    let mut administrator = place.store();
    administrator.act("my_app", Change::create([1; 32]), 0).unwrap();
    let before = administrator.everything().unwrap().position;
    administrator.act("my_app", Change::Disable, 0).unwrap();
    let last = administrator.everything().unwrap().position;
    let backup = elsewhere.path().join("backup");
    let path = store::backup(place.directory(), &backup, Kind::Tokens).unwrap().unwrap().path;
    drop(administrator);
    restore(&place, &path).unwrap();
    let administrator = place.store();
    for remembered in [before, last] {
        assert!(remembered.is_some() && administrator.changes_since(remembered.as_ref()).unwrap().complete);
    }
    // And from there on, only what has changed.
    let now = administrator.everything().unwrap().position;
    assert!(!administrator.changes_since(now.as_ref()).unwrap().complete);
}

/// The same process has no lock against itself: the server's announcement is what counts.
#[test]
fn a_server_of_this_process_is_not_disturbed() {
    let (place, elsewhere) = (Place::new(), tempfile::tempdir().unwrap());
    let token = place.create("my_app");
    let path = store::backup(place.directory(), elsewhere.path(), Kind::Tokens).unwrap().unwrap().path;
    let authenticator = place.authenticator();
    let refused = restore(&place, &path);
    assert!(
        matches!(refused, Err(RestoreError::Server { process, .. }) if process == std::process::id()),
        "{refused:?}"
    );
    assert!(authenticator.authorize(token.as_bytes(), "", None).is_ok());
}
