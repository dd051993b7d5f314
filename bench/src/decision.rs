//! Measures the hot path of a request, piece by piece.

use crate::kept::Kept;
use crate::measure::{Subject, medians};
use jerakia_core::{NEVER, Secret, Status, TokenRecord};
use jerakia_harness::World;
use jerakia_host::authenticator::Authenticator;
use jerakia_host::cache::Cache;
use jerakia_host::clock::BootTime;
use jerakia_host::model::Digest;
use jerakia_host::sandbox::{self, Sandbox};
use jerakia_host::store::Database;
use std::hint::black_box;
use std::time::Duration;

/// One token, known to every part.
struct Setting {
    _world: World,
    token: String,
    authenticator: Authenticator,
    /// The same, counting decisions for metrics.
    counting: Authenticator,
    sandbox: Sandbox,
    digest: Digest,
}

pub fn table() -> anyhow::Result<()> {
    let it = setting()?;
    let mut kept = Kept::new(&it.digest)?;
    let authenticator = &it.authenticator;

    let mut subjects = [
        Subject::new("native authorize", || native(&it.token, &it.digest)),
        Subject::new("kept instance: authorize", || kept.authorize(&it.token)),
        Subject::new("fresh instance + authorize + drop", || fresh(&it)),
        Subject::new("change check", || authenticator.cache().confirm(BootTime::now()).unwrap()),
        Subject::new("look-up", || {
            black_box(authenticator.cache().with(black_box("my_app"), |entry| entry.is_some()));
        }),
        Subject::new("all of a decision: Authenticator::authorize", || {
            black_box(authenticator.authorize(black_box(it.token.as_bytes()), "", None)).unwrap();
        }),
        Subject::new("the same, counted for metrics", || {
            black_box(it.counting.authorize(black_box(it.token.as_bytes()), "", None)).unwrap();
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

/// Decides on the token of `my_app` without the component.
pub fn native(token: &str, digest: &[u8]) {
    let stored = TokenRecord {
        api_id: "my_app",
        status: Status::Active,
        current: Secret { digest, ends: NEVER },
        former: Secret::NONE,
        ends: NEVER,
        grants: "",
    };
    black_box(jerakia_core::authorize(black_box(token.as_bytes()), &stored, "", 0)).unwrap();
}

fn fresh(it: &Setting) {
    let secret = |digest| sandbox::Secret { digest, ends: NEVER };
    let stored = sandbox::TokenRecord {
        api_id: "my_app",
        status: sandbox::Status::Active,
        current: secret(&it.digest),
        former: secret(Secret::NONE.digest),
        ends: NEVER,
        grants: "",
    };
    let answer = it.sandbox.authorize(black_box(it.token.as_bytes()), &stored, "", 0);
    assert!(answer.unwrap().is_ok());
}

fn setting() -> anyhow::Result<Setting> {
    let (world, token) = World::with_token("my_app");
    let store = || Database::Sqlite(world.databasedir()).open_for_server();
    let cache = || Cache::load(store()?, Vec::new(), Duration::from_secs(86_400));
    let (first, second) = (cache()?, cache()?);
    let digest =
        first.with("my_app", |entry| entry.map(|it| it.record().digest)).ok_or_else(|| anyhow::anyhow!("no token"))?;
    let authenticator = Authenticator::new(Sandbox::new()?, first);
    let counting = Authenticator::new(Sandbox::new()?, second).counting();
    Ok(Setting { _world: world, token, authenticator, counting, sandbox: Sandbox::new()?, digest })
}
