//! The component's exports: the functions of this crate under the names and types
//! of `wit/tokens.wit`.

#![allow(unsafe_code)] // in what the macros generate: exports are `unsafe extern`

use crate::{IssueRefusal, token, verdict};
use alloc::{string::String, vec::Vec};
use exports::jerakia::auth::tokens::{self, Guest};

wit_bindgen::generate!({ path: "../wit", world: "auth-core" });

struct Component;
export!(Component);

impl Guest for Component {
    fn issue(api_id: String, entropy: Vec<u8>) -> Result<tokens::Issued, tokens::IssueRefusal> {
        match token::issue(&api_id, &entropy) {
            Ok(issued) => Ok(tokens::Issued { token: issued.token.clone(), digest: issued.digest.clone() }),
            Err(IssueRefusal::BadApiId) => Err(tokens::IssueRefusal::BadApiId),
            Err(IssueRefusal::BadEntropySize) => Err(tokens::IssueRefusal::BadEntropySize),
            Err(IssueRefusal::ConstantEntropy) => Err(tokens::IssueRefusal::ConstantEntropy),
        }
    }

    fn identify(credential: String) -> tokens::Presented {
        let token::Presented { api_id, digest } = token::identify(&credential);
        tokens::Presented { api_id, digest }
    }

    fn verify(
        presented: tokens::Presented,
        known: Option<tokens::KnownToken>,
        _request: tokens::Request, // every token may do everything, so far
        now: u64,
    ) -> Result<tokens::Grant, tokens::Refusal> {
        let presented = token::Presented { api_id: presented.api_id, digest: presented.digest };
        let known = known.map(|it| verdict::Known {
            digest: it.digest,
            status: match it.status {
                tokens::Status::Active => verdict::Status::Active,
                tokens::Status::Disabled => verdict::Status::Disabled,
            },
            expires_at: it.expires_at,
        });
        match verdict::verify(&presented, known.as_ref(), now) {
            Ok(grant) => Ok(tokens::Grant { api_id: grant.api_id }),
            Err(refusal) => Err(refusal.into()),
        }
    }
}

impl From<verdict::Refusal> for tokens::Refusal {
    fn from(refusal: verdict::Refusal) -> Self {
        match refusal {
            verdict::Refusal::Malformed => Self::Malformed,
            verdict::Refusal::Unknown => Self::Unknown,
            verdict::Refusal::Wrong => Self::Wrong,
            verdict::Refusal::Disabled => Self::Disabled,
            verdict::Refusal::Expired => Self::Expired,
        }
    }
}

/// A panic can't be told to anyone from here: the instance traps, and the host
/// answers that it could not decide.
#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    core::arch::wasm32::unreachable()
}
