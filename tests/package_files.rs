//! The files of packages that the program writes: man pages, and the sample settings.

use crate::harness::World;
use std::fs;

#[test]
fn the_sample_changes_nothing_and_without_its_marks_gives_the_defaults() {
    let world = World::new();
    world.done(&["package-files", "files"]);
    let sample = fs::read_to_string(world.path().join("files/jerakia.yaml")).unwrap();
    let settings = |file: &str| {
        let mut command = world.command(&["config", "--config", file]);
        let printed = command.env_remove("JERAKIA_DATABASEDIR").env("HOME", "/").output().unwrap();
        assert!(printed.status.success(), "{}", String::from_utf8_lossy(&printed.stderr));
        let text = String::from_utf8(printed.stdout).unwrap();
        text.lines().map(|it| it.split(" # ").next().unwrap().trim_end().to_owned()).collect::<Vec<_>>()
    };
    let defaults = settings("files/jerakia.yaml");
    // A mark is a # without a space behind it.
    let enabled: String = sample.lines().map(|it| enabled(it) + "\n").collect();
    fs::write(world.path().join("all.yaml"), &enabled).unwrap();
    let without_directory = |lines: Vec<String>| lines.into_iter().skip(1).collect::<Vec<_>>();
    assert_eq!(without_directory(settings("all.yaml")), without_directory(defaults));
    assert!(enabled.contains("\ndatabasedir: \"/var/db/jerakia\"\n"), "{enabled}");
}

fn enabled(line: &str) -> String {
    let indent = line.len() - line.trim_start().len();
    match line[indent..].strip_prefix('#').filter(|it| it.starts_with(|c: char| c.is_ascii_lowercase())) {
        Some(setting) => format!("{}{setting}", &line[..indent]),
        None => line.to_owned(),
    }
}

#[test]
fn there_is_a_man_page_for_each_command_and_one_for_the_settings() {
    let world = World::new();
    world.done(&["package-files", "files"]);
    let read = |name: &str| fs::read_to_string(world.path().join("files/man").join(name)).expect(name);
    let names = fs::read_dir(world.path().join("files/man")).unwrap().map(|it| it.unwrap().file_name());
    let names: Vec<_> = names.map(|it| it.into_string().unwrap()).collect();
    assert!(!names.iter().any(|it| it.contains("help") || it.contains("package")), "{names:?}");
    for name in ["jerakia.1", "jerakia-token.1", "jerakia-audit-list.1", "jerakia-server.1", "jerakia-db-restore.1"] {
        assert!(names.contains(&name.to_owned()), "{names:?}");
    }
    let page = read("jerakia-token-create.1");
    for part in ["jerakia\\-token\\-create \\- Create", ".SH OPTIONS", "\\-\\-grant", "jerakia\\-token"] {
        assert!(page.contains(part), "{part} in {page}");
    }
    assert!(read("jerakia.1").contains(".SH EXAMPLES\n.nf\n  jerakia token create my_app"), "{}", read("jerakia.1"));
    let settings = read("jerakia.yaml.5");
    for setting in world.done(&["config"]).lines().filter_map(|it| it.split_once(':')).map(|(name, _)| name.trim()) {
        assert!(settings.contains(&setting.replace('-', "\\-")), "{setting} in {settings}");
    }
}
