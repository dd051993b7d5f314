//! The words that the whole host shares: what a token is to it.

mod api_id;
mod bcrypt;
mod description;
mod expiry;
mod grants;
mod labels;
mod moment;
mod record;
mod stored;
mod token;

pub use api_id::{ApiId, BadApiId};
pub(crate) use bcrypt::matches_bcrypt;
pub use bcrypt::{BadBcrypt, MAX_BCRYPT_COST, check_bcrypt};
pub use description::{BadDescription, Description, MAX_DESCRIPTION_LEN};
pub use expiry::{BadExpiry, Expiry, ExpiryPolicy, Period};
pub use grants::{BadGrant, Grants};
pub use labels::{BadLabel, Label, Labels};
pub use moment::{BadMoment, Moment};
pub use record::{Former, Limits, TokenRecord};
pub use stored::{FormerSecret, SecretHash, StoredSecret, StoredToken};
pub use token::{BadStatus, FormerToken, Status, Token};

/// SHA-256 over a token's whole text.
pub type Digest = [u8; 32];

/// The longest permission, in bytes: a longer one is permitted to nobody.
pub const MAX_PERMISSION_LEN: usize = jerakia_core::grants::MAX_LEN;
