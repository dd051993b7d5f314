//! All refusals take the same time: timing answers reveals neither the reason nor which
//! API IDs exist.
//!
//! The method is dudect's (Reparaz, Balasch, Verbauwhede: "Dude, is my code constant
//! time?"). Measure each kind of refusal many times in random order, drop the slowest tenth
//! (the machine did something else), and compute Welch's t between any two kinds. Below 4.5
//! the two can't be distinguished.
//!
//! On a busy machine one comparison can exceed the bound by chance, so one of several
//! attempts must pass. A real difference fails all of them: t stays around one value, which
//! grows with the number of measurements.
//!
//! The number of measurements determines the smallest difference that shows: here about one
//! per cent. A second test proves that an early return and a thirtieth more work show. More
//! measurements would reveal tens of nanoseconds: fetching a record that exists, and branch
//! prediction.

use crate::harness::{Place, quiet};
use jerakia_host::admin::{Change, Update};
use jerakia_host::authenticator::{Authenticator, Denied};
use jerakia_host::model::Grants;
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use rustix::time::{ClockId, clock_gettime};
use std::hint::black_box;
use std::time::Duration;

/// Dudect's bound.
const ALIKE: f64 = 4.5;

/// How many series of measurements are tried.
const ATTEMPTS: usize = 5;

/// How often each kind is measured in a series.
const SAMPLES: usize = 200;

/// The number of credentials of each kind, so that none is a special case.
const TOKENS: usize = 64;

const KINDS: [&str; 7] = ["malformed", "unknown", "wrong", "wrong, with grants", "disabled", "expired", "retired"];

/// The hex digits of a random token.
fn random_hex(random: &mut StdRng) -> String {
    base16ct::lower::encode_string(&random.random::<[u8; 40]>())
}

/// Credentials of each kind, all of one length.
struct Credentials([Vec<String>; KINDS.len()]);

impl Credentials {
    fn of(place: &Place) -> Self {
        let mut random = StdRng::seed_from_u64(1);
        let mut made = [const { Vec::new() }; KINDS.len()];
        let grants = Grants::of(["lookup:apache/*", "scope:puppet/**", "http:GET:shop.example/**"]).unwrap();
        let mut changes = Vec::new();
        for number in 0..TOKENS {
            let [api_id, limited, expired, retired] =
                ["former", "limits", "expire", "retire"].map(|it| format!("{it}{number:03}"));
            let [disabled, _, of_expired, of_retired] =
                [&api_id, &limited, &expired, &retired].map(|it| place.create(it));
            let (limits, ends_at) = (Some(grants.clone()), Some(Some(1)));
            changes.push((limited.clone(), Change::Update(Update { grants: limits, ..Update::default() })));
            changes.push((expired, Change::Update(Update { ends_at, ..Update::default() })));
            changes.push((retired, Change::Regenerate([1; 32])));
            changes.push((api_id.clone(), Change::Disable));
            let all = [
                format!("{api_id}:{}G", &random_hex(&mut random)[1..]),
                format!("nobody{number:03}:{}", random_hex(&mut random)),
                format!("{api_id}:{}", random_hex(&mut random)),
                format!("{limited}:{}", random_hex(&mut random)),
                disabled,
                of_expired,
                of_retired,
            ];
            made.iter_mut().zip(all).for_each(|(kind, credential)| kind.push(credential));
        }
        place.change(changes);
        Self(made)
    }
}

/// The processor time that this thread has used, without that of other threads.
fn processor_time() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}

/// Of each kind, in nanoseconds.
type Times = [Vec<f64>; KINDS.len()];

/// Measures `authorize` on each kind in random order, in nanoseconds.
fn measure(credentials: &Credentials, authorize: impl Fn(&str)) -> Times {
    let mut random: StdRng = rand::make_rng();
    let mut times = [const { Vec::new() }; KINDS.len()];
    for _ in 0..SAMPLES * KINDS.len() {
        let kind = random.random_range(0..KINDS.len());
        let credential = &credentials.0[kind][random.random_range(0..TOKENS)];
        let start = processor_time();
        authorize(black_box(credential));
        times[kind].push((processor_time() - start).as_nanos() as f64);
    }
    times
}

/// Drops the times above the 90th percentile of all.
fn cropped(times: Times) -> Times {
    let mut all: Vec<f64> = times.iter().flatten().copied().collect();
    all.sort_by(f64::total_cmp);
    let limit = all[all.len() * 9 / 10];
    times.map(|it| it.into_iter().filter(|time| *time <= limit).collect())
}

/// Welch's t for two samples.
fn welch(one: &[f64], other: &[f64]) -> f64 {
    let moments = |it: &[f64]| {
        let n = it.len() as f64;
        let mean = it.iter().sum::<f64>() / n;
        (mean, it.iter().map(|time| (time - mean).powi(2)).sum::<f64>() / (n - 1.0) / n)
    };
    let ((mean, error), (other_mean, other_error)) = (moments(one), moments(other));
    (mean - other_mean) / (error + other_error).sqrt()
}

/// The two kinds that differ most in one series of measurements.
fn worst(credentials: &Credentials, authorize: impl Fn(&str)) -> (f64, String) {
    let times = cropped(measure(credentials, authorize));
    let pairs = (0..KINDS.len()).flat_map(|one| (0..one).map(move |other| (one, other)));
    let compared = pairs.map(|(one, other)| {
        let t = welch(&times[one], &times[other]);
        (t.abs(), format!("t is {t:.1} between {} and {}", KINDS[one], KINDS[other]))
    });
    compared.max_by(|one, other| one.0.total_cmp(&other.0)).unwrap()
}

fn refuse(authenticator: &Authenticator, credential: &str) {
    let answer = authenticator.authorize(credential.as_bytes(), "", None);
    assert!(matches!(answer, Err(Denied::Refused { .. })), "{answer:?}");
}

#[test]
fn each_kind_is_refused_for_its_reason() {
    let place = Place::new();
    let (credentials, authenticator) = (Credentials::of(&place), place.authenticator());
    let reasons = credentials.0.map(|all| match authenticator.authorize(all[0].as_bytes(), "", None) {
        Err(Denied::Refused { reason, .. }) => reason.name(),
        other => panic!("{other:?}"),
    });
    assert_eq!(reasons, ["malformed", "unknown", "wrong", "wrong", "disabled", "expired", "retired"]);
}

#[test]
fn all_refusals_take_the_same_time() {
    let place = Place::new();
    let credentials = Credentials::of(&place);
    let authenticator = place.authenticator();
    let _alone = quiet();
    measure(&credentials, |it| refuse(&authenticator, it)); // warm
    let mut seen = Vec::new();
    for _ in 0..ATTEMPTS {
        let (t, pair) = worst(&credentials, |it| refuse(&authenticator, it));
        if t < ALIKE {
            return;
        }
        seen.push(pair);
    }
    panic!("{seen:?}");
}

/// The same measurements on authenticators that leak.
#[test]
fn the_measurements_notice_a_refusal_that_takes_another_time() {
    let place = Place::new();
    let credentials = Credentials::of(&place);
    let authenticator = place.authenticator();
    let _alone = quiet();
    let mut times = measure(&credentials, |it| refuse(&authenticator, it)).concat();
    times.sort_by(f64::total_cmp);
    let little = Duration::from_nanos(times[times.len() / 2] as u64 / 30);

    let early = |it: &str| if it.ends_with('G') { black_box(()) } else { refuse(&authenticator, it) };
    let slow = |it: &str| {
        refuse(&authenticator, it);
        let begun = processor_time();
        while it.starts_with("former") && processor_time() - begun < little {}
    };
    // Other work on the machine sometimes hides a difference, but not in every attempt.
    let noticed = |authorize: &dyn Fn(&str)| (0..ATTEMPTS).any(|_| worst(&credentials, authorize).0 >= ALIKE);
    assert!(noticed(&early), "an early return");
    assert!(noticed(&slow), "{little:?} more for API IDs that exist");
}
