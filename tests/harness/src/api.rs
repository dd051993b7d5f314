//! A server that administers tokens over HTTP, and an administrator's token.

use crate::{Response, Server, World};
use serde_json::Value;

/// What the administrator may do: everything, also to tokens.
pub const EVERYTHING: &[&str] = &["**", "tokens:**"];

/// A server with the administration over HTTP.
pub struct Api {
    pub world: World,
    pub server: Server,
    /// The token of `admin`.
    pub admin: String,
}

impl Default for Api {
    fn default() -> Self {
        Self::new()
    }
}

impl Api {
    pub fn new() -> Self {
        Self::with(&["--admin-api", "true"])
    }

    pub fn with(arguments: &[&str]) -> Self {
        let (world, admin) = World::with_token("admin");
        world.set_grants("admin", EVERYTHING);
        Self { server: world.server_with(arguments), world, admin }
    }

    /// A token with these grants, made by a command.
    pub fn token(&self, api_id: &str, grants: &[&str]) -> String {
        let token = self.world.create(api_id);
        self.world.set_grants(api_id, grants);
        token
    }

    /// The administrator's request.
    pub fn call(&self, method: &str, path: &str, body: impl ToString) -> (u16, Value) {
        self.call_as(&self.admin, method, path, body)
    }

    /// The request of another token.
    pub fn call_as(&self, token: &str, method: &str, path: &str, body: impl ToString) -> (u16, Value) {
        let response = self.send(token, method, path, "", &body.to_string());
        (response.status, serde_json::from_slice(&response.body).unwrap())
    }

    /// A request that must succeed; its answer.
    pub fn done(&self, method: &str, path: &str, body: impl ToString) -> Value {
        let (status, answer) = self.call(method, path, body);
        assert!((200..300).contains(&status), "{method} {path}: {status} {answer}");
        assert_eq!(answer["status"], "ok");
        answer
    }

    /// Sends a request. `headers`: each line ended by CRLF.
    pub fn send(&self, token: &str, method: &str, path: &str, headers: &str, body: &str) -> Response {
        let length = body.len();
        let own = format!("Host: localhost\r\nX-Authentication: {token}\r\nContent-Length: {length}\r\n");
        self.server.client().send(format!("{method} {path} HTTP/1.1\r\n{own}{headers}\r\n{body}"))
    }
}
