//! A full disk: acts that take access away succeed, and clients can't fill it.

use crate::harness::{self, Server, World, report, torture};
use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::path::Path;
use std::process::Command;

/// A world whose database directory is on a small disk of its own.
pub struct SmallDisk(pub World);

impl SmallDisk {
    pub fn new(size: &str) -> Self {
        let world = World::new();
        fs::create_dir(world.databasedir()).unwrap();
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", &format!("size={size},mode=0700"), "tmpfs"]).arg(world.databasedir());
        assert!(mount.status().unwrap().success(), "mount");
        Self(world)
    }

    /// Fills the free space.
    pub fn fill(&self) {
        let path = self.0.databasedir().join("filler");
        let mut file = OpenOptions::new().append(true).create(true).open(path).unwrap();
        for size in [4096, 1] {
            while file.write_all(&vec![1; size]).is_ok() {}
        }
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        Command::new("umount").arg("-l").arg(self.0.databasedir()).status().unwrap();
    }
}

/// Mounting needs root, which CI has.
pub fn can_mount() -> bool {
    let root = rustix::process::geteuid().is_root();
    if !root {
        println!("not run: mounting a small disk takes root");
    }
    root
}

#[test]
fn a_token_can_be_revoked_on_a_full_disk() {
    if !can_mount() {
        return;
    }
    let (mut times, mut wrong) = (0, 0);
    for (with_server, linked) in [(true, false), (false, false), (false, true)] {
        for act in ["disable", "delete", "regenerate"] {
            let disk = SmallDisk::new("16m");
            let world = &disk.0;
            let token = world.create("my_app");
            let server = with_server.then(|| world.server());
            disk.fill();
            let link = world.path().join("link");
            if linked {
                fs::create_dir(&link).unwrap();
                std::os::unix::fs::symlink(world.database(), link.join("tokens.db")).unwrap();
            }
            let databasedir = if linked { link } else { world.databasedir() };
            let ran = world.run(&["token", act, "my_app", "--databasedir", databasedir.to_str().unwrap()]);
            assert_eq!(ran.code, Some(0), "{act}, server: {with_server}: {}", ran.stderr);
            times += 1;
            let server = server.unwrap_or_else(|| world.server());
            wrong += usize::from(server.authorize(&token).status == 200);
        }
    }
    report("an act on a full disk", times, wrong);
    assert_eq!(wrong, 0);
}

/// Repeated, as an attack could.
#[test]
fn many_tokens_can_be_revoked_on_a_full_disk() {
    if !can_mount() {
        return;
    }
    let disk = SmallDisk::new("16m");
    let world = &disk.0;
    let token = world.create("my_app");
    let server = world.server();
    disk.fill();
    let times = if torture() { 1_000 } else { 50 };
    let mut wrong = 0;
    for _ in 0..times {
        world.done(&["token", "disable", "my_app"]);
        wrong += usize::from(server.authorize(&token).status == 200);
        world.done(&["token", "enable", "my_app"]);
    }
    report("disable and enable on a full disk", times, wrong);
    assert_eq!(wrong, 0);
}

fn put(server: &Server, token: &str, number: u32) -> u16 {
    let body = format!("{{\"fact\":\"{}\"}}", "x".repeat(200_000));
    let headers = format!("X-Authentication: {token}\r\nContent-Type: application/json\r\n");
    let path = format!("/v1/scope/machines/{number}");
    server.client().send(harness::put(&path, &headers, body.as_bytes())).status
}

#[test]
fn a_client_that_stores_all_it_can_leaves_room_to_revoke_its_token() {
    if !can_mount() {
        return;
    }
    let disk = SmallDisk::new("16m");
    let world = &disk.0;
    let token = world.create("my_app");
    let server = world.server();
    let refused = (0..200).map(|it| put(&server, &token, it)).find(|it| *it != 200);
    assert_eq!(refused, Some(507));
    assert!(exists(world, "reserve"));
    world.done(&["token", "disable", "my_app"]);
    assert_eq!(server.authorize(&token).status, 401);
}

/// One token can fill half of the room, so that it can't lock others out.
#[test]
fn scopes_have_a_limit_in_all_and_for_one_token() {
    let (world, greedy) = World::with_token("greedy");
    let other = world.create("other");
    let server = world.server_with(&["--max-scopes-size", "1000000"]);
    let fill = |token: &str, from: u32| (from..from + 20).take_while(|it| put(&server, token, *it) == 200).count();
    assert_eq!((fill(&greedy, 0), fill(&other, 100)), (2, 2));
    assert_eq!(put(&server, &greedy, 0), 200, "in place of what is there");
    let delete = format!("DELETE /v1/scope/machines/0 HTTP/1.1\r\nHost: h\r\nX-Authentication: {greedy}\r\n\r\n");
    assert_eq!(server.client().send(&delete).text(), r#"{"status":"ok"}"#);
    assert_eq!(server.client().send(&delete).status, 404);
    assert_eq!((put(&server, &greedy, 2), put(&server, &greedy, 3)), (200, 507));
    world.done(&["token", "delete", "greedy"]);
    let gone = server.client().get("/v1/scope/machines/1", &format!("X-Authentication: {other}\r\n"));
    assert_eq!(gone.status, 404, "what a token has stored goes with it");
}

#[test]
fn the_reserve_is_made_again_and_no_scope_is_taken_without() {
    if !can_mount() {
        return;
    }
    let disk = SmallDisk::new("16m");
    let world = &disk.0;
    let token = world.create("my_app");
    let server = world.server();
    fs::remove_file(world.databasedir().join("reserve")).unwrap();
    disk.fill();
    assert_eq!(put(&server, &token, 0), 507);
    fs::remove_file(world.databasedir().join("filler")).unwrap();
    world.done(&["token", "list"]);
    assert!(exists(world, "reserve"), "made again where there is room");
    assert_eq!(put(&server, &token, 0), 200);
}

#[test]
fn a_server_starts_on_a_full_disk() {
    if !can_mount() {
        return;
    }
    let disk = SmallDisk::new("16m");
    let token = disk.0.create("my_app");
    drop(disk.0.server());
    disk.fill();
    assert_eq!(disk.0.server().authorize(&token).status, 200);
}

#[test]
fn without_a_reserve_the_error_says_that_the_disk_is_full() {
    if !can_mount() {
        return;
    }
    let disk = SmallDisk::new("16m");
    disk.0.create("my_app");
    fs::remove_file(disk.0.databasedir().join("reserve")).unwrap();
    disk.fill();
    let ran = disk.0.run(&["token", "disable", "my_app"]);
    assert!(ran.code == Some(3) && ran.stderr.contains("free some space on its disk"), "{}", ran.stderr);
    assert_eq!(ran.stderr.matches("free some space").count(), 1, "said once: {}", ran.stderr);
}

/// A sparse copy has the size but no blocks.
#[test]
fn a_sparse_reserve_is_made_whole() {
    let (world, _) = World::with_token("my_app");
    let reserve = world.databasedir().join("reserve");
    fs::write(&reserve, "").unwrap();
    fs::File::options().write(true).open(&reserve).unwrap().set_len(1 << 20).unwrap();
    world.done(&["token", "list"]);
    assert_eq!(std::os::unix::fs::MetadataExt::blocks(&fs::metadata(&reserve).unwrap()), 2048);
}

fn exists(world: &World, name: &str) -> bool {
    Path::exists(&world.databasedir().join(name))
}
