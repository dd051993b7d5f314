//! Issues API tokens and decides whether a credential is good. Pure functions.
//!
//! Nothing here reads a clock, a file or a source of randomness: time and entropy are
//! arguments. Natively this is a plain library, so tests run at full speed. Built for
//! `wasm32-unknown-unknown` as a `cdylib` with the feature `component`, it is the
//! component that `wit/auth.wit` describes.

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

/// Compiles and runs the README's example.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
