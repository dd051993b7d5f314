//! The words that the whole host shares: what a token is to it.

mod api_id;
mod bcrypt;
mod expiry;
mod grants;
mod labels;
mod record;
mod stored;
mod token;

pub use api_id::{ApiId, BadApiId};
pub(crate) use bcrypt::matches_bcrypt;
pub use bcrypt::{BadBcrypt, MAX_BCRYPT_COST, check_bcrypt};
pub use expiry::{BadExpiry, Expiry, ExpiryPolicy, Period};
pub use grants::{BadGrant, Grants};
pub use labels::{BadLabel, Label, Labels};
pub use record::{Former, Limits, TokenRecord};
pub use stored::{FormerSecret, SecretHash, StoredSecret, StoredToken};
pub use token::{Previous, Status, Token};

/// SHA-256 over a token's whole text.
pub type Digest = [u8; 32];

/// The longest description of a token, in bytes.
pub const MAX_DESCRIPTION_LEN: usize = 1024;
