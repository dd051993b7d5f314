//! A wall clock that a test sets, for the commands and servers of its world. It uses Debian's
//! libfaketime, which the dynamic linker loads before the C library. Monotonic clocks are not
//! affected.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The file that holds the time.
const FILE: &str = "clock";

/// Sets the clock to `time`, such as `2027-01-31 00:00:00` (UTC). It does not advance.
pub(crate) fn set(world: &Path, time: &str) {
    // Each call for the time reads it, so it must never be half written.
    let new = world.join("clock.new");
    fs::write(&new, time).unwrap();
    fs::rename(&new, world.join(FILE)).unwrap();
}

/// Gives `command` the clock, if one was set.
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
