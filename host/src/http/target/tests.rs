//! The spelling of hosts and paths, as a table and as properties.

use super::*;
use percent_encoding::percent_decode_str;
use proptest::prelude::*;

fn path(path: &str) -> Result<String, Fault> {
    let mut text = String::new();
    push_path(path.split('?').next().unwrap(), &mut text).map(|()| text)
}

fn host(host: &str, scheme: Option<&str>) -> Result<String, Fault> {
    let mut text = String::new();
    push_host(host, scheme, &mut text).map(|()| text)
}

#[test]
fn a_request_is_method_host_and_path() {
    let target = Target { method: "GET", scheme: None, host: "Example.ORG", path: "/a/b?c=/d" };
    assert_eq!(target.permission().unwrap(), "http:GET:example.org/a/b");
    let with = |method: &str| Target { method, scheme: None, host: "h", path: "/" }.permission();
    assert_eq!(with("get").unwrap(), "http:get:h/", "methods have a case");
    assert_eq!(with(&"M".repeat(64)).unwrap().len(), 5 + 64 + 3);
    for bad in ["", "G T", "GET:x", "GE/T", "GÉT", &"M".repeat(65)] {
        assert_eq!(with(bad), Err(Fault::Method), "{bad:?}");
    }
}

#[test]
fn paths_have_one_spelling() {
    for (spelled, expected) in [
        ("/", "/"),
        ("/a", "/a"),
        ("/a/", "/a/"),
        ("/?a=//..;", "/"),
        ("/%61%7A%41%5a%30%39%2D%2e%5f%7e", "/azAZ09-._~"),
        ("/a%20b%c3%A9%25", "/a%20b%C3%A9%25"),
        ("/%252e%252e/%252f", "/%252e%252e/%252f"),
        ("/...", "/..."),
        ("/.a/b./%2ea", "/.a/b./.a"),
        ("/a%3bb%23c%3fd%3Ae", "/a%3Bb%23c%3Fd%3Ae"),
        ("/a:b@c!$&'()*+,=~", "/a:b@c!$&'()*+,=~"),
        ("/%0a%7f", "/%0A%7F"),
    ] {
        assert_eq!(path(spelled).as_deref(), Ok(expected), "{spelled}");
    }
}

#[test]
fn a_path_that_can_be_read_in_two_ways_has_none() {
    for (spelled, part) in [
        ("", "slash"),
        ("a", "slash"),
        ("*", "slash"),
        ("http://h/a", "slash"),
        ("/.", "dot segment"),
        ("/..", "dot segment"),
        ("/a/../b", "dot segment"),
        ("/a/%2e%2E/b", "dot segment"),
        ("/a/.%2e", "dot segment"),
        ("/%2e/?x", "dot segment"),
        ("//", "empty segment"),
        ("/a//b", "empty segment"),
        ("/public//../admin", "empty segment"),
        ("/a//", "empty segment"),
        ("/a;b", "semicolon"),
        ("/..;/a", "semicolon"),
        ("/a#b", "fragment"),
        ("/a#?b", "fragment"),
        ("/a\\..\\b", "backslash"),
        ("/a%5c..%5Cb", "backslash"),
        ("/a%2fb", "encoded slash"),
        ("/a%2Fb", "encoded slash"),
        ("/a%00", "NUL"),
        ("/%", "percent"),
        ("/%4", "percent"),
        ("/a%4/1", "percent"),
        ("/%zz", "percent"),
        ("/%+1", "percent"),
        ("/a b", "no URI has"),
        ("/a\tb", "no URI has"),
        ("/a\0b", "no URI has"),
        ("/a\u{7f}", "no URI has"),
        ("/é", "no URI has"),
    ] {
        let fault = path(spelled).unwrap_err().to_string();
        assert!(fault.contains(part), "{spelled}: {fault}");
    }
}

#[test]
fn hosts_have_one_spelling() {
    for (spelled, scheme, expected) in [
        ("Example.ORG", None, "example.org"),
        ("example.org:80", None, "example.org"),
        ("example.org:443", None, "example.org"),
        ("example.org:80", Some("http"), "example.org"),
        ("example.org:443", Some("http"), "example.org:443"),
        ("example.org:443", Some("https"), "example.org"),
        ("example.org:80", Some("https"), "example.org:80"),
        ("example.org:443", Some("wss"), "example.org"),
        ("example.org:", Some("https"), "example.org"),
        ("example.org:08080", None, "example.org:8080"),
        ("127.0.0.1:9843", None, "127.0.0.1:9843"),
        ("[2001:DB8:0::1]", None, "[2001:db8::1]"),
        ("[::1]:80", Some("ws"), "[::1]"),
        ("[::1]:8080", None, "[::1]:8080"),
        ("::1", None, "[::1]"),
        ("*.example.com", None, "*.example.com"),
        ("_", None, "_"),
    ] {
        assert_eq!(host(spelled, scheme).as_deref(), Ok(expected), "{spelled} {scheme:?}");
    }
}

#[test]
fn malformed_hosts_are_refused() {
    for spelled in [
        "",
        ":80",
        "a b",
        "a,b",
        "a/b",
        "a@b",
        "user:x@b",
        "a%2eb",
        "é",
        "a:b",
        "a:80:80",
        "a:+80",
        "a:65536",
        "[::1",
        "[a]",
        "[]",
        "[::1]80",
        "[::1]:x",
        "[fe80::1%25eth0]",
        "[127.0.0.1]",
        "~^(.+)$",
        "a\0",
    ] {
        assert_eq!(host(spelled, None), Err(Fault::Host), "{spelled:?}");
    }
    for scheme in ["", "ftp", "HTTPS", "https, http"] {
        assert_eq!(host("a", Some(scheme)), Err(Fault::Scheme), "{scheme:?}");
        assert_eq!(host("a:1", Some(scheme)), Err(Fault::Scheme), "{scheme:?}");
    }
}

#[test]
fn a_file_that_is_too_long_is_not_read() {
    let of = |host: &str, path: &str| Target { method: "GET", scheme: None, host, path }.permission();
    let longest = format!("/{}", "a".repeat(MAX_PATH_LEN - 1));
    assert!(of("h", &format!("{longest}?{longest}")).is_ok(), "the query does not count");
    assert_eq!(of("h", &format!("{longest}a")), Err(Fault::TooLong));
    assert_eq!(of(&"h".repeat(MAX_PATH_LEN + 1), "/"), Err(Fault::TooLong));
}

/// A path that has one meaning, spelled somehow: its characters, and whether each is
/// percent-encoded, in lower case or not.
fn spelled() -> impl Strategy<Value = (String, String)> {
    let character = (prop::sample::select(b"abZ09-._~% \xe9/".to_vec()), any::<bool>(), any::<bool>());
    prop::collection::vec(character, 0..30).prop_map(|characters| {
        let spell = |forced: bool| {
            let spell = |(byte, encoded, lower): &(u8, bool, bool)| match byte {
                b'/' => "/".to_owned(),
                it if !b"% \xe9".contains(it) && (!encoded || forced) => char::from(*it).to_string(),
                it if *lower && !forced => format!("%{it:02x}"),
                it => format!("%{it:02X}"),
            };
            characters.iter().map(spell).collect::<String>()
        };
        (format!("/{}", spell(false)), format!("/{}", spell(true)))
    })
}

/// Any path: of pieces that matter, or of any characters.
fn anything() -> impl Strategy<Value = String> {
    let pieces =
        ["/", ".", "..", "a", "%", "%2e", "%2E", "%61", "%2f", "%5C", "%00", "%25", "%C3", ";", "#", "?", "\\", ":"];
    let pieces = prop::collection::vec(prop::sample::select(pieces.to_vec()), 0..6);
    prop_oneof![3 => pieces.prop_map(|it| format!("/{}", it.concat())), 1 => "/.{0,8}"]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn all_spellings_of_a_path_have_one_text((one, other) in spelled()) {
        prop_assert_eq!(path(&one), path(&other), "{} {}", one, other);
    }

    #[test]
    fn a_text_is_its_own_text(spelled in anything()) {
        if let Ok(text) = path(&spelled) {
            prop_assert_eq!(path(&text), Ok(text.clone()));
        }
    }

    /// Decoding once shows no other segments than the text itself, however it is done.
    #[test]
    fn a_text_means_what_it_shows(spelled in anything()) {
        let Ok(text) = path(&spelled) else { return Ok(()) };
        let decoded: Vec<u8> = percent_decode_str(&text).collect();
        prop_assert_eq!(&decoded, &percent_decode_str(spelled.split('?').next().unwrap()).collect::<Vec<u8>>());
        let segments: Vec<&[u8]> = decoded[1..].split(|it| *it == b'/').collect();
        prop_assert_eq!(segments.len(), text.matches('/').count());
        prop_assert!(!segments.iter().any(|it| it == b"." || it == b".."));
        prop_assert!(!segments[..segments.len() - 1].iter().any(|it| it.is_empty()));
        prop_assert!(!decoded.iter().any(|it| b"\\\0".contains(it)));
        prop_assert!(text.bytes().all(|it| it.is_ascii_graphic() && !b";#?".contains(&it)));
    }

    #[test]
    fn what_has_two_readings_has_no_text_wherever_it_stands(
        before in "(/[a-z]{1,3}){0,3}", after in "(/[a-z]{1,3}){0,3}",
        bad in prop::sample::select(vec!["/.", "/..", "/%2e%2e", "//", "/;", "/a;b", "/#", "/\\", "/%5c", "/%2f", "/%00", "/%", "/%g0"]),
    ) {
        let suffix = if bad == "//" { "a" } else { "" };
        let spelled = format!("{before}{bad}{suffix}{after}");
        prop_assert!(path(&spelled).is_err(), "{}", spelled);
    }

    #[test]
    fn no_text_makes_it_panic(method in ".{0,5}", scheme in prop::option::of(".{0,5}"), host in ".{0,10}|[\\[:\\]0-9a]{0,9}", path in ".{0,20}") {
        let target = Target { method: &method, scheme: scheme.as_deref(), host: &host, path: &path };
        if let Ok(text) = target.permission() {
            prop_assert!(text.bytes().all(|it| it.is_ascii_graphic()));
        }
    }
}
