//! One instance for all calls, as in a host that doesn't need fresh ones.

use bindings::exports::jerakia::auth::decision::{Secret, Status, TokenRecord};
use jerakia_host::sandbox;
use wasmtime::component::Linker;

mod bindings {
    wasmtime::component::bindgen!({ path: "../wit", world: "auth-core" });
}

pub struct Kept {
    store: wasmtime::Store<()>,
    instance: bindings::AuthCore,
    stored: TokenRecord,
}

impl Kept {
    /// An instance that decides on the token of `my_app` with this `digest`.
    pub fn new(digest: &[u8]) -> anyhow::Result<Self> {
        let engine = sandbox::engine()?;
        let component = sandbox::component(&engine)?;
        let mut store = wasmtime::Store::new(&engine, ());
        store.set_epoch_deadline(u64::MAX / 2);
        let made = bindings::AuthCore::instantiate(&mut store, &component, &Linker::new(&engine));
        let instance = made.map_err(|error| anyhow::anyhow!("{error:#}"))?;
        let secret = |digest: &[u8]| Secret { digest: digest.into(), ends: u64::MAX };
        let stored = TokenRecord {
            api_id: "my_app".into(),
            status: Status::Active,
            current: secret(digest),
            former: secret(&[0; 32]),
            ends: u64::MAX,
            grants: String::new(),
        };
        Ok(Self { store, instance, stored })
    }

    pub fn authorize(&mut self, token: &str) {
        let decision = self.instance.jerakia_auth_decision();
        let answer = decision.call_authorize(&mut self.store, token.as_bytes(), &self.stored, "", 0);
        assert!(answer.unwrap().is_ok());
    }
}
