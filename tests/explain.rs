//! `token explain` and the flags for grants.

use crate::harness::World;

fn with_grants(grants: &[&str]) -> (World, String) {
    let world = World::new();
    let flags = grants.iter().flat_map(|it| ["--grant", it]);
    let arguments: Vec<_> = ["token", "create", "my_app", "-q"].into_iter().chain(flags).collect();
    let token = world.done(&arguments).trim().to_owned();
    (world, token)
}

#[test]
fn explain_prints_the_grant_that_decides_or_that_none_does() {
    let (world, _) = with_grants(&["lookup:apache", "lookup:**", "http:GET:example.com/*"]);
    for (permission, grant) in [
        ("lookup:apache", "lookup:apache"),
        ("lookup:apache/web", "lookup:**"),
        ("http:GET:example.com/a", "http:GET:example.com/*"),
    ] {
        assert_eq!(world.done(&["token", "explain", "my_app", permission]), format!("{grant}\n"));
    }
    for permission in ["http:GET:example.com/a/b", "scope:a/b", "tokens:read", "Lookup:apache"] {
        let words = format!("No grant of my_app permits {permission}");
        world.refused(&["token", "explain", "my_app", permission], &[&words]);
    }
    world.refused(&["token", "explain", "nobody", "lookup:a"], &["No such API ID nobody"]);
}

#[test]
fn a_token_without_grants_may_do_everything_but_administer_tokens() {
    let (world, _) = with_grants(&[]);
    let said = world.done(&["token", "explain", "my_app", "lookup:a/b"]);
    assert_eq!(said, "my_app has no grants: it may do everything except tokens:*\n");
    world.refused(&["token", "explain", "my_app", "tokens:read"], &["without one it may not do tokens:read"]);
}

#[test]
fn explain_reads_a_request_as_the_server_does() {
    let (world, _) = with_grants(&["http:**"]);
    for (path, words) in [
        ("public/../x", "the path has a dot segment"),
        ("public/%2e%2E/x", "the path has a dot segment"),
        ("a//x", "the path has an empty segment"),
        ("a;b", "the path has a semicolon"),
        ("a#b", "the path has a fragment"),
        ("a\\b", "the path has a backslash"),
        ("a%2Fb", "the path has an encoded slash"),
        ("a%00", "the path has an encoded NUL"),
        ("a%2", "the path has a percent sign without two hexadecimal digits"),
        ("a b", "the path has a character that no URI has"),
    ] {
        let permission = format!("http:GET:shop.example/{path}");
        let words = format!("no grant can permit this: {words}");
        world.refused(&["token", "explain", "my_app", &permission], &[&words]);
    }
    world.refused(&["token", "explain", "my_app", "http:GET"], &["no grant can permit this"]);
    world.refused(&["token", "explain", "my_app", "http:GET:shop.example"], &["the path does not begin with a slash"]);
    world.done(&["token", "update", "my_app", "--grant", "http:GET:shop.example/~a"]);
    for permission in ["http:GET:Shop.Example/%7Ea?q=/../", "http:GET:shop.example:443/~a", "http:GET:shop.example/~a"]
    {
        assert_eq!(world.done(&["token", "explain", "my_app", permission]), "http:GET:shop.example/~a\n");
    }
    let said = world.done(&["token", "explain", "my_app", ""]);
    assert_eq!(said, "This needs no grant: any token that is good may do it\n");
}

#[test]
fn explain_says_that_a_disabled_token_is_refused_whatever_its_grants() {
    let (world, _) = with_grants(&["lookup:**"]);
    world.done(&["token", "disable", "my_app"]);
    let ran = world.run(&["token", "explain", "my_app", "lookup:a"]);
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(0), "lookup:**\n"));
    assert_eq!(ran.stderr, "my_app is disabled, so it is refused whatever its grants\n");
}

#[test]
fn an_update_replaces_all_grants_for_the_next_request() {
    let (world, token) = with_grants(&["http:GET:localhost/v1/authorize", "lookup:a"]);
    let server = world.server();
    assert_eq!(server.authorize(&token).status, 200);
    world.done(&["token", "update", "my_app", "--grant", "lookup:b"]);
    assert_eq!(server.authorize(&token).status, 403, "the token is good, but may not do this");
    world.refused(&["token", "explain", "my_app", "lookup:a"], &["No grant of my_app permits lookup:a"]);
    world.done(&["token", "update", "my_app", "--no-grants"]);
    assert_eq!(server.authorize(&token).status, 200);
    world.refused(&["token", "explain", "my_app", "tokens:write"], &["my_app has no grants"]);
}

#[test]
fn malformed_grants_are_refused_with_the_flag_and_what_it_takes() {
    let (world, _) = with_grants(&["lookup:a"]);
    let (long, longer) = ("a".repeat(2048), "b".repeat(2048));
    for (flags, words) in [
        (&["--grant", ""][..], "can't be a grant: use a pattern such as lookup:apache/*"),
        (&["--grant", "a\nb"], "can't be a grant"),
        (
            &["--grant", &long, "--grant", &longer],
            "--grant: the grants take 4097 bytes, with the line feeds between them: at most 4096 fit",
        ),
        (&["--grant", "a", "--no-grants"], "cannot be used with"),
    ] {
        for command in ["create", "update"] {
            let ran = world.run(&[&["token", command, "my_app"], flags].concat());
            assert_eq!(ran.code, Some(2), "{flags:?}: {}", ran.stderr);
            assert!(ran.stderr.contains("--grant") && ran.stderr.contains(words), "{}", ran.stderr);
        }
    }
    let ran = world.run(&["token", "explain", "my_app", &"a".repeat(4097)]);
    assert!(ran.code == Some(2) && ran.stderr.contains("PERMISSION: it has 4097 bytes"), "{}", ran.stderr);
    assert_eq!(world.done(&["token", "explain", "my_app", "lookup:a"]), "lookup:a\n", "nothing was changed");
}
