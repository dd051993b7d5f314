//! A wall clock that a test sets, for the commands and servers of its world: through
//! Debian's libfaketime, which the dynamic linker loads before the C library. Monotonic
//! clocks run on as they do.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The file that says what time it is.
const FILE: &str = "clock";

/// Sets the clock to `time`, such as `2027-01-31 00:00:00` (UTC). It stands still there.
pub(crate) fn set(world: &Path, time: &str) {
    // Read at each call for the time: never half written.
    let new = world.join("clock.new");
    fs::write(&new, time).unwrap();
    fs::rename(&new, world.join(FILE)).unwrap();
}

/// Lets `command` have the clock, if one was set.
pub(crate) fn lend(world: &Path, command: &mut Command) {
    let file = world.join(FILE);
    if !file.exists() {
        return;
    }
    command.env("LD_PRELOAD", library()).env("FAKETIME_TIMESTAMP_FILE", file).env("FAKETIME_NO_CACHE", "1");
    command.env("FAKETIME_DONT_FAKE_MONOTONIC", "1").env("NO_FAKE_STAT", "1");
}

fn library() -> PathBuf {
    let folders = fs::read_dir("/usr/lib").unwrap().filter_map(|it| Some(it.ok()?.path()));
    let mut files = folders.map(|it| it.join("faketime/libfaketimeMT.so.1"));
    let file = files.find(|it| it.exists());
    file.expect("libfaketime is missing: `scripts/faketime.sh` installs it, as root, on Debian")
}
