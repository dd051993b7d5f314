//! `jerakia integrate`: what it prints for which settings. `proxies` has the proxies.

use crate::harness::{Ran, World};

const NAMES: [&str; 6] = ["nginx", "caddy", "traefik", "envoy", "haproxy", "haproxy-lua"];

fn printed(name: &str, settings: &[(&str, &str)]) -> Ran {
    let world = World::new();
    let mut command = world.command(&["integrate", name]);
    let settings = settings.iter().map(|(name, value)| (format!("JERAKIA_SERVER_{name}"), value));
    Ran::of(command.envs(settings).output().unwrap())
}

fn family(name: &str) -> (&'static str, &str) {
    ("FORWARD_AUTH", name.split('-').next().unwrap())
}

#[test]
fn the_documentation_has_what_is_printed() {
    let documentation = include_str!("../docs/FORWARD-AUTH.md");
    for name in NAMES {
        let ran = printed(name, &[family(name)]);
        assert_eq!((ran.code, ran.stderr.as_str()), (Some(0), ""), "{name}");
        assert!(documentation.contains(&format!("\n{}```\n", ran.stdout)), "of {name} is not\n{}", ran.stdout);
        assert!(!ran.stdout.contains('@') || name == "envoy", "a placeholder is left: {}", ran.stdout);
    }
}

#[test]
fn the_servers_address_is_that_of_the_settings() {
    for (bind, expected) in [("127.0.0.1", "127.0.0.1:1234"), ("::1", "[::1]:1234"), ("localhost", "127.0.0.1:1234")] {
        for name in NAMES {
            let ran = printed(name, &[family(name), ("BIND", bind), ("PORT", "1234")]);
            let is_there = ran.stdout.contains(expected) || name == "haproxy";
            assert!(is_there && !ran.stdout.contains("NOTE"), "{bind}: {}", ran.stdout);
        }
    }
    let envoys = printed("envoy", &[("BIND", "::1"), ("PORT", "1234")]).stdout;
    assert!(envoys.contains(r#"socket_address: {address: "::1", port_value: 1234}"#), "{envoys}");
}

#[test]
fn a_comment_says_which_settings_need_attention() {
    for name in NAMES {
        for (bind, address) in [("0.0.0.0", "127.0.0.1:9843"), ("::", "[::1]:9843")] {
            let text = printed(name, &[family(name), ("BIND", bind)]).stdout;
            let notes: Vec<_> = text.lines().filter(|it| it.contains("NOTE")).collect();
            assert!(notes.len() == 1 && notes[0].contains(&format!("server.bind is {bind}: ")), "{text}");
            assert!(text.contains(address) || name == "haproxy", "{text}");
        }
        for (settings, now) in [(&[][..], "null"), (&[("FORWARD_AUTH", "nginx")], "nginx")] {
            let text = printed(name, settings).stdout;
            let notes: Vec<_> = text.lines().filter(|it| it.contains("NOTE")).collect();
            assert_eq!(notes.len(), usize::from(name != now), "{text}");
            let start = if name == "haproxy-lua" { "-- NOTE: " } else { "# NOTE: " };
            assert!(notes.iter().all(|it| it.starts_with(&format!("{start}server.forward_auth is {now}: "))), "{text}");
        }
    }
}

#[test]
fn of_several_addresses_the_first_without_tls_is_the_proxies() {
    let listen = |list: &str| printed("nginx", &[("FORWARD_AUTH", "nginx"), ("LISTEN", list)]);
    let ran = listen("unix:/run/jerakia.sock,https://[::]:1,http://127.0.0.1:2,http://127.0.0.1:3");
    assert!(ran.stdout.contains("127.0.0.1:2") && !ran.stdout.contains("127.0.0.1:3"), "{}", ran.stdout);
    let ran = listen("https://[::]:1");
    assert!(ran.code == Some(1) && ran.stderr.contains("server.listen has no http:// address"), "{}", ran.stderr);
}

#[test]
fn without_a_port_of_its_own_a_server_has_no_address() {
    let ran = printed("nginx", &[("PORT", "0")]);
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(1), ""));
    assert!(ran.stderr.contains("server.port is 0") && ran.stderr.contains("set server.port"), "{}", ran.stderr);
    assert_eq!(printed("nginx", &[("BIND", "no-such-host.invalid")]).code, Some(2));
}
