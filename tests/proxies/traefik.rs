//! Traefik: `forwardAuth`.

use super::{Files, Proxy, program, replaced, tests_of};
use std::process::Command;

// It waits for 30 seconds; no setting changes that.
const TRAEFIK: Proxy =
    Proxy { name: "traefik", command, down: 500, stuck: 500, flood: 429, names_requests: false, patience: 45 };

tests_of!(TRAEFIK);

fn command(files: &Files) -> Command {
    let text = replaced(&files.printed("traefik"), "127.0.0.1:8000", &files.service.to_string());
    // Not traefik.yaml, which it would read as its static configuration.
    let path = files.write("jerakia.yaml", text);
    let mut command = program("traefik");
    command.args(["--global.checknewversion=false", "--global.sendanonymoususage=false"]);
    command.arg(format!("--entrypoints.web.address={}", files.listen));
    command.arg(format!("--providers.file.filename={}", path.display()));
    command
}

#[test]
fn the_server_gets_no_other_headers_of_a_client() {
    super::scenarios::many_headers(&TRAEFIK);
}
