//! The server remembers no credential: memory doesn't grow under a flood of junk.

use crate::harness::{Place, busy, size};
use jerakia_host::authenticator::{Authenticator, Denied};
use std::ops::Range;
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::thread;

/// The most that resident memory may grow, in bytes.
const ALLOWED: usize = 4 << 20;

/// Memory is counted per process, and other tests share this one. So this test runs the
/// binary again, for itself alone.
const ALONE: &str = "JERAKIA_TEST_ALONE";
const NAME: &str = "junk::a_flood_of_junk_leaves_nothing_behind";

#[test]
fn a_flood_of_junk_leaves_nothing_behind() {
    if std::env::var_os(ALONE).is_some() {
        return flood();
    }
    let _busy = busy();
    let this = std::env::current_exe().unwrap();
    let done = Command::new(this).args(["--exact", NAME, "--nocapture"]).env(ALONE, "1").output().unwrap();
    let text = String::from_utf8_lossy(&done.stdout);
    assert!(done.status.success(), "{text}{}", String::from_utf8_lossy(&done.stderr));
    assert!(text.contains("1 passed"), "no test is named {NAME}: {text}");
}

fn flood() {
    let place = Place::new();
    let good = place.create("my_app");
    let authenticator = place.authenticator();
    let tokens = size(200_000, 10_000_000);
    present(&authenticator, 0..tokens / 10); // warm
    let before = resident();
    present(&authenticator, tokens / 10..tokens);
    let grown = resident().saturating_sub(before);
    assert!(grown < ALLOWED, "{tokens} junk tokens take {grown} bytes");
    assert_eq!(authenticator.cache().len(), 1);
    assert!(authenticator.authorize(good.as_bytes(), "", None).is_ok());
}

/// Presents one junk credential for each of `numbers`, from two threads.
fn present(authenticator: &Authenticator, numbers: Range<usize>) {
    let (all, end) = (AtomicUsize::new(numbers.start), numbers.end);
    let next = || Some(all.fetch_add(1, Relaxed)).filter(|it| *it < end);
    thread::scope(|scope| {
        (0..2).for_each(|_| drop(scope.spawn(|| std::iter::from_fn(next).for_each(|it| junk(authenticator, it)))));
    });
}

/// Presents a different junk credential for each `number`.
fn junk(authenticator: &Authenticator, number: usize) {
    let text = match number % 4 {
        0 => format!("nobody_{number}:{number:080x}"),
        1 => format!("my_app:{number:080x}"),
        2 => format!("not a token {number:0300}"),
        _ => format!("{number}:{number:080X}"),
    };
    let answer = authenticator.authorize(text.as_bytes(), "", None);
    assert!(matches!(answer, Err(Denied::Refused { .. })), "{answer:?}");
}

/// The resident memory of this process, in bytes.
fn resident() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|it| it.starts_with("VmRSS:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<usize>().unwrap() * 1024
}
