//! The sandbox: every decision is made by the component in an instance of its own,
//! which is dropped afterwards. Memory is capped, time is limited, and there is
//! nothing to import.

mod compilation;
mod embedded;
mod engine;
mod ticker;

pub use embedded::{CONTRACT, component, portable_component};
pub use engine::{DEADLINE, MEMORY_LIMIT, engine};

use crate::model;
use bindings::exports::jerakia::auth::{decision, issuing};
use ticker::AtFirstTick;
use wasmtime::component::{Component, ComponentExportIndex, Linker};
use wasmtime::{Engine, Store, Trap};

pub use decision::{Grant, Refusal, Secret, SecretSlot, Status, TokenRecord};
pub use issuing::IssueRefusal;

mod bindings {
    #![allow(missing_docs, unreachable_pub)] // described in wit/auth.wit
    wasmtime::component::bindgen!({
        path: "../wit",
        world: "auth-core",
        ownership: Borrowing { duplicate_if_necessary: true },
        additional_derives: [PartialEq, Eq],
    });
}

/// A pre-linked component, ready to be instantiated for each decision.
pub struct Sandbox {
    engine: Engine,
    linked: bindings::AuthCorePre<AtFirstTick>,
    authorize: ComponentExportIndex,
}

/// A new token: the text to show once, the digest to store.
#[derive(Debug)]
pub struct Issued {
    /// The token.
    pub token: crate::Secret,
    /// SHA-256 of its text.
    pub digest: model::Digest,
}

/// Why the component gave no answer. Never a grant: callers answer 503.
#[derive(Debug, thiserror::Error)]
pub enum SandboxError {
    /// It was still busy at the deadline.
    #[error("the token component did not answer within {} ms and was stopped", DEADLINE.as_millis())]
    Deadline,
    /// It trapped: a panic, an exhausted stack, memory it may not have.
    #[error("the token component failed: {0}")]
    Trapped(#[source] Trap),
    /// It could not be started, or answered outside its contract.
    #[error("the token component can't be used: {0}")]
    Unusable(String),
}

impl From<wasmtime::Error> for SandboxError {
    fn from(error: wasmtime::Error) -> Self {
        match error.downcast_ref::<Trap>() {
            Some(Trap::Interrupt) => Self::Deadline,
            Some(trap) => Self::Trapped(*trap),
            None => Self::Unusable(format!("{error:#}")),
        }
    }
}

/// `authorize` of the contract, as wasmtime's API describes it.
type Authorize<'a> =
    wasmtime::component::TypedFunc<(&'a [u8], &'a TokenRecord<'a>, &'a str, u64), (Result<Grant, Refusal>,)>;

impl Sandbox {
    /// The sandbox of the embedded component. Nothing is compiled.
    ///
    /// # Errors
    /// When the processor or the operating system lacks what wasmtime needs.
    pub fn new() -> Result<Self, SandboxError> {
        let engine = engine()?;
        let component = component(&engine)?;
        Self::of(&engine, &component)
    }

    /// The sandbox of another component, made for the same `engine`, which [`engine`]
    /// made. It must have the exports of `wit/auth.wit`, and may import nothing.
    ///
    /// # Errors
    /// When it has other exports, or any import.
    pub fn of(engine: &Engine, component: &Component) -> Result<Self, SandboxError> {
        if let Some((name, _)) = component.component_type().imports(engine).next() {
            return Err(SandboxError::Unusable(format!("it imports {name}")));
        }
        let decision = component.get_export_index(None, "jerakia:auth/decision@0.2.0");
        let authorize = decision.and_then(|it| component.get_export_index(Some(&it), "authorize"));
        let authorize = authorize.ok_or_else(|| SandboxError::Unusable("it exports no authorize".into()))?;
        let linked = Linker::new(engine).instantiate_pre(component)?;
        Ok(Self { engine: engine.clone(), linked: bindings::AuthCorePre::new(linked)?, authorize })
    }

    /// Makes the token of `api_id` from 40 bytes of the operating system's entropy.
    ///
    /// # Errors
    /// The outer: the component gave no answer. The inner: it refused.
    pub fn issue(&self, api_id: &str, entropy: &[u8]) -> Result<Result<Issued, IssueRefusal>, SandboxError> {
        let mut store = self.store();
        let instance = self.linked.instantiate(&mut store)?;
        match instance.jerakia_auth_issuing().call_issue(&mut store, api_id, entropy)? {
            Ok(issued) => Ok(Ok(Issued { token: issued.token.into(), digest: digest(&issued.digest)? })),
            Err(refusal) => Ok(Err(refusal)),
        }
    }

    /// Decides on `credential` for `permission` at `now` (seconds since the epoch),
    /// given what is stored under its lookup key.
    ///
    /// # Errors
    /// The outer: the component gave no answer. The inner: it refused.
    pub fn authorize(
        &self,
        credential: &[u8],
        stored: &TokenRecord<'_>,
        permission: &str,
        now: u64,
    ) -> Result<Result<Grant, Refusal>, SandboxError> {
        let mut store = self.store();
        let instance = self.linked.instance_pre().instantiate(&mut store)?;
        // Only this function is looked up, and by its number: bindings that look up
        // all that there are by name and type take as long as the decision.
        let authorize: Authorize<'_> = instance.get_typed_func(&mut store, self.authorize)?;
        match authorize.call(&mut store, (credential, stored, permission, now))? {
            // A grant is to the API ID of the record, and to no other.
            (Ok(grant),) if stored.status == Status::Active && grant.api_id == stored.api_id => Ok(Ok(grant)),
            (Ok(_),) => Err(SandboxError::Unusable("it granted what nobody presented".into())),
            (Err(refusal),) => Ok(Err(refusal)),
        }
    }

    /// A store for one fresh instance. This is the only place that makes one, so there
    /// is no instance without a deadline.
    fn store(&self) -> Store<AtFirstTick> {
        let mut store = Store::new(&self.engine, None);
        ticker::limit(&mut store);
        store
    }
}

fn digest(bytes: &[u8]) -> Result<model::Digest, SandboxError> {
    bytes.try_into().map_err(|_| SandboxError::Unusable(format!("it answered a digest of {} bytes", bytes.len())))
}
