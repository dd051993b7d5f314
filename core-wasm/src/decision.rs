//! The decision on a credential: a grant, or one refusal.

use crate::{api_id, digest, grants, token};
use alloc::string::String;
use subtle::Choice;

/// The end of a period that never ends. All times are seconds since 1970-01-01 UTC. Nothing
/// here detects milliseconds: as an end they lie some 50,000 years ahead.
pub const NEVER: u64 = u64::MAX;

/// What the host has stored under an API ID.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// A usable token.
    Active,
    /// A token that is refused until it is enabled again.
    Disabled,
    /// No token.
    Absent,
}

/// One secret of a token.
#[derive(Clone, Copy, Debug)]
pub struct Secret<'a> {
    /// The digest that `issue` returned. All zeros, or a length other than
    /// [`digest::LEN`], match no credential.
    pub digest: &'a [u8],
    /// The first second after the secret's period, or [`NEVER`].
    pub ends: u64,
}

impl Secret<'_> {
    /// No secret.
    pub const NONE: Self = Self { digest: &[0; digest::LEN], ends: NEVER };
}

/// A token as the host has stored it.
#[derive(Clone, Copy, Debug)]
pub struct TokenRecord<'a> {
    /// The API ID that the record is stored under.
    pub api_id: &'a str,
    /// Whether there is a token, and whether it is usable.
    pub status: Status,
    /// The secret in use.
    pub current: Secret<'a>,
    /// The secret that `current` replaced.
    pub former: Secret<'a>,
    /// The first second after the token's period, or [`NEVER`].
    pub ends: u64,
    /// See [`grants::permit`].
    pub grants: &'a str,
}

/// Which of a token's secrets a credential matches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SecretSlot {
    /// The secret in use.
    Current,
    /// The secret that it replaced.
    Former,
}

/// The answer to a good credential.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grant {
    /// The API ID of both credential and record.
    pub api_id: String,
    /// The secret that matched.
    pub secret: SecretSlot,
    /// The earlier of the token's end and that secret's end.
    pub ends: u64,
}

/// Why a credential is refused: the first reason that applies, in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// It does not have the form of a token.
    Malformed,
    /// Its API ID has no token.
    Unknown,
    /// Its API ID has a token, but neither secret matches.
    Wrong,
    /// The token is disabled.
    Disabled,
    /// The token has ended, or the current secret matched and has ended.
    Expired,
    /// The former secret matched, after its end.
    Retired,
    /// The token's grants don't include the permission.
    Forbidden,
}

/// Decides whether `credential` is good for `permission` at `now`, in seconds since
/// 1970-01-01 UTC, given the `record` of its API ID.
///
/// Parsing, hashing and both comparisons come first, whatever the record holds, so that
/// a refusal's timing reveals nothing about what is stored.
///
/// # Errors
/// See [`Refusal`].
pub fn authorize(credential: &[u8], record: &TokenRecord<'_>, permission: &str, now: u64) -> Result<Grant, Refusal> {
    let presented = digest::of(credential);
    let parsed = token::api_id_of(credential);
    let is_well_formed = parsed.is_some();
    let api_id = parsed.unwrap_or(api_id::NOBODY);
    let is_its_record = digest::same(api_id.as_bytes(), record.api_id.as_bytes());
    let is_known = bool::from(is_its_record) & (record.status != Status::Absent);
    let current = matches(&presented, record.current);
    let former = matches(&presented, record.former);
    let is_right = bool::from(current | former);

    if !is_well_formed {
        return Err(Refusal::Malformed);
    }
    if !is_known {
        return Err(Refusal::Unknown);
    }
    if !is_right {
        return Err(Refusal::Wrong);
    }
    // From here on the client has proved that it has one of the token's secrets.
    if record.status == Status::Disabled {
        return Err(Refusal::Disabled);
    }
    let (secret, ends, is_over) = if current.into() {
        (SecretSlot::Current, record.current.ends, Refusal::Expired)
    } else {
        (SecretSlot::Former, record.former.ends, Refusal::Retired)
    };
    if is_past(record.ends, now) {
        return Err(Refusal::Expired);
    }
    if is_past(ends, now) {
        return Err(is_over);
    }
    if !grants::permit(record.grants, permission) {
        return Err(Refusal::Forbidden);
    }
    Ok(Grant { api_id: api_id.into(), secret, ends: ends.min(record.ends) })
}

/// Whether the digest `presented` is that of `secret`, in constant time. All zeros mean
/// that there is no secret: nobody knows a text whose SHA-256 is zero.
fn matches(presented: &[u8; digest::LEN], secret: Secret<'_>) -> Choice {
    digest::same(presented, secret.digest) & !digest::same(&[0; digest::LEN], secret.digest)
}

fn is_past(end: u64, now: u64) -> bool {
    end != NEVER && now >= end
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::string::String;

    const DAY: u64 = 86_400;

    /// A token and its digest.
    fn token(api_id: &str, first: u8) -> (String, [u8; 32]) {
        let entropy: std::vec::Vec<u8> = (first..first + 40).collect();
        let issued = crate::issue(api_id, &entropy).unwrap();
        (issued.token.clone(), issued.digest)
    }

    fn active(digest: &[u8]) -> TokenRecord<'_> {
        TokenRecord {
            api_id: "my_app",
            status: Status::Active,
            current: Secret { digest, ends: NEVER },
            former: Secret::NONE,
            ends: NEVER,
            grants: "",
        }
    }

    fn decide(credential: &str, record: &TokenRecord<'_>, now: u64) -> Result<Grant, Refusal> {
        authorize(credential.as_bytes(), record, "lookup:a/b", now)
    }

    #[test]
    fn the_right_token_is_granted_to_its_owner() {
        let (text, digest) = token("my_app", 0);
        let grant = Grant { api_id: "my_app".into(), secret: SecretSlot::Current, ends: NEVER };
        assert_eq!(decide(&text, &active(&digest), 0), Ok(grant));
    }

    /// Each record also gives every later reason to refuse.
    #[test]
    fn the_first_reason_that_applies_is_given() {
        let (text, digest) = token("my_app", 0);
        let all = TokenRecord {
            api_id: "other",
            status: Status::Disabled,
            current: Secret { digest: &[1; 32], ends: 0 },
            former: Secret { digest: &[2; 32], ends: 0 },
            ends: 0,
            grants: "nothing",
        };
        assert_eq!(decide("my_app", &all, DAY), Err(Refusal::Malformed));
        assert_eq!(decide(&text, &all, DAY), Err(Refusal::Unknown));
        let known = TokenRecord { api_id: "my_app", ..all };
        assert_eq!(decide(&text, &TokenRecord { status: Status::Absent, ..known }, DAY), Err(Refusal::Unknown));
        assert_eq!(decide(&text, &known, DAY), Err(Refusal::Wrong));
        let right = TokenRecord { former: Secret { digest: &digest, ends: 0 }, ..known };
        assert_eq!(decide(&text, &right, DAY), Err(Refusal::Disabled));
        let enabled = TokenRecord { status: Status::Active, ..right };
        assert_eq!(decide(&text, &enabled, DAY), Err(Refusal::Expired));
        let unending = TokenRecord { ends: NEVER, ..enabled };
        assert_eq!(decide(&text, &unending, DAY), Err(Refusal::Retired));
        let in_grace = TokenRecord { former: Secret { digest: &digest, ends: 2 * DAY }, ..unending };
        assert_eq!(decide(&text, &in_grace, DAY), Err(Refusal::Forbidden));
        let granted = Grant { api_id: "my_app".into(), secret: SecretSlot::Former, ends: 2 * DAY };
        assert_eq!(decide(&text, &TokenRecord { grants: "lookup:**", ..in_grace }, DAY), Ok(granted));
    }

    #[test]
    fn a_token_is_never_granted_under_another_api_id() {
        let (text, digest) = token("my_app", 0);
        let admin = TokenRecord { api_id: "admin", ..active(&digest) };
        assert_eq!(decide(&text, &admin, 0), Err(Refusal::Unknown));
        let renamed = text.replace("my_app", "admin");
        assert_eq!(decide(&renamed, &admin, 0), Err(Refusal::Wrong));
        assert_eq!(decide(&renamed, &active(&digest), 0), Err(Refusal::Unknown));
    }

    #[test]
    fn a_credential_is_refused_from_the_second_of_its_end_on() {
        let (text, digest) = token("my_app", 0);
        let ending =
            |ends, secret| TokenRecord { ends, current: Secret { digest: &digest, ends: secret }, ..active(&digest) };
        assert_eq!(decide(&text, &ending(100, NEVER), 99).map(|it| it.ends), Ok(100));
        assert_eq!(decide(&text, &ending(100, NEVER), 100), Err(Refusal::Expired));
        assert_eq!(decide(&text, &ending(NEVER, 100), 100), Err(Refusal::Expired));
        assert_eq!(decide(&text, &ending(100, 50), 49).map(|it| it.ends), Ok(50));
        assert!(decide(&text, &ending(NEVER, NEVER), u64::MAX).is_ok());
    }

    #[test]
    fn a_secret_with_a_broken_digest_never_matches() {
        let (text, digest) = token("my_app", 0);
        let longer = [&digest[..], &[0]].concat();
        for broken in [&[][..], &digest[..31], &longer, &[0; 32]] {
            let record = TokenRecord { former: Secret { digest: broken, ends: NEVER }, ..active(broken) };
            assert_eq!(decide(&text, &record, 0), Err(Refusal::Wrong));
        }
        // Even a credential whose SHA-256 were all zeros would not match.
        assert!(!bool::from(matches(&[0; 32], Secret::NONE)));
    }

    proptest! {
        #[test]
        fn only_the_token_whose_digest_is_stored_is_granted(
            credential in prop::collection::vec(any::<u8>(), 0..150), digest in prop::collection::vec(any::<u8>(), 0..40)
        ) {
            let (text, right) = token("my_app", 0);
            let record = active(&right);
            let is_right = credential == text.as_bytes();
            prop_assert_eq!(authorize(&credential, &record, "", 0).is_ok(), is_right);
            let record = active(&digest);
            prop_assert_eq!(authorize(text.as_bytes(), &record, "", 0).is_ok(), digest == right);
        }
    }
}
