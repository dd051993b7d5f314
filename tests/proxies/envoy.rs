//! Envoy: `ext_authz`.

use super::{Files, Proxy, program, replaced, tests_of};
use std::process::Command;

const ENVOY: Proxy =
    Proxy { name: "envoy", command, down: 503, stuck: 503, flood: 429, names_requests: true, patience: 15 };

tests_of!(ENVOY);

fn command(files: &Files) -> Command {
    let service = format!("port_value: {}", files.service.port());
    let text = replaced(&files.printed("envoy"), "port_value: 8000", &service);
    let listen = format!("{}, port_value: {}", files.listen.ip(), files.listen.port());
    let text = replaced(&text, "0.0.0.0, port_value: 8080", &listen);
    let mut command = program("envoy");
    // Without its shared memory: several run at once.
    command.args(["--disable-hot-restart", "--concurrency", "1", "-c"]).arg(files.write("envoy.yaml", text));
    command
}
