//! The sandbox: the component makes each decision in a fresh instance, which is then
//! dropped. Memory and time are limited, and nothing can be imported.

mod compilation;
mod embedded;
mod engine;
mod failures;
mod ticker;

pub use embedded::{CONTRACT, component, portable_component};
pub use engine::{DEADLINE, INSTANCES, MEMORY_LIMIT, engine};

use crate::model;
use bindings::exports::jerakia::auth::{decision, issuing};
use failures::Failures;
use ticker::AtFirstTick;
use wasmtime::component::{Component, ComponentExportIndex, Linker};
use wasmtime::{Engine, PoolConcurrencyLimitError, Store, Trap};

pub use decision::{Grant, Refusal, Secret, SecretSlot, Status, TokenRecord};
pub use issuing::IssueRefusal;

mod bindings {
    #![allow(missing_docs, unreachable_pub)] // documented in wit/auth.wit
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
    failures: Failures,
}

/// A new token to show once, and its digest to store.
#[derive(Debug)]
pub struct Issued {
    /// The token.
    pub token: crate::Secret,
    /// SHA-256 of the token.
    pub digest: model::Digest,
}

/// Why the component gave no answer. Never a grant: callers answer 503.
#[derive(Debug, thiserror::Error)]
pub enum SandboxError {
    /// It exceeded the deadline.
    #[error("the token component did not answer within {} ms and was stopped", DEADLINE.as_millis())]
    Deadline,
    /// It trapped: it panicked, or exceeded its stack or memory.
    #[error("the token component failed: {0}")]
    Trapped(#[source] Trap),
    /// All instances are in use.
    #[error("all {INSTANCES} instances of the token component are in use")]
    Exhausted,
    /// It can't be started, or violated its contract.
    #[error("the token component can't be used: {0}")]
    Unusable(String),
}

impl From<wasmtime::Error> for SandboxError {
    fn from(error: wasmtime::Error) -> Self {
        match error.downcast_ref::<Trap>() {
            Some(Trap::Interrupt) => Self::Deadline,
            Some(trap) => Self::Trapped(*trap),
            None if error.is::<PoolConcurrencyLimitError>() => Self::Exhausted,
            None => Self::Unusable(format!("{error:#}")),
        }
    }
}

/// The most bytes of a credential or an API ID that the component is given. No token exceeds
/// 145, so a longer text is malformed, whatever follows.
const MAX_TEXT_LEN: usize = 512;

/// The type of the contract's `authorize` in wasmtime's API.
type Authorize<'a> =
    wasmtime::component::TypedFunc<(&'a [u8], &'a TokenRecord<'a>, &'a str, u64), (Result<Grant, Refusal>,)>;

impl Sandbox {
    /// A sandbox for the embedded component. Nothing is compiled, and no memory becomes executable.
    ///
    /// # Errors
    /// When the processor or the operating system lacks what wasmtime needs.
    pub fn new() -> Result<Self, SandboxError> {
        let (engine, component) = embedded::component_in_place()?;
        Self::of(&engine, &component)
    }

    /// A sandbox for any component that was loaded with `engine`, which [`engine`] made. The
    /// component must have the exports of `wit/auth.wit` and no imports.
    ///
    /// # Errors
    /// When it lacks an export or has an import.
    pub fn of(engine: &Engine, component: &Component) -> Result<Self, SandboxError> {
        if let Some((name, _)) = component.component_type().imports(engine).next() {
            return Err(SandboxError::Unusable(format!("it imports {name}")));
        }
        let decision = component.get_export_index(None, "jerakia:auth/decision@0.2.0");
        let authorize = decision.and_then(|it| component.get_export_index(Some(&it), "authorize"));
        let authorize = authorize.ok_or_else(|| SandboxError::Unusable("it exports no authorize".into()))?;
        let linked = Linker::new(engine).instantiate_pre(component)?;
        let linked = bindings::AuthCorePre::new(linked)?;
        Ok(Self { engine: engine.clone(), linked, authorize, failures: Failures::default() })
    }

    /// Issues a token for `api_id` from 40 bytes of the operating system's entropy.
    ///
    /// # Errors
    /// Outer: the component gave no answer. Inner: it refused.
    pub fn issue(&self, api_id: &str, entropy: &[u8]) -> Result<Result<Issued, IssueRefusal>, SandboxError> {
        self.call_issue(api_id, entropy).inspect_err(|it| self.failures.count(it))
    }

    fn call_issue(&self, api_id: &str, entropy: &[u8]) -> Result<Result<Issued, IssueRefusal>, SandboxError> {
        let api_id = &api_id[..api_id.floor_char_boundary(MAX_TEXT_LEN)];
        let mut store = self.store();
        let instance = self.linked.instantiate(&mut store)?;
        match instance.jerakia_auth_issuing().call_issue(&mut store, api_id, entropy)? {
            Ok(issued) => Ok(Ok(Issued { token: issued.token.into(), digest: digest(&issued.digest)? })),
            Err(refusal) => Ok(Err(refusal)),
        }
    }

    /// Decides on `credential` for `permission` at `now`, in seconds since the epoch, given
    /// the record stored under its lookup key.
    ///
    /// # Errors
    /// Outer: the component gave no answer. Inner: it refused.
    pub fn authorize(
        &self,
        credential: &[u8],
        stored: &TokenRecord<'_>,
        permission: &str,
        now: u64,
    ) -> Result<Result<Grant, Refusal>, SandboxError> {
        self.call_authorize(credential, stored, permission, now).inspect_err(|it| self.failures.count(it))
    }

    fn call_authorize(
        &self,
        credential: &[u8],
        stored: &TokenRecord<'_>,
        permission: &str,
        now: u64,
    ) -> Result<Result<Grant, Refusal>, SandboxError> {
        let credential = &credential[..credential.len().min(MAX_TEXT_LEN)];
        let mut store = self.store();
        let instance = self.linked.instance_pre().instantiate(&mut store)?;
        // Looks up this one function, by index. The generated bindings look up all
        // functions by name, which takes as long as the decision itself.
        let authorize: Authorize<'_> = instance.get_typed_func(&mut store, self.authorize)?;
        match authorize.call(&mut store, (credential, stored, permission, now))? {
            // Believe a grant only for the record that the host passed in.
            (Ok(grant),) if stored.status == Status::Active && grant.api_id == stored.api_id => Ok(Ok(grant)),
            (Ok(_),) => Err(SandboxError::Unusable("it granted access without an active record of that API ID".into())),
            (Err(refusal),) => Ok(Err(refusal)),
        }
    }

    /// How many instances are in use.
    pub(crate) fn instances(&self) -> u64 {
        self.engine.pooling_allocator_metrics().map_or(0, |it| it.component_instances())
    }

    /// How often the component gave no answer, by kind.
    pub(crate) fn failures(&self) -> [(&'static str, u64); 4] {
        self.failures.by_kind()
    }

    /// A store for one fresh instance. Only this function makes stores, so every instance
    /// has a deadline.
    fn store(&self) -> Store<AtFirstTick> {
        let mut store = Store::new(&self.engine, None);
        ticker::limit(&mut store);
        store
    }
}

fn digest(bytes: &[u8]) -> Result<model::Digest, SandboxError> {
    bytes.try_into().map_err(|_| SandboxError::Unusable(format!("it answered a digest of {} bytes", bytes.len())))
}
