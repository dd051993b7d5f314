//! Tokens that a secret manager made: `token create --token-file`.

use crate::harness::{Ran, World};
use std::fs;
use std::io::Write as _;
use std::process::Stdio;

fn digits() -> String {
    "0123456789abcdef".repeat(5)
}

fn piped(world: &World, arguments: &[&str], input: &[u8]) -> Ran {
    let mut command = world.command(arguments);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut process = command.spawn().unwrap();
    // It may have stopped reading already.
    drop(process.stdin.take().unwrap().write_all(input));
    Ran::of(process.wait_with_output().unwrap())
}

#[test]
fn a_token_from_a_file_is_good_and_never_printed() {
    let world = World::new();
    let token = format!("my_app:{}", digits());
    let file = world.path().join("token");
    fs::write(&file, format!("{token}\n")).unwrap();
    let ran = world.run(&["token", "create", "my_app", "--token-file", file.to_str().unwrap(), "--expires", "1d"]);
    assert_eq!((ran.code, ran.stdout.as_str(), ran.stderr.as_str()), (Some(0), "", ""));
    let server = world.server();
    let granted = server.authorize(&token);
    assert!(
        granted.status == 200 && granted.header("x-jerakia-expires").is_some_and(|it| !it.is_empty()),
        "{granted:?}"
    );
    let piped =
        piped(&world, &["token", "create", "other", "--token-file", "-"], format!("other:{}", digits()).as_bytes());
    assert_eq!((piped.code, piped.stdout.as_str(), piped.stderr.as_str()), (Some(0), "", ""));
    assert_eq!(server.authorize(&format!("other:{}", digits())).status, 200);
    let words = ["API ID my_app already exists"];
    world.refused(&["token", "create", "my_app", "--token-file", file.to_str().unwrap()], &words);
}

#[test]
fn a_file_without_a_token_of_that_id_is_refused_and_never_quoted() {
    let world = World::new();
    let constant = format!("my_app:{}", "ab".repeat(40));
    for (content, words) in [
        (Vec::new(), "it has no token: write one as <API ID>:<80 hexadecimal digits, lower case>"),
        (digits().into_bytes(), "it has no token"),
        (format!("my_app:{}", digits().to_uppercase()).into_bytes(), "it has no token"),
        (format!("my_app:{}0", digits()).into_bytes(), "it has no token"),
        (format!("my_app:{0}\nmy_app:{0}\n", digits()).into_bytes(), "it has no token"),
        (vec![0xff; 1 << 20], "it has no token"),
        (format!("other:{}", digits()).into_bytes(), "its token belongs to other"),
        (constant.into_bytes(), "its token has the same two digits 40 times"),
    ] {
        let ran = piped(&world, &["token", "create", "my_app", "--token-file", "-"], &content);
        assert_eq!((ran.code, ran.stdout.as_str()), (Some(2), ""), "{}", ran.stderr);
        assert!(ran.stderr.contains("--token-file - (standard input)") && ran.stderr.contains(words), "{}", ran.stderr);
        assert!(!ran.stderr.contains("0123456789abcdef") && !ran.stderr.contains("abababab"), "{}", ran.stderr);
    }
    // Read with a bound: /dev/zero has no end.
    for (file, words) in [("/dev/zero", "it has no token"), ("/nowhere", "it can't be read")] {
        let ran = world.run(&["token", "create", "my_app", "--token-file", file]);
        let message = format!("--token-file {file}: {words}");
        assert!(ran.code == Some(2) && ran.stderr.contains(&message), "{}", ran.stderr);
    }
    assert_eq!(world.done(&["token", "list"]).lines().count(), 2);
}
