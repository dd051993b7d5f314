//! A database that fails while the server runs: 503, never 200, and it heals where it
//! can.

use crate::harness::{Server, World};
use std::fs;

fn unavailable(server: &Server, token: &str) {
    let response = server.wait_for_status("/v1/authorize", &format!("X-Authentication: {token}\r\n"), 503);
    assert_eq!(response.text(), r#"{"status":"failed","message":"unavailable"}"#);
    assert_eq!(response.header("retry-after"), Some("1"));
    let ready = server.client().get("/readyz", "");
    assert_eq!((ready.status, ready.text()), (503, r#"{"status":"failed","message":"not ready"}"#));
    assert_eq!(server.client().get("/livez", "").status, 200);
}

#[test]
fn a_database_that_is_deleted_or_replaced_stops_the_server_from_deciding() {
    let (world, token) = World::with_token("my_app");
    let server = world.server();
    assert_eq!(server.authorize(&token).status, 200);
    fs::rename(world.databasedir(), world.path().join("elsewhere")).unwrap();
    unavailable(&server, &token);
    server.wait_for_log("was moved, replaced or deleted while the server ran: restart the server");
    let other = world.create("my_app");
    unavailable(&server, &other);
    drop(server);
    let server = world.server();
    assert_eq!((server.authorize(&token).status, server.authorize(&other).status), (401, 200));
}

#[test]
fn what_could_not_be_refreshed_for_token_ttl_is_not_believed() {
    let (world, token) = World::with_token("my_app");
    let server = world.server_with(&["--token-ttl", "1"]);
    assert_eq!(server.authorize(&token).status, 200);
    // Commits nothing, so that only the refreshes fail: its row is unreadable.
    let holder = world.sqlite();
    holder.execute_batch("PRAGMA writable_schema = ON; ALTER TABLE revision RENAME TO gone;").unwrap();
    unavailable(&server, &token);
    holder.execute_batch("ALTER TABLE gone RENAME TO revision;").unwrap();
    server.wait_for_status("/v1/authorize", &format!("X-Authentication: {token}\r\n"), 200);
    server.wait_for_status("/readyz", "", 200);
}
