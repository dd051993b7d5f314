//! The sandbox: every decision is made by the component in an instance of its own,
//! which is dropped afterwards. Memory is capped, time is limited, and there is
//! nothing to import.

mod compilation;
mod embedded;
mod engine;
mod ticker;

pub use embedded::{component, portable_component};
pub use engine::{DEADLINE, MEMORY_LIMIT, engine};

use crate::secret::Secret;
use bindings::exports::jerakia::auth::tokens;
use ticker::AtFirstTick;
use wasmtime::component::{Component, Linker};
use wasmtime::{Engine, Store, Trap};

pub use tokens::{IssueRefusal, Refusal, Request, Status};

mod bindings {
    #![allow(missing_docs, unreachable_pub)] // described in wit/tokens.wit
    wasmtime::component::bindgen!({
        path: "../wit",
        world: "auth-core",
        ownership: Borrowing { duplicate_if_necessary: true },
    });
}

/// A pre-linked component, ready to be instantiated for each decision.
pub struct Sandbox {
    engine: Engine,
    linked: bindings::AuthCorePre<AtFirstTick>,
}

/// A new token: the text to show once, the digest to store.
#[derive(Debug)]
pub struct Issued {
    /// The token.
    pub token: Secret,
    /// SHA-256 of its text.
    pub digest: Digest,
}

/// SHA-256 over a token's whole text.
pub type Digest = [u8; 32];

/// What is stored of a token, as far as the decision needs it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Known {
    /// The digest of its text.
    pub digest: Digest,
    /// Whether it may be used.
    pub status: Status,
}

/// A decision: what was presented, and whether it is good.
#[derive(Debug)]
pub struct Decision {
    /// The API ID that the credential names, believed or not; none when it is no
    /// token.
    pub api_id: Option<String>,
    /// `Ok` is a grant to that API ID.
    pub verdict: Result<(), Refusal>,
}

/// Why the component gave no answer. Never a grant: callers answer 503.
#[derive(Debug, thiserror::Error)]
pub enum SandboxError {
    /// It was still busy at the deadline.
    #[error("the token component did not answer within {} ms and was stopped", DEADLINE.as_millis())]
    Deadline,
    /// It trapped: a panic, an exhausted stack, memory it may not have.
    #[error("the token component failed: {0}")]
    Trapped(Trap),
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

/// The record in the place of one that is not there. No text is known that has this
/// digest, and whoever found one would not be let in either.
const NOBODYS: Known = Known { digest: [0; 32], status: Status::Active };

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
    /// made. It must have the exports of `wit/tokens.wit`, and may import nothing.
    ///
    /// # Errors
    /// When it has other exports, or any import.
    pub fn of(engine: &Engine, component: &Component) -> Result<Self, SandboxError> {
        if let Some((name, _)) = component.component_type().imports(engine).next() {
            return Err(SandboxError::Unusable(format!("it imports {name}")));
        }
        let linked = Linker::new(engine).instantiate_pre(component)?;
        Ok(Self { engine: engine.clone(), linked: bindings::AuthCorePre::new(linked)? })
    }

    /// Makes the token of `api_id` from 40 bytes of the operating system's entropy.
    ///
    /// # Errors
    /// The outer: the component gave no answer. The inner: it refused.
    pub fn issue(&self, api_id: &str, entropy: &[u8]) -> Result<Result<Issued, IssueRefusal>, SandboxError> {
        let (mut store, instance) = self.instance()?;
        match instance.jerakia_auth_tokens().call_issue(&mut store, api_id, entropy)? {
            Ok(issued) => Ok(Ok(Issued { token: issued.token.into(), digest: digest(&issued.digest)? })),
            Err(refusal) => Ok(Err(refusal)),
        }
    }

    /// Decides on `credential` at `now` (seconds since the epoch). `find` answers
    /// what is known of an API ID; it is asked at most once.
    ///
    /// # Errors
    /// The component gave no answer.
    pub fn decide(
        &self,
        credential: &str,
        request: Request<'_>,
        now: u64,
        find: impl FnOnce(&str) -> Option<Known>,
    ) -> Result<Decision, SandboxError> {
        let (mut store, instance) = self.instance()?;
        let tokens = instance.jerakia_auth_tokens();

        let presented = tokens.call_identify(&mut store, credential)?;
        digest(&presented.digest)?;
        let found = find(&presented.api_id);
        // Passing a record on takes time, by which an API ID that is there could be told
        // from one that isn't: so there is always one.
        let record = found.unwrap_or(NOBODYS);
        let verdict = tokens.call_verify(
            &mut store,
            tokens::PresentedParam { api_id: &presented.api_id, digest: &presented.digest },
            Some(tokens::KnownToken { digest: &record.digest, status: record.status, expires_at: None }),
            request,
            now,
        )?;

        let verdict = match verdict {
            // A grant is to whom the record was looked up for, and to no one else.
            Ok(grant) if found.is_some() && grant.api_id == presented.api_id => Ok(()),
            Ok(_) => return Err(SandboxError::Unusable("it granted what nobody presented".into())),
            Err(Refusal::Wrong) if found.is_none() => Err(Refusal::Unknown),
            Err(refusal) => Err(refusal),
        };
        let api_id = (verdict != Err(Refusal::Malformed)).then_some(presented.api_id);
        Ok(Decision { api_id, verdict })
    }

    /// A fresh instance. This is the only place that makes a store, so there is no
    /// instance without a deadline.
    fn instance(&self) -> Result<(Store<AtFirstTick>, bindings::AuthCore), SandboxError> {
        let mut store = Store::new(&self.engine, None);
        ticker::limit(&mut store);
        let instance = self.linked.instantiate(&mut store)?;
        Ok((store, instance))
    }
}

fn digest(bytes: &[u8]) -> Result<Digest, SandboxError> {
    bytes.try_into().map_err(|_| SandboxError::Unusable(format!("it answered a digest of {} bytes", bytes.len())))
}
