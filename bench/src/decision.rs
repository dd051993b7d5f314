//! The hot path of a request, piece by piece.

use crate::measure::{Subject, medians};
use jerakia_core::{Known, Status};
use jerakia_host::cache::Cache;
use jerakia_host::sandbox::{self, Request, Sandbox};
use jerakia_host::service::Service;
use jerakia_host::store::{Store, WatchedStore};
use jerakia_host::tokens;
use std::hint::black_box;
use std::time::{Duration, Instant};
use wasmtime::component::Linker;

mod kept {
    wasmtime::component::bindgen!({ path: "../wit", world: "auth-core" });
}

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
    let mut kept = Kept::new(&it)?;
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
    let store = Store::open(directory.path())?;
    let token = tokens::create(&sandbox, &store, "my_app")?.expose().to_owned();
    let cache = Cache::load(WatchedStore::open(directory.path())?, Duration::from_secs(86_400))?;
    let known = cache.find("my_app").ok_or_else(|| anyhow::anyhow!("no token"))?.known;
    let service = Service::new(Sandbox::new()?, cache);
    Ok(Setting { _directory: directory, token, service, sandbox, known })
}

/// One instance for all calls: what a host does that has no need of fresh ones.
struct Kept {
    store: wasmtime::Store<()>,
    instance: kept::AuthCore,
    known: kept::exports::jerakia::auth::tokens::KnownToken,
}

impl Kept {
    fn new(setting: &Setting) -> anyhow::Result<Self> {
        let engine = sandbox::engine()?;
        let component = sandbox::component(&engine)?;
        let mut store = wasmtime::Store::new(&engine, ());
        store.set_epoch_deadline(u64::MAX / 2);
        let made = kept::AuthCore::instantiate(&mut store, &component, &Linker::new(&engine));
        let instance = made.map_err(|error| anyhow::anyhow!("{error:#}"))?;
        let known = kept::exports::jerakia::auth::tokens::KnownToken {
            digest: setting.known.digest.to_vec(),
            status: kept::exports::jerakia::auth::tokens::Status::Active,
            expires_at: None,
        };
        Ok(Self { store, instance, known })
    }

    fn decide(&mut self, token: &str) {
        use kept::exports::jerakia::auth::tokens::Request;
        let tokens = self.instance.jerakia_auth_tokens();
        let presented = tokens.call_identify(&mut self.store, token).unwrap();
        let request = Request { method: "GET".into(), path: "/v1/authorize".into() };
        let verdict = tokens.call_verify(&mut self.store, &presented, Some(&self.known), &request, 0);
        assert!(verdict.unwrap().is_ok());
    }
}
