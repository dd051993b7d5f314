//! Kept answers, and file systems that are remote or hang.

use super::{PATH, Site, settle, write};
use crate::harness::{Lookups, World};
use rustix::mount::{MountFlags, mount};
use std::ffi::CString;
use std::fs::{self, File};
use std::os::fd::AsRawFd as _;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A mount, until it is dropped.
struct Mounted(PathBuf);

impl Drop for Mounted {
    fn drop(&mut self) {
        Command::new("umount").arg("-l").arg(&self.0).status().unwrap();
    }
}

/// Mounting needs root, which CI has.
fn mounted(at: &Path, kind: &str, options: &str) -> Option<Mounted> {
    if !rustix::process::geteuid().is_root() {
        println!("not run: mounting a file system takes root");
        return None;
    }
    fs::create_dir_all(at).unwrap();
    mount("none", at, kind, MountFlags::empty(), CString::new(options).unwrap().as_c_str()).unwrap();
    Some(Mounted(at.into()))
}

/// ramfs is local, but not one of the listed file systems.
#[test]
fn nothing_is_kept_of_a_file_system_that_may_not_be_local() {
    let data = World::new();
    let Some(_mounted) = mounted(&data.path().join("data/common"), "ramfs", "mode=0755") else { return };
    let site = Site::of(data);
    assert_eq!(site.json(PATH)["payload"], 1);
    assert!(!site.keeps(PATH));
    assert_eq!(site.json("/v1/lookup/k?namespace=ns&policy=other")["payload"], 2);
    assert!(site.keeps("/v1/lookup/k?namespace=ns&policy=other"), "it is not from there");
}

/// A file system whose server doesn't answer: FUSE, with no process at the other end.
#[test]
fn decisions_and_kept_answers_go_on_while_a_file_system_hangs() {
    let data = World::new();
    let hung = data.path().join("hung");
    let Ok(other_end) = File::options().read(true).write(true).open("/dev/fuse") else {
        println!("not run: there is no FUSE");
        return;
    };
    write(&data.path().join("data/common/ns.yaml"), "k: 1");
    write(&data.path().join("policy.d/hung.yaml"), "lookups: [{name: hung, docroot: hung, searchpath: [common]}]");
    let options = format!("fd={},rootmode=40000,user_id=0,group_id=0", other_end.as_raw_fd());
    let Some(_mounted) = mounted(&hung, "fuse", &options) else { return };
    settle();
    let lookups = Lookups::on(data.path());
    let path = "/v1/lookup/k?namespace=ns";
    assert_eq!(lookups.payload(path), 1);
    let waiting: Vec<_> = (0..8)
        .map(|number| {
            let mut client = lookups.server.client();
            let token = &lookups.token;
            client.write(format!(
                "GET {path}&policy=hung&x={number} HTTP/1.1\r\nHost: h\r\nX-Authentication: {token}\r\n\r\n"
            ));
            client
        })
        .collect();
    for _ in 0..100 {
        assert_eq!(lookups.server.authorize(&lookups.token).status, 200);
        assert_eq!(lookups.payload(path), 1);
    }
    drop(other_end); // those that wait get an error, and the server can end
    for mut client in waiting {
        assert!([501, 503].contains(&client.read().status));
    }
}
