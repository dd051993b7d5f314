//! The token decision, pure: what a token looks like, how one is made, and whether
//! a credential is good.
//!
//! Nothing here reads a clock, a file or a source of randomness; all of that comes
//! in as arguments. Natively this is a plain library, which is how it is tested
//! at full speed. Built for `wasm32-unknown-unknown` as a `cdylib`, with the feature
//! `component`, it becomes the component that `wit/auth.wit` describes, through `component.rs`.

#![no_std]

extern crate alloc;
#[cfg(test)]
extern crate std;

pub mod about;
pub mod api_id;
#[cfg(all(target_arch = "wasm32", feature = "component"))]
mod arena;
#[cfg(all(target_arch = "wasm32", feature = "component"))]
mod component;
pub mod decision;
pub mod digest;
pub mod grants;
pub mod token;

pub use api_id::NOBODY;
pub use decision::{Grant, NEVER, Refusal, Secret, SecretSlot, Status, TokenRecord, authorize};
pub use token::{IssueRefusal, Issued, issue, lookup_key};

/// The README's example compiles, and does what it says.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
