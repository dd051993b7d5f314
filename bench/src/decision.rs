//! The hot path of a request, piece by piece.

use crate::kept::Kept;
use crate::measure::{Subject, medians};
use jerakia_core::{Known, Status};
use jerakia_host::cache::Cache;
use jerakia_host::sandbox::{self, Request, Sandbox};
use jerakia_host::service::Service;
use jerakia_host::store::{Store, WatchedStore};
use jerakia_host::tokens;
use std::hint::black_box;
use std::time::{Duration, Instant};

/// One token, known to every part.
struct Setting {
    _directory: tempfile::TempDir,
    token: String,
    service: Service,
    sandbox: Sandbox,
    known: sandbox::Known,
}

pub fn table() -> anyhow::Result<()> {
    let it = setting()?;
    let native = Known { digest: it.known.digest.to_vec(), status: Status::Active, expires_at: None };
    let mut kept = Kept::new(&it.known)?;
    let (service, request) = (&it.service, || Request { method: "GET", path: "/v1/authorize" });

    let mut subjects = [
        Subject::new("native identify + verify", || {
            let presented = jerakia_core::identify(black_box(&it.token));
            black_box(jerakia_core::verify(&presented, Some(&native), 0)).unwrap();
        }),
        Subject::new("kept instance: identify + verify", || kept.decide(&it.token)),
        Subject::new("fresh instance + identify + verify + drop", || {
            let decision = it.sandbox.decide(black_box(&it.token), request(), 0, |_| Some(it.known));
            assert!(decision.unwrap().verdict.is_ok());
        }),
        Subject::new("change check", || service.cache().confirm(Instant::now()).unwrap()),
        Subject::new("look-up", || {
            black_box(service.cache().find(black_box("my_app"))).unwrap();
        }),
        Subject::new("all of a decision: Service::authorize", || {
            black_box(service.authorize(black_box(&it.token), request())).unwrap();
        }),
    ];
    let times = medians(&mut subjects);

    println!("| the hot path | time | to native |\n|---|---:|---:|");
    for (subject, time) in subjects.iter().zip(&times) {
        let ratio = time.as_secs_f64() / times[0].as_secs_f64();
        println!("| {} | {:.2} us | {ratio:.1} |", subject.name, time.as_secs_f64() * 1e6);
    }
    println!();
    Ok(())
}

fn setting() -> anyhow::Result<Setting> {
    let directory = tempfile::tempdir()?;
    let sandbox = Sandbox::new()?;
    let mut store = Store::open(directory.path())?;
    let token = tokens::create(&sandbox, &mut store, "my_app")?.expose().to_owned();
    let cache = Cache::load(WatchedStore::open(directory.path())?, Duration::from_secs(86_400))?;
    let known = cache.find("my_app").ok_or_else(|| anyhow::anyhow!("no token"))?.known;
    let service = Service::new(Sandbox::new()?, cache);
    Ok(Setting { _directory: directory, token, service, sandbox, known })
}
