//! What the component says of itself: the metadata of this package.

/// The name of the component, and of its packages for other languages.
pub const NAME: &str = "jerakia-auth";
/// The version of this crate, the component and its packages.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");
/// What it does, in one line.
pub const DESCRIPTION: &str = env!("CARGO_PKG_DESCRIPTION");
/// An SPDX expression.
pub const LICENSES: &str = env!("CARGO_PKG_LICENSE");
/// Where its source is: this crate.
pub const SOURCE: &str = concat!("https://crates.io/crates/", env!("CARGO_PKG_NAME"));
