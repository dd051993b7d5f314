//! Making the token that is measured.

use jerakia_host::admin::{self, Act, Actor, Change};
use jerakia_host::sandbox::Sandbox;
use jerakia_host::store::Store;
use jerakia_host::{Secret, clock};

pub fn create(sandbox: &Sandbox, store: &mut Store, api_id: &str) -> anyhow::Result<Secret> {
    let api_id = api_id.parse()?;
    let issued = admin::issue(sandbox, &api_id)?;
    let actor = Actor::User { uid: 0, name: None };
    store.perform(&Act::new(api_id, Change::create(issued.digest), actor, clock::now()))?;
    Ok(issued.token)
}
