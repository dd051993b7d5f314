//! `jerakia doctor`: names each thing that needs attention, and what to do about it.

use crate::harness::World;
use std::fs;
use std::os::unix::fs::{PermissionsExt as _, chown};
use std::path::Path;
use std::process::Command;

fn mode(path: impl AsRef<Path>, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

/// Asserts that exactly this needs attention, and nothing once the advice was followed.
fn finds(world: &World, finding: &[&str], arguments: &[&str], mend: impl FnOnce()) {
    let doctor = [&["doctor"][..], arguments].concat();
    let ran = world.run(&doctor);
    assert_eq!(ran.code, Some(1), "{finding:?}: {}{}", ran.stdout, ran.stderr);
    let to_do: Vec<_> = ran.stdout.lines().filter(|it| it.starts_with("to do  ")).collect();
    assert!(to_do.len() == 1 && finding.iter().all(|it| to_do[0].contains(it)), "{finding:?} in {}", ran.stdout);
    assert!(ran.stderr.contains("1 thing needs attention"), "{}", ran.stderr);
    mend();
    world.done(&doctor);
}

/// The command that a finding names.
fn command_in(world: &World) -> impl FnOnce() {
    let said = world.run(&["doctor"]).stdout;
    let command = said.split('`').nth(1).unwrap().to_owned();
    move || assert!(Command::new("sh").args(["-c", &command]).status().unwrap().success(), "{command}")
}

#[test]
fn nothing_needs_attention_in_a_sound_place() {
    let (world, token) = World::with_token("my_app");
    let files = || fs::read_dir(world.databasedir()).unwrap().count();
    let before = files();
    let said = world.done(&["doctor"]);
    assert!(said.lines().all(|it| it.starts_with("ok     ")), "{said}");
    assert_eq!(files(), before, "it changes nothing");
    let server = world.server();
    assert_eq!(server.authorize(&token).status, 200);
    let said = world.done(&["doctor"]);
    assert!(said.contains("servers that run on it: 1") && said.contains("tokens.db: 1 token, no flaw"), "{said}");
}

#[test]
fn without_a_database_the_first_token_is_named_and_nothing_is_made() {
    let world = World::new();
    let ran = world.run(&["doctor"]);
    assert!(ran.code == Some(1) && ran.stdout.contains("jerakia token create"), "{}", ran.stdout);
    assert!(!world.databasedir().exists());
}

#[test]
fn files_with_open_modes_or_of_another_owner() {
    let (world, _) = World::with_token("my_app");
    mode(world.databasedir(), 0o755);
    finds(&world, &["is open to other users (mode 0755)", "chmod 0700"], &[], command_in(&world));
    mode(world.database(), 0o644);
    finds(&world, &["tokens.db is open to other users (mode 0644)", "chmod 0600"], &[], command_in(&world));
    let policies = world.path().join("policies");
    fs::create_dir(&policies).unwrap();
    mode(&policies, 0o777);
    let config = world.path().join("jerakia.yaml");
    fs::write(&config, format!("policydir: {}\nlogfile: {}\n", policies.display(), world.path().join("log").display()))
        .unwrap();
    let with_config = ["--config", config.to_str().unwrap()];
    finds(&world, &["policies can be written by all users", "chmod o-w"], &with_config, || mode(&policies, 0o755));
    fs::write(world.path().join("log"), "").unwrap();
    mode(world.path().join("log"), 0o644);
    finds(&world, &["log is open to other users", "chmod 0600"], &with_config, || {
        mode(world.path().join("log"), 0o600)
    });
    if rustix::process::geteuid().is_root() {
        chown(world.database(), Some(65534), None).unwrap();
        finds(&world, &["tokens.db belongs to user 65534", "chown 0"], &[], command_in(&world));
    }
    fs::write(world.databasedir().join(".tokens.db-x.part"), "").unwrap();
    finds(&world, &["is left over from a backup", "rm "], &[], || {
        fs::remove_file(world.databasedir().join(".tokens.db-x.part")).unwrap();
    });
    let other = world.path().join("other.db");
    fs::hard_link(world.database(), &other).unwrap();
    finds(&world, &["has 2 hard links", "remove the other names"], &[], || fs::remove_file(&other).unwrap());
}

#[test]
fn a_disk_that_is_nearly_full() {
    let (world, _) = World::with_token("my_app");
    fs::remove_file(world.databasedir().join("reserve")).unwrap();
    assert_eq!(world.run(&["doctor"]).code, Some(1));
    finds(&world, &["has no reserve", "jerakia token list"], &[], || drop(world.done(&["token", "list"])));
    if !rustix::process::geteuid().is_root() {
        println!("the rest is not run: mounting a small disk takes root");
        return;
    }
    let small = world.path().join("small");
    fs::create_dir(&small).unwrap();
    let shell =
        |script: String| assert!(Command::new("sh").args(["-c", &script]).status().unwrap().success(), "{script}");
    shell(format!("mount -t tmpfs -o size=16m,mode=0700 tmpfs {}", small.display()));
    let databasedir = ["--databasedir", small.to_str().unwrap()];
    world.done(&[&["token", "create", "my_app"][..], &databasedir].concat());
    finds(&world, &["MiB free", "64 MiB at least"], &databasedir, || {
        shell(format!("mount -o remount,size=100m {}", small.display()));
    });
    shell(format!("umount -l {}", small.display()));
}

#[test]
fn a_clock_that_is_behind() {
    let (world, _) = World::with_token("my_app");
    world.sqlite().execute("UPDATE token SET issued_at = issued_at + 3600", []).unwrap();
    finds(&world, &["the clock is behind", "my_app was made in the future", "token regenerate my_app"], &[], || {
        world.regenerate("my_app");
    });
}

#[test]
fn unused_tokens() {
    let world = World::new();
    for number in 10..22 {
        world.create(&format!("app{number}"));
    }
    world.create("used");
    world.create("disabled");
    world.done(&["token", "disable", "disabled"]);
    world.sqlite().execute("UPDATE token SET created_at = 0, issued_at = 0", []).unwrap();
    let now = jiff::Timestamp::now().as_second();
    world.set_last_seen("used", now - 89 * 86_400);
    world.set_last_seen("app10", now - 91 * 86_400);
    let finding = ["the tokens of app10, app11, ", " and 2 more have been unused for 90 days", "jerakia token disable"];
    finds(&world, &finding, &[], || {
        (10..22).for_each(|it| drop(world.done(&["token", "delete", &format!("app{it}")])));
    });
}

#[test]
fn tokens_that_have_expired() {
    let (world, _) = World::with_token("my_app");
    world.create("other");
    world.sqlite().execute("UPDATE token SET ends_at = 60 WHERE api_id = 'my_app'", []).unwrap();
    let finding = ["the tokens of my_app have expired", "jerakia token delete", "jerakia token update"];
    finds(&world, &finding, &[], || drop(world.done(&["token", "delete", "my_app"])));
}

#[test]
fn a_damaged_database_and_a_server_on_other_files() {
    let (world, _) = World::with_token("my_app");
    let server = world.server();
    let index = world.databasedir().join("tokens.db-shm");
    fs::remove_file(&index).unwrap();
    let said = world.run(&["doctor"]);
    let process = format!("process {} has other files open", server.pid());
    assert!(
        said.code == Some(1) && said.stdout.contains(&process) && said.stdout.contains("restart it"),
        "{}",
        said.stdout
    );
    drop(server);
    let (world, _) = World::with_token("my_app");
    world.sqlite().execute_batch("DROP TRIGGER token_changed").unwrap();
    let said = world.run(&["doctor"]);
    let words = ["has no trigger token_changed", "jerakia db restore"];
    assert!(said.code == Some(1) && words.iter().all(|it| said.stdout.contains(it)), "{}", said.stdout);
}
