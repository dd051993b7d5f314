//! nginx: `auth_request`.

use super::{Files, ProtectedService, Proxy, program, replaced, tests_of};
use std::fs;
use std::net::SocketAddr;
use std::process::Command;

const NGINX: Proxy =
    Proxy { name: "nginx", command, down: 500, stuck: 500, flood: 403, names_requests: true, patience: 15 };

tests_of!(NGINX);

fn command(files: &Files) -> Command {
    let text = replaced(&files.printed("nginx"), "127.0.0.1:8000", &files.service.to_string());
    let text = replaced(&text, "listen 8080", &format!("listen {}", files.listen));
    let paths = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map(|it| format!("{it}_temp_path {it};"));
    let main = "daemon off; master_process off; pid nginx.pid; error_log stderr warn; events {}";
    // Not the default: with it, nginx itself drops headers with underscores.
    let all = format!("{main}\nhttp {{ access_log off; underscores_in_headers on; {}\n{text}}}\n", paths.join(" "));
    let mut command = program("nginx");
    command.arg("-c").arg(files.write("nginx.conf", all)).arg("-p").arg(files.world.path());
    command
}

/// Connections to `address` in any state but waiting to be forgotten on its own side.
fn connections_to(address: SocketAddr) -> usize {
    let to = format!("0100007F:{:04X}", address.port());
    let table = fs::read_to_string("/proc/net/tcp").unwrap();
    table.lines().filter(|line| line.split_whitespace().nth(2) == Some(&to)).count()
}

#[test]
fn nginx_keeps_its_connection_to_the_server() {
    let it = ProtectedService::behind(&NGINX);
    for _ in 0..20 {
        let headers = format!("X-Authentication: {}\r\n", it.token);
        assert_eq!(it.running.post("/a", &headers, &"content".repeat(1000)).status, 200);
        assert_eq!(it.running.send("GET /a", "").status, 401);
    }
    assert_eq!(connections_to(it.server.address()), 1);
}

#[test]
fn clients_of_nginx_do_not_reach_the_server() {
    let it = ProtectedService::behind(&NGINX);
    assert_eq!(it.outcome("GET /authorize", ""), (0, 404), "it is internal");
}

#[test]
fn the_server_gets_no_other_headers_of_a_client() {
    super::scenarios::many_headers(&NGINX);
}
