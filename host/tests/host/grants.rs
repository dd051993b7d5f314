//! `token explain` and the component agree on grants.

use jerakia_host::model::Grants;
use jerakia_host::sandbox::{Refusal, Sandbox, Secret, Status, TokenRecord};
use proptest::prelude::*;

#[test]
fn the_deciding_grant_is_there_exactly_where_the_component_grants() {
    let sandbox = Sandbox::new().unwrap();
    let issued = sandbox.issue("my_app", &(0..40).collect::<Vec<u8>>()).unwrap().unwrap();
    let decide = |grants: &str, permission: &str| {
        let secret = |digest| Secret { digest, ends: u64::MAX };
        let record = TokenRecord {
            api_id: "my_app",
            status: Status::Active,
            current: secret(&issued.digest),
            former: secret(&[0; 32]),
            ends: u64::MAX,
            grants,
        };
        sandbox.authorize(issued.token.expose().as_bytes(), &record, permission, 0).unwrap()
    };
    proptest!(ProptestConfig::with_cases(2_000), |(
        patterns in prop::collection::vec("(tokens:)?[ab/:*]{1,4}", 0..4), permission in "(tokens:)?[ab/:*]{0,5}"
    )| {
        let grants = Grants::of(&patterns).unwrap();
        let granted = match decide(grants.text(), &permission) {
            Ok(_) => true,
            Err(Refusal::Forbidden) => false,
            Err(other) => panic!("{other:?}"),
        };
        prop_assert_eq!(grants.permit(&permission), granted);
        prop_assert_eq!(grants.deciding(&permission).is_some(), granted && !grants.is_empty());
        // It permits that by itself, too.
        if let Some(grant) = grants.deciding(&permission) {
            prop_assert!(decide(grant, &permission).is_ok());
        }
    });
}
