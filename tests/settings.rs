//! Settings: their sources, and the errors of bad ones.

use crate::harness::{Ran, Server, World};
use rustix::process::Signal;
use std::fs;

fn config(world: &World, file: &str, arguments: &[&str], variables: &[(&str, &str)]) -> Ran {
    let path = world.path().join("jerakia.yaml");
    fs::write(&path, file).unwrap();
    let mut command = world.command(arguments);
    command.env_remove("JERAKIA_DATABASEDIR").env("JERAKIA_CONFIG", &path).envs(variables.iter().copied());
    Ran::of(command.output().unwrap())
}

/// The line of a setting, with single spaces.
fn setting(ran: &Ran, name: &str) -> String {
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    let line = ran.stdout.lines().find(|it| it.trim_start().starts_with(&format!("{name}:")));
    line.unwrap().split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn flag_goes_before_environment_before_file_before_default() {
    let world = World::new();
    let file = "databasedir: /from/file\nserver:\n  port: 1\n  token_ttl: 7\n";
    let environment = [("JERAKIA_DATABASEDIR", "/from/environment"), ("JERAKIA_SERVER_PORT", "2")];
    let path = world.path().join("jerakia.yaml");
    let in_file = |name, value| format!("{name}: {value} # file {}", path.display());

    let ran = config(&world, file, &["config"], &[]);
    assert_eq!(setting(&ran, "databasedir"), in_file("databasedir", "\"/from/file\""));
    assert_eq!(setting(&ran, "port"), in_file("port", "1"));
    assert_eq!(setting(&ran, "bind"), "bind: \"127.0.0.1\" # default");
    let ran = config(&world, file, &["config"], &environment);
    assert_eq!(setting(&ran, "databasedir"), "databasedir: \"/from/environment\" # environment JERAKIA_DATABASEDIR");
    assert_eq!(setting(&ran, "port"), "port: 2 # environment JERAKIA_SERVER_PORT");
    assert_eq!(setting(&ran, "token_ttl"), in_file("token_ttl", "7"));
    let ran = config(&world, file, &["config", "--databasedir", "/from/flag"], &environment);
    assert_eq!(setting(&ran, "databasedir"), "databasedir: \"/from/flag\" # flag --databasedir");
}

#[test]
fn config_prints_a_configuration_file_of_the_same_settings() {
    let world = World::new();
    let first = config(&world, "server: {port: 7, bind: '::1'}\nloglevel: verbose\n", &["config"], &[]);
    let again = config(&world, &first.stdout, &["config"], &[]);
    let values = |ran: &Ran| ran.stdout.lines().map(|it| it.split('#').next().unwrap().to_owned()).collect::<Vec<_>>();
    assert_eq!(values(&first), values(&again));
}

#[test]
fn lists_are_yaml_lists_or_have_commas() {
    let world = World::new();
    let proxies = |file: &str, arguments: &[&str], variables: &[(&str, &str)]| {
        let ran = config(&world, file, arguments, variables);
        let line = setting(&ran, "trusted_proxies");
        let again = config(&world, &ran.stdout, &["config"], &[]);
        assert_eq!(setting(&again, "trusted_proxies").split('#').next(), line.split('#').next(), "read again");
        line.split(" #").next().unwrap().to_owned()
    };
    let three = r#"trusted_proxies: ["10.0.0.0/8", "fd00::1/128", "unix"]"#;
    let none = "trusted_proxies: []";
    assert_eq!(proxies("", &["config"], &[]), r#"trusted_proxies: ["127.0.0.0/8", "::1/128"]"#);
    assert_eq!(proxies("server:\n  trusted_proxies: [10.1.1.1/8, 'fd00::1', unix]\n", &["config"], &[]), three);
    assert_eq!(
        proxies("server:\n  trusted_proxies:\n  - 10.0.0.0/8\n  - fd00::1\n  - unix\n", &["config"], &[]),
        three
    );
    assert_eq!(proxies("server:\n  trusted_proxies: 10.0.0.0/8, fd00::1,unix\n", &["config"], &[]), three);
    assert_eq!(proxies("server:\n  trusted_proxies: []\n", &["config"], &[]), none);
    let variable = |value| [("JERAKIA_SERVER_TRUSTED_PROXIES", value)];
    assert_eq!(proxies("", &["config"], &variable("10.0.0.0/8,fd00::1, unix")), three);
    assert_eq!(proxies("", &["config"], &variable("")), none);
}

#[test]
fn an_empty_file_has_no_settings() {
    let world = World::new();
    for file in ["", "---\n", "# nothing\n", "server:\n"] {
        let ran = config(&world, file, &["config"], &[]);
        assert_eq!(setting(&ran, "port"), "port: 9843 # default", "{file:?}");
    }
}

#[test]
fn unused_keys_of_jerakia_3_warn() {
    let world = World::new();
    let file = "\
plugindir: /x
encryption: {provider: vault}
client: {host: h, token: 'my_app:secret'}
client_token: 'my_app:secret'
consul: {host: h}
enable_schemas: true
schema: {docroot: /srv/schema, format: json, enable_caching: true}
";
    let ran = config(&world, file, &["config"], &[]);
    assert_eq!(setting(&ran, "docroot").split(' ').nth(1), Some("\"/srv/schema\""));
    let unused = ["plugindir", "encryption", "client", "client_token", "consul", "enable_schemas"];
    for key in unused.iter().chain(&["schema.format", "schema.enable_caching"]) {
        let warned = format!("the configuration file sets {key:?}, a setting of Jerakia 3");
        assert_eq!(ran.stderr.matches(&warned).count(), 1, "{key}: {}", ran.stderr);
    }
    assert_eq!(ran.stderr.lines().count(), unused.len() + 2, "{}", ran.stderr);
    assert!(!ran.stderr.contains("secret"), "{}", ran.stderr);
}

#[test]
fn bad_settings_are_named_and_exit_2() {
    let world = World::new();
    let bad = |file: &str, variables: &[(&str, &str)], arguments: &[&str], parts: &[&str]| {
        let ran = config(&world, file, arguments, variables);
        assert_eq!(ran.code, Some(2), "{file:?} {variables:?} {}", ran.stderr);
        assert!(parts.iter().all(|it| ran.stderr.contains(it)), "{parts:?} in {}", ran.stderr);
    };
    let is_not = "is not a setting";
    bad("databasedirr: /x\n", &[], &["config"], &["databasedirr", "line 1", "jerakia.yaml", is_not]);
    bad("server:\n  prot: 1\n", &[], &["config"], &["server.prot", "line 2", is_not]);
    bad("server:\n  port: 65536\n", &[], &["config"], &["server.port", "65536", "jerakia.yaml, line 2", "0 to 65535"]);
    bad("server:\n  port: [1]\n", &[], &["config"], &["server.port", "line 2", "one value"]);
    bad(
        "server:\n  trusted_proxies: {a: b}\n",
        &[],
        &["config"],
        &["server.trusted_proxies", "line 2", "a list of values"],
    );
    bad("server:\n  trusted_proxies: [[::1]]\n", &[], &["config"], &["server.trusted_proxies", "a list of values"]);
    bad("server:\n  trusted_proxies: [::1, 10.0.0.0/33]\n", &[], &["config"], &["10.0.0.0/33", "networks such as"]);
    bad("", &[], &["server", "--trusted-proxies", "here"], &["server.trusted_proxies", "\"here\"", "networks such as"]);
    bad("server: {forward_auth: apache}\n", &[], &["config"], &["server.forward_auth", "use nginx, traefik, caddy"]);
    bad("schema: x\n", &[], &["config"], &["schema", "line 1", "a map"]);
    bad("server:\n  port: 1\n  port: 2\n", &[], &["config"], &["duplicate", "port", "line 3"]);
    bad("logfile: ''\n", &[], &["config"], &["logfile", "a path"]);
    bad(
        "",
        &[],
        &["server", "--bind", "127.0.0.256"],
        &["server.bind", "\"127.0.0.256\"", "flag --bind", "an IP address"],
    );
    bad("- a list\n", &[], &["config"], &["jerakia.yaml"]);
    bad("a: [\n", &[], &["config"], &["jerakia.yaml"]);
    bad("loglevel: loud\n", &[], &["config"], &["use error, warn, info or debug"]);
    bad(
        "",
        &[("JERAKIA_SERVER_PORT", "x")],
        &["config"],
        &["server.port", "JERAKIA_SERVER_PORT", "\"x\"", "0 to 65535"],
    );
    bad("server: {token_ttl: 0}\n", &[], &["config"], &["token_ttl", "1 to 86400 seconds"]);
    bad("", &[], &["server", "--token_ttl", "86401"], &["--token-ttl", "1 to 86400 seconds"]);
    bad("", &[], &["config", "--config", "/nowhere.yaml"], &["/nowhere.yaml"]);
    bad("", &[], &["token", "create"], &["API_ID"]);
    bad("", &[], &["tokens"], &["unrecognized subcommand"]);
}

#[test]
fn a_server_listens_on_a_name() {
    let world = World::new();
    let server = world.server_with(&["--bind", "localhost"]);
    assert!(server.address().ip().is_loopback());
    assert_eq!(server.client().get("/livez", "").status, 200);
    drop(server);

    let file = "server:\n  bind: no-such-host.invalid\n";
    let said = config(&world, file, &["server", "--port", "0"], &[]);
    assert_eq!(said.code, Some(2), "{}", said.stderr);
    for part in ["server.bind can't be \"no-such-host.invalid\"", "jerakia.yaml, line 2", "use an IP address"] {
        assert!(said.stderr.contains(part), "{part}: {}", said.stderr);
    }
    assert_eq!(config(&world, file, &["config"], &[]).code, Some(0), "other commands need not resolve it");
}

#[test]
fn the_letters_of_jerakia_3_are_flags_of_the_server() {
    let world = World::new();
    let file = world.path().join("other.yaml");
    fs::write(&file, "loglevel: error\nserver: {port: 1}\n").unwrap();
    let letters = ["-p", "0", "-b", "localhost", "-t", "7", "-l", "info", "-c", file.to_str().unwrap()];
    let server = Server::start(world.command(&[&["server"], &letters[..]].concat()));
    assert_eq!(server.client().get("/readyz", "").status, 200);
    let (status, log) = server.stop(Signal::TERM);
    assert!(status.success() && log.contains("INFO"), "{log}");
}

/// Other users see the arguments of a process.
#[test]
fn tokens_on_the_command_line_of_a_server_are_refused() {
    let world = World::new();
    for flags in
        [&["-T", "my_app:secret"][..], &["-T", "a:secret", "b:secret"], &["--create_tokens=my_app:secret"], &["-T"]]
    {
        let ran = world.run(&[&["server", "--port", "0"], flags].concat());
        assert_eq!((ran.code, ran.stdout.as_str()), (Some(2), ""), "{flags:?}: {}", ran.stderr);
        assert!(ran.stderr.contains("use --token-file") && !ran.stderr.contains("secret"), "{}", ran.stderr);
    }
}

#[test]
fn help_has_examples() {
    let world = World::new();
    for command in [&["--help"][..], &["token", "--help"], &["server", "--help"], &["config", "--help"]] {
        assert!(world.done(command).contains("Example"), "{command:?}");
    }
}

#[test]
fn config_check_lists_everything_that_is_wrong() {
    let world = World::new();
    let fine = config(&world, "server: {port: 7}\n", &["config", "check"], &[]);
    assert_eq!(fine.code, Some(0), "{}", fine.stderr);
    assert!(fine.stdout.starts_with("the settings can be used; configuration file "), "{}", fine.stdout);
    let file = "databasedirr: /x\nplugindir: /y\nserver:\n  prot: 1\n  port: 65536\n  bind: [1]\nloglevel: loud\n";
    let bad = config(&world, file, &["config", "check"], &[("JERAKIA_SERVER_TOKEN_TTL", "0")]);
    assert_eq!(bad.code, Some(2), "{}", bad.stderr);
    let parts = [
        "plugindir",
        "line 1: databasedirr",
        "line 4: server.prot",
        "line 6: server.bind takes one value",
        "server.port can't be \"65536\"",
        "loglevel can't be \"loud\"",
        "JERAKIA_SERVER_TOKEN_TTL",
    ];
    assert!(parts.iter().all(|it| bad.stderr.contains(it)), "{}", bad.stderr);
    assert_eq!(bad.stderr.lines().count(), parts.len(), "{}", bad.stderr);
    let broken = config(&world, "a: [\n", &["config", "check"], &[]);
    assert!(broken.code == Some(2) && broken.stderr.contains("is not valid YAML"), "{}", broken.stderr);
}

#[test]
fn the_readme_shows_each_setting_and_its_source() {
    let world = World::new();
    let mut command = world.command(&["config", "--databasedir", "/srv/tokens"]);
    command.env_remove("JERAKIA_DATABASEDIR").env("JERAKIA_SERVER_PORT", "8080");
    let ran = Ran::of(command.output().unwrap());
    let block = format!("$ JERAKIA_SERVER_PORT=8080 jerakia config --databasedir /srv/tokens\n{}```", ran.stdout);
    assert!(include_str!("../README.md").contains(&block), "README.md lacks\n{block}");
}

#[test]
fn an_unknown_variable_is_named_without_its_value() {
    let world = World::new();
    let variables = [("JERAKIA_SERVER_PROT", "hush"), ("JERAKIA_SERVER_PORT", "8080")];
    let ran = config(&world, "", &["config", "check"], &variables);
    let words = "the environment variable JERAKIA_SERVER_PROT is not a setting, and has no effect: docs/SETTINGS.md lists them\n";
    assert_eq!((ran.code, ran.stderr.as_str()), (Some(0), words), "{}", ran.stdout);
    let doctor = config(&world, "", &["doctor"], &variables);
    assert!(doctor.code == Some(1) && doctor.stdout.contains(&format!("to do  {words}")), "{}", doctor.stdout);
    assert!(!doctor.stdout.contains("JERAKIA_SERVER_PORT") && !doctor.stdout.contains("hush"), "{}", doctor.stdout);
}
