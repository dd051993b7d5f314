//! The component's exports: adapts this crate's functions to `wit/auth.wit`.

#![allow(unsafe_code)] // the macros generate `unsafe extern` exports

use crate::{IssueRefusal, Refusal, Secret, SecretSlot, Status, TokenRecord, token};
use alloc::{string::String, vec::Vec};
use exports::jerakia::auth::{decision, issuing};

wit_bindgen::generate!({ path: "wit", world: "auth-core" });

struct Component;
export!(Component);

impl issuing::Guest for Component {
    fn issue(api_id: String, entropy: Vec<u8>) -> Result<issuing::Issued, issuing::IssueRefusal> {
        match token::issue(&api_id, &entropy) {
            Ok(issued) => Ok(issuing::Issued { token: issued.token.clone(), digest: issued.digest.to_vec() }),
            Err(IssueRefusal::BadApiId) => Err(issuing::IssueRefusal::BadApiId),
            Err(IssueRefusal::BadEntropySize) => Err(issuing::IssueRefusal::BadEntropySize),
            Err(IssueRefusal::ConstantEntropy) => Err(issuing::IssueRefusal::ConstantEntropy),
        }
    }
}

impl decision::Guest for Component {
    fn lookup_key(credential: Vec<u8>) -> String {
        token::lookup_key(&credential).into()
    }

    fn authorize(
        credential: Vec<u8>,
        stored: decision::TokenRecord,
        permission: String,
        now: u64,
    ) -> Result<decision::Grant, decision::Refusal> {
        let record = TokenRecord {
            api_id: &stored.api_id,
            status: match stored.status {
                decision::Status::Active => Status::Active,
                decision::Status::Disabled => Status::Disabled,
                decision::Status::Absent => Status::Absent,
            },
            current: Secret { digest: &stored.current.digest, ends: stored.current.ends },
            former: Secret { digest: &stored.former.digest, ends: stored.former.ends },
            ends: stored.ends,
            grants: &stored.grants,
        };
        let grant = crate::authorize(&credential, &record, &permission, now)?;
        Ok(decision::Grant { api_id: grant.api_id, secret: grant.secret.into(), ends: grant.ends })
    }
}

impl From<SecretSlot> for decision::SecretSlot {
    fn from(slot: SecretSlot) -> Self {
        match slot {
            SecretSlot::Current => Self::Current,
            SecretSlot::Former => Self::Former,
        }
    }
}

impl From<Refusal> for decision::Refusal {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Malformed => Self::Malformed,
            Refusal::Unknown => Self::Unknown,
            Refusal::Wrong => Self::Wrong,
            Refusal::Disabled => Self::Disabled,
            Refusal::Expired => Self::Expired,
            Refusal::Retired => Self::Retired,
            Refusal::Forbidden => Self::Forbidden,
        }
    }
}

/// Without imports a panic can't be reported. The instance traps, and the host answers
/// that it can't decide.
#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    core::arch::wasm32::unreachable()
}
