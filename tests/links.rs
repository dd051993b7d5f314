//! G1 where the database has several names: symbolic and hard links, and mounts.

use crate::accidents::{SENTENCE, beside, refuses_to_decide, remove};
use crate::harness::{World, report, torture};
use std::fs;
use std::os::unix::fs::symlink;
use std::process::Command;

#[test]
fn a_symbolic_link_to_the_database_is_followed() {
    let (world, token) = World::with_token("my_app");
    let elsewhere = world.path().join("elsewhere");
    fs::create_dir(&elsewhere).unwrap();
    fs::rename(world.database(), elsewhere.join("real.db")).unwrap();
    symlink(elsewhere.join("real.db"), world.database()).unwrap();
    // Left over from when the link was a file.
    fs::write(beside(&world.database(), "-shm"), vec![0; 32 * 1024]).unwrap();
    let server = world.server();
    assert_eq!(server.authorize(&token).status, 200);
    world.done(&["token", "disable", "my_app"]);
    assert_eq!(server.authorize(&token).status, 401);
    world.done(&["token", "enable", "my_app"]);
    // The link leads to another database: the server does not see what happens there.
    remove(&world.database());
    fs::copy(elsewhere.join("real.db"), elsewhere.join("other.db")).unwrap();
    symlink(elsewhere.join("other.db"), world.database()).unwrap();
    let ran = world.run(&["token", "disable", "my_app"]);
    assert!(ran.code == Some(3) && ran.stderr.contains(SENTENCE), "{}", ran.stderr);
    refuses_to_decide(&server, &token);
}

#[test]
fn a_link_that_leads_nowhere_and_a_second_hard_link_are_refused() {
    let (world, _) = World::with_token("my_app");
    let other = world.path().join("other.db");
    fs::hard_link(world.database(), &other).unwrap();
    for command in [&["token", "disable", "my_app"][..], &["token", "list"], &["server", "--port", "0"]] {
        let ran = world.run(command);
        assert!(ran.code == Some(3) && ran.stderr.contains("has 2 hard links"), "{command:?} {}", ran.stderr);
    }
    remove(&other);
    world.done(&["token", "disable", "my_app"]);
    remove(&world.database());
    symlink("/nowhere/tokens.db", world.database()).unwrap();
    let ran = world.run(&["token", "list"]);
    assert!(ran.code == Some(3) && ran.stderr.contains("leads nowhere"), "{}", ran.stderr);
}

/// As deployments switch directories: the command can't find the server.
#[test]
fn a_link_to_the_directory_is_switched() {
    let times = if torture() { 100 } else { 5 };
    let mut wrong = 0;
    for number in 0..times {
        let (world, token) = World::with_token("my_app");
        let link = world.path().join("link");
        symlink(world.databasedir(), &link).unwrap();
        let databasedir = ["--databasedir", link.to_str().unwrap()];
        let server = world.server_with(&databasedir);
        assert_eq!(server.authorize(&token).status, 200);
        let copy = world.path().join("copy");
        fs::create_dir(&copy).unwrap();
        fs::copy(world.database(), copy.join("tokens.db")).unwrap();
        // With and without another server, which the command does find.
        let _theirs = (number % 2 == 0).then(|| world.server_with(&["--databasedir", copy.to_str().unwrap()]));
        symlink(&copy, world.path().join("new")).unwrap();
        fs::rename(world.path().join("new"), &link).unwrap();
        world.done(&[&["token", "disable", "my_app"][..], &databasedir].concat());
        wrong += usize::from(server.authorize(&token).status == 200);
    }
    report("the link to the directory is switched", times, wrong);
    assert_eq!(wrong, 0);
}

#[test]
fn a_file_that_is_mounted_by_itself_is_refused() {
    if !rustix::process::geteuid().is_root() {
        println!("not run: mounting takes root");
        return;
    }
    let (world, token) = World::with_token("my_app");
    let server = world.server();
    assert_eq!(server.authorize(&token).status, 200);
    let elsewhere = world.path().join("elsewhere");
    fs::create_dir(&elsewhere).unwrap();
    fs::write(elsewhere.join("tokens.db"), "").unwrap();
    let shell = |script: &str| assert!(Command::new("sh").args(["-c", script]).status().unwrap().success(), "{script}");
    let mounted = elsewhere.join("tokens.db");
    shell(&format!("mount --bind {} {}", world.database().display(), mounted.display()));
    let ran = world.run(&["token", "disable", "my_app", "--databasedir", elsewhere.to_str().unwrap()]);
    shell(&format!("umount -l {}", mounted.display()));
    assert!(ran.code == Some(3) && ran.stderr.contains("mount its directory instead"), "{}", ran.stderr);
}

/// The old names still exist in the mount.
#[test]
fn a_directory_that_a_server_uses_through_a_bind_mount_is_moved() {
    if !rustix::process::geteuid().is_root() {
        println!("not run: mounting takes root");
        return;
    }
    let (world, token) = World::with_token("my_app");
    let mounted = world.path().join("mounted");
    fs::create_dir(&mounted).unwrap();
    let shell = |script: &str| assert!(Command::new("sh").args(["-c", script]).status().unwrap().success(), "{script}");
    shell(&format!("mount --bind {} {}", world.databasedir().display(), mounted.display()));
    let server = world.server_with(&["--databasedir", mounted.to_str().unwrap()]);
    assert_eq!(server.authorize(&token).status, 200);
    fs::rename(world.databasedir(), world.path().join("old")).unwrap();
    refuses_to_decide(&server, &token);
    drop(server);
    shell(&format!("umount -l {}", mounted.display()));
}
