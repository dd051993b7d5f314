//! docs/API.md shows what its requests are answered: each is sent, and the answer compared.

use crate::harness::Api;

const PAGE: &str = include_str!("../docs/API.md");

#[test]
fn the_page_shows_what_its_requests_are_answered() {
    let api = Api::new();
    api.world.set_grants("admin", &["lookup:**", "tokens:*"]);
    let mut lines = PAGE.lines();
    let mut sent = 0;
    while let Some(line) = lines.next() {
        let Some(command) = line.strip_prefix("$ curl -sH @credential ") else { continue };
        let (method, path, headers, body) = request(command);
        let answer = api.send(&api.admin, &method, path, &headers, body);
        assert_eq!(masked(answer.text()), masked(lines.next().unwrap()), "{command}");
        sent += 1;
    }
    assert_eq!(sent, 8);
}

/// Method, path, headers and body that curl's arguments ask for.
fn request(command: &str) -> (String, &str, String, &str) {
    let after = |flag: &str| command.split_once(flag).map(|(_, rest)| rest);
    let quoted = |flag: &str| after(flag).and_then(|it| it.strip_prefix('\'')?.split('\'').next());
    let body = quoted("--json ").unwrap_or_default();
    let default = if body.is_empty() { "GET" } else { "POST" };
    let method = after("-X ").and_then(|it| it.split(' ').next()).unwrap_or(default);
    let headers = quoted("-H ").map(|it| format!("{it}\r\n")).unwrap_or_default();
    let path = after("http://127.0.0.1:9843").unwrap().trim_end_matches('\'');
    (method.into(), path, headers, body)
}

/// Without what differs each time: times, secrets, hashes, request IDs.
fn masked(answer: &str) -> String {
    let parts = answer.split('"').map(|part| {
        let (id, secret) = part.split_once(':').unwrap_or(("", part));
        let is_hex = secret.len() >= 36 && secret.bytes().all(|it| it.is_ascii_hexdigit() || it == b'-');
        let is_time = part.len() == 20 && part.starts_with("20") && part.ends_with('Z');
        match (is_time, is_hex) {
            (true, _) => "*".into(),
            (_, true) => format!("{id}*"),
            _ => part.into(),
        }
    });
    parts.collect::<Vec<_>>().join("\"")
}
