//! Caddy: `forward_auth`.

use super::{Files, Proxy, program, replaced, tests_of};
use std::process::Command;

const CADDY: Proxy =
    Proxy { name: "caddy", command, down: 502, stuck: 504, flood: 429, names_requests: true, patience: 15 };

tests_of!(CADDY);

fn command(files: &Files) -> Command {
    let text = replaced(&files.printed("caddy"), "127.0.0.1:8000", &files.service.to_string());
    let site = format!("http://shop.example:{} {{\n\tbind {}\n", files.listen.port(), files.listen.ip());
    let text = replaced(&text, "http://shop.example:8080 {\n", &site);
    let text = replaced(&text, "\n{\n", "\n{\n\tadmin off\n\tpersist_config off\n");
    let mut command = program("caddy");
    command.args(["run", "--adapter", "caddyfile", "--config"]).arg(files.write("Caddyfile", text));
    command
}
