//! The component in one host beside the other: the rows that are Rust.

use crate::kept::Kept;
use crate::measure::{Subject, medians};
use jerakia_core::{Known, Status};
use jerakia_host::sandbox;
use std::hint::black_box;

/// Ends without an empty line, so that others can add rows.
pub fn table() -> anyhow::Result<()> {
    let entropy: Vec<u8> = (0..40).collect(); // nobody's secret
    let issued = jerakia_core::issue("my_app", &entropy).map_err(|it| anyhow::anyhow!("{it:?}"))?;
    let token = issued.token.as_str();
    let native = Known { digest: issued.digest.clone(), status: Status::Active, expires_at: None };
    let natively_presented = jerakia_core::identify(token);

    let known = sandbox::Known { digest: issued.digest[..].try_into()?, status: sandbox::Status::Active };
    let (mut both, mut verify) = (Kept::new(&known)?, Kept::new(&known)?);
    let presented = verify.identify(token);
    let mut subjects = [
        Subject::new("", || {
            let presented = jerakia_core::identify(black_box(token));
            black_box(jerakia_core::verify(&presented, Some(&native), 0)).unwrap();
        }),
        Subject::new("", || {
            black_box(jerakia_core::verify(black_box(&natively_presented), Some(&native), 0)).unwrap();
        }),
        Subject::new("", || both.decide(black_box(token))),
        Subject::new("", || verify.verify(black_box(&presented))),
    ];
    let times: Vec<f64> = medians(&mut subjects).iter().map(|it| it.as_secs_f64() * 1e6).collect();
    println!("| host, one instance for all calls | identify + verify | verify |\n|---|---:|---:|");
    println!("| Rust, native (no component) | {:.2} us | {:.2} us |", times[0], times[1]);
    println!("| Rust, wasmtime | {:.2} us | {:.2} us |", times[2], times[3]);
    Ok(())
}
