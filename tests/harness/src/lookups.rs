//! A server with data to look up.

use crate::{Response, Server, World, put};
use rustix::process::Signal;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

pub fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/lookup")
}

/// A server on data in `vardir`, and a client with a token.
pub struct Lookups {
    pub world: World,
    pub server: Server,
    pub token: String,
}

impl Lookups {
    pub fn on(vardir: &Path) -> Self {
        Self::with(vardir, &[])
    }

    pub fn with(vardir: &Path, arguments: &[&str]) -> Self {
        let (world, token) = World::with_token("my_app");
        let mut command = world.command(&["server", "--port", "0"]);
        command.args(arguments).env("JERAKIA_VARDIR", vardir).env("JERAKIA_POLICYDIR", vardir.join("policy.d"));
        Self { server: Server::start(command), world, token }
    }

    pub fn on_fixtures_with(arguments: &[&str]) -> Self {
        Self::with(&fixtures(), arguments)
    }

    pub fn on_fixtures() -> Self {
        Self::on(&fixtures())
    }

    /// Its database directory.
    pub fn world(&self) -> &World {
        &self.world
    }

    /// Stops the server, and returns its log.
    pub fn stop(self) -> String {
        self.server.stop(Signal::TERM).1
    }

    pub fn get(&self, path: &str) -> Response {
        self.server.client().get(path, &format!("X-Authentication: {}\r\n", self.token))
    }

    pub fn json(&self, path: &str) -> (u16, Value) {
        let response = self.get(path);
        (response.status, serde_json::from_slice(&response.body).unwrap())
    }

    /// The payload of a key that must be found.
    pub fn payload(&self, path: &str) -> Value {
        let (status, body) = self.json(path);
        assert_eq!((status, &body["status"], &body["found"]), (200, &json!("ok"), &json!(true)), "{path}: {body}");
        body["payload"].clone()
    }

    /// Whether a key was found.
    pub fn found(&self, path: &str) -> bool {
        let (status, body) = self.json(path);
        assert_eq!(status, 200, "{path}: {body}");
        body["found"].as_bool().unwrap()
    }

    /// The status and the message of a lookup that fails.
    pub fn failure(&self, path: &str) -> (u16, String) {
        let (status, body) = self.json(path);
        assert_eq!(body["status"], "failed", "{path}: {body}");
        (status, body["message"].as_str().unwrap().to_owned())
    }

    pub fn put(&self, path: &str, headers: &str, body: &[u8]) -> Response {
        let headers = format!("X-Authentication: {}\r\n{headers}", self.token);
        self.server.client().send(put(path, &headers, body))
    }
}
