//! Measures a lookup, by the number of files.

use crate::measure::{Subject, medians};
use jerakia_host::lookup::{Engine, Request, Settings, Value, View};
use std::fs;
use std::path::Path;

const SIZES: [usize; 3] = [100, 1_000, 10_000];

/// Looks up keys of a different file each time.
pub fn table() -> anyhow::Result<()> {
    let places = SIZES.map(|_| tempfile::tempdir());
    let mut subjects = Vec::new();
    for (place, files) in places.iter().zip(SIZES) {
        let place = place.as_ref().map_err(|error| anyhow::anyhow!("no directory: {error}"))?.path();
        let engine = engine(place, files)?;
        let requests: Vec<Request> = (0..files).map(|it| Request::new(Some("port"), &format!("app_{it}"))).collect();
        let mut next = 0;
        let mut look_up = move || {
            // Far from the one before: 7,919 is a prime.
            next = (next + 7_919) % files;
            let answer = engine.lookup(requests[next].clone()).unwrap();
            assert_eq!(answer.payload(), View::Value(&Value::Int(next as i64)));
        };
        (0..files).for_each(|_| look_up()); // until all are parsed
        subjects.push(Subject::new("", look_up));
    }
    println!("| a lookup among | time | to {} files |\n|---|---:|---:|", SIZES[0]);
    let times = medians(&mut subjects);
    for (files, time) in SIZES.iter().zip(&times) {
        let ratio = time.as_secs_f64() / times[0].as_secs_f64();
        println!("| {files} files | {:.1} us | {ratio:.2} |", time.as_secs_f64() * 1e6);
    }
    println!();
    Ok(())
}

/// An engine on `files` data files.
fn engine(place: &Path, files: usize) -> anyhow::Result<Engine> {
    let data = place.join("data/common");
    fs::create_dir_all(&data)?;
    for number in 0..files {
        let text = format!("port: {number}\nusers: [root, daemon]\nlimits: {{files: 1024, time: 20}}\n");
        fs::write(data.join(format!("app_{number}.yaml")), text)?;
    }
    // A file that was just written is not kept parsed.
    std::thread::sleep(std::time::Duration::from_millis(200));
    Ok(Engine::new(&Settings {
        policydir: place.join("policy.d"),
        vardir: place.into(),
        schema_docroot: place.join("schema"),
        enable_schema: true,
    }))
}
