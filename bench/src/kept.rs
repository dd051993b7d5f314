//! One instance for all calls: what a host does that has no need of fresh ones.

use bindings::exports::jerakia::auth::tokens::{KnownToken, Presented, Request, Status};
use jerakia_host::sandbox;
use wasmtime::component::Linker;

mod bindings {
    wasmtime::component::bindgen!({ path: "../wit", world: "auth-core" });
}

pub struct Kept {
    store: wasmtime::Store<()>,
    instance: bindings::AuthCore,
    known: KnownToken,
}

impl Kept {
    pub fn new(known: &sandbox::Known) -> anyhow::Result<Self> {
        let engine = sandbox::engine()?;
        let component = sandbox::component(&engine)?;
        let mut store = wasmtime::Store::new(&engine, ());
        store.set_epoch_deadline(u64::MAX / 2);
        let made = bindings::AuthCore::instantiate(&mut store, &component, &Linker::new(&engine));
        let instance = made.map_err(|error| anyhow::anyhow!("{error:#}"))?;
        let known = KnownToken { digest: known.digest.to_vec(), status: Status::Active, expires_at: None };
        Ok(Self { store, instance, known })
    }

    pub fn identify(&mut self, token: &str) -> Presented {
        self.instance.jerakia_auth_tokens().call_identify(&mut self.store, token).unwrap()
    }

    pub fn verify(&mut self, presented: &Presented) {
        let request = Request { method: "GET".into(), path: "/v1/lookup/port".into() };
        let tokens = self.instance.jerakia_auth_tokens();
        let verdict = tokens.call_verify(&mut self.store, presented, Some(&self.known), &request, 0);
        assert!(verdict.unwrap().is_ok());
    }

    pub fn decide(&mut self, token: &str) {
        let presented = self.identify(token);
        self.verify(&presented);
    }
}
