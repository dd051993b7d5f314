//! Compares hosts of the component: the rows of those in Rust.

use crate::decision::native;
use crate::kept::Kept;
use crate::measure::{Subject, medians};
use std::hint::black_box;

/// Prints no empty line at the end, so that others can add rows.
pub fn table() -> anyhow::Result<()> {
    let entropy: Vec<u8> = (0..40).collect(); // nobody's secret
    let issued = jerakia_core::issue("my_app", &entropy).map_err(|it| anyhow::anyhow!("{it:?}"))?;
    let mut kept = Kept::new(&issued.digest)?;
    let mut subjects = [
        Subject::new("Rust, native (no component)", || native(&issued.token, &issued.digest)),
        Subject::new("Rust, wasmtime", || kept.authorize(black_box(&issued.token))),
    ];
    let times = medians(&mut subjects);
    println!("| host, one instance for all calls | authorize |\n|---|---:|");
    for (subject, time) in subjects.iter().zip(&times) {
        println!("| {} | {:.2} us |", subject.name, time.as_secs_f64() * 1e6);
    }
    Ok(())
}
