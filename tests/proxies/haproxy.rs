//! HAProxy: Lua's `core.httpclient`.

use super::{Files, Proxy, program, replaced, tests_of};
use std::process::Command;

const HAPROXY: Proxy =
    Proxy { name: "haproxy", command, down: 503, stuck: 503, flood: 429, names_requests: true, patience: 15 };

tests_of!(HAPROXY);

fn command(files: &Files) -> Command {
    let lua = files.write("jerakia.lua", files.printed("haproxy-lua"));
    let text = replaced(&files.printed("haproxy"), "127.0.0.1:8000", &files.service.to_string());
    let text = replaced(&text, "bind :8080", &format!("bind {}", files.listen));
    let text = replaced(&text, "/etc/haproxy/jerakia.lua", lua.to_str().unwrap());
    let mut command = program("haproxy");
    command.arg("-db").arg("-f").arg(files.write("haproxy.cfg", text));
    command
}
