//! A full disk: what takes access away succeeds, and clients can't fill it.

use crate::harness::{Server, World, report, torture};
use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::path::Path;
use std::process::Command;

/// A world whose database directory is on a small disk of its own.
struct SmallDisk(World);

impl SmallDisk {
    fn new(size: &str) -> Self {
        let world = World::new();
        fs::create_dir(world.databasedir()).unwrap();
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", &format!("size={size},mode=0700"), "tmpfs"]).arg(world.databasedir());
        assert!(mount.status().unwrap().success(), "mount");
        Self(world)
    }

    /// Fills what is free.
    fn fill(&self) {
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

/// Mounting takes root, which CI has.
fn can_mount() -> bool {
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
    for with_server in [true, false] {
        for act in ["disable", "delete", "regenerate"] {
            let disk = SmallDisk::new("16m");
            let world = &disk.0;
            let token = world.create("my_app");
            let server = with_server.then(|| world.server());
            disk.fill();
            let ran = world.run(&["token", act, "my_app"]);
            assert_eq!(ran.code, Some(0), "{act}, server: {with_server}: {}", ran.stderr);
            times += 1;
            let server = server.unwrap_or_else(|| world.server());
            wrong += usize::from(server.authorize(&token).status == 200);
        }
    }
    report("an act on a full disk", times, wrong);
    assert_eq!(wrong, 0);
}

/// One after the other, as long as an attack may last.
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
    let request = format!(
        "PUT /v1/scope/machines/{number} HTTP/1.1\r\nHost: h\r\nX-Authentication: {token}\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    server.client().send(request).status
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
    assert!(exists(world, "ballast"));
    world.done(&["token", "disable", "my_app"]);
    assert_eq!(server.authorize(&token).status, 401);
}

#[test]
fn scopes_have_a_limit_in_all() {
    let (world, token) = World::with_token("my_app");
    let server = world.server_with(&["--max-scopes-size", "1000000"]);
    let taken = (0..20).take_while(|it| put(&server, &token, *it) == 200).count();
    assert_eq!(taken, 4);
    assert_eq!(put(&server, &token, 20), 507);
    assert_eq!(put(&server, &token, 0), 200, "in place of what is there");
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
    fs::remove_file(world.databasedir().join("ballast")).unwrap();
    disk.fill();
    assert_eq!(put(&server, &token, 0), 507);
    fs::remove_file(world.databasedir().join("filler")).unwrap();
    world.done(&["token", "list"]);
    assert!(exists(world, "ballast"), "made again where there is room");
    assert_eq!(put(&server, &token, 0), 200);
}

fn exists(world: &World, name: &str) -> bool {
    Path::exists(&world.databasedir().join(name))
}
