//! The component's metadata, taken from this package.

/// The name of the component, and of its packages for other languages.
pub const NAME: &str = "jerakia-auth";
/// The version of this crate, of the component and of its packages.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");
/// What it does, in one line.
pub const DESCRIPTION: &str = env!("CARGO_PKG_DESCRIPTION");
/// An SPDX expression.
pub const LICENSES: &str = env!("CARGO_PKG_LICENSE");
/// The URL of its source: this crate.
pub const SOURCE: &str = concat!("https://crates.io/crates/", env!("CARGO_PKG_NAME"));
