//! The verdict on a credential: a grant, or one refusal.

use crate::{api_id, digest, token::Presented};
use alloc::{string::String, vec::Vec};

/// Whether the administrator lets a token in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// It may be used.
    Active,
    /// It is refused until it is enabled again.
    Disabled,
}

/// What is stored of the token that has the presented API ID.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Known {
    /// The digest that `issue` gave.
    pub digest: Vec<u8>,
    /// Whether it may be used.
    pub status: Status,
    /// The first second (since the epoch, UTC) in which it is no longer good.
    pub expires_at: Option<u64>,
}

/// The answer to a good token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grant {
    /// Whom it belongs to.
    pub api_id: String,
}

/// Why a token is not good.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// What was presented is not a token.
    Malformed,
    /// No token has this API ID.
    Unknown,
    /// A token has this API ID, but it is another one.
    Wrong,
    /// It is the right token, and is disabled.
    Disabled,
    /// It is the right token, and its time is over.
    Expired,
}

/// Compared with when there is nothing to compare with. No text is known whose
/// SHA-256 it is, and a match with it would not be granted either.
const NOTHING: [u8; digest::LEN] = [0; digest::LEN];

/// Decides whether `presented` is good at `now` (seconds since the epoch, UTC),
/// given what is `known` of its API ID.
///
/// That a token is disabled or expired is told only of the right one, so that a
/// host's log does not take a guess for a former user.
///
/// # Errors
/// See [`Refusal`].
pub fn verify(presented: &Presented, known: Option<&Known>, now: u64) -> Result<Grant, Refusal> {
    let stored = known.map_or(&NOTHING[..], |it| &it.digest);
    let same = digest::same(&presented.digest, stored);

    if !api_id::is_valid(&presented.api_id) {
        return Err(Refusal::Malformed);
    }
    let known = known.ok_or(Refusal::Unknown)?;
    if !same || known.digest.len() != digest::LEN {
        return Err(Refusal::Wrong);
    }
    if known.status == Status::Disabled {
        return Err(Refusal::Disabled);
    }
    if known.expires_at.is_some_and(|end| now >= end) {
        return Err(Refusal::Expired);
    }
    Ok(Grant { api_id: presented.api_id.clone() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::token::{identify, issue};
    use proptest::prelude::*;
    use std::vec;

    fn token(first: u8) -> (Presented, Known) {
        let entropy: Vec<u8> = (first..first + 40).collect();
        let issued = issue("my_app", &entropy).unwrap();
        let known = Known { digest: issued.digest.clone(), status: Status::Active, expires_at: None };
        (identify(&issued.token), known)
    }

    #[test]
    fn the_right_token_is_granted_to_its_owner() {
        let (presented, known) = token(0);
        assert_eq!(verify(&presented, Some(&known), 0), Ok(Grant { api_id: "my_app".into() }));
    }

    #[test]
    fn each_refusal_has_its_reason() {
        let (presented, known) = token(0);
        let (other, _) = token(1);
        let disabled = Known { status: Status::Disabled, ..known.clone() };
        let ending = Known { expires_at: Some(100), ..known.clone() };
        assert_eq!(verify(&identify("no token"), None, 0), Err(Refusal::Malformed));
        assert_eq!(verify(&identify("no token"), Some(&known), 0), Err(Refusal::Malformed));
        assert_eq!(verify(&presented, None, 0), Err(Refusal::Unknown));
        assert_eq!(verify(&other, Some(&known), 0), Err(Refusal::Wrong));
        assert_eq!(verify(&other, Some(&disabled), 0), Err(Refusal::Wrong));
        assert_eq!(verify(&presented, Some(&disabled), 0), Err(Refusal::Disabled));
        assert!(verify(&presented, Some(&ending), 99).is_ok());
        assert_eq!(verify(&presented, Some(&ending), 100), Err(Refusal::Expired));
    }

    #[test]
    fn a_record_with_a_broken_digest_never_matches() {
        let (_, known) = token(0);
        for digest in [vec![], vec![0; 31], vec![0; 33]] {
            let broken = Known { digest: digest.clone(), ..known.clone() };
            let presented = Presented { api_id: "my_app".into(), digest };
            assert_eq!(verify(&presented, Some(&broken), 0), Err(Refusal::Wrong));
        }
    }

    proptest! {
        #[test]
        fn only_the_stored_digest_is_ever_granted(digest in prop::collection::vec(any::<u8>(), 0..40), now in any::<u64>()) {
            let (_, known) = token(0);
            let presented = Presented { api_id: "my_app".into(), digest: digest.clone() };
            prop_assert_eq!(verify(&presented, Some(&known), now).is_ok(), digest == known.digest);
        }
    }
}
