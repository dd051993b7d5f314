//! Floods of wrong secrets for imported tokens, whose bcrypt hashes take long to compare.

use crate::harness::{Client, Server, World, busy, get};
use crate::import::jerakia_3;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};
use std::thread;

const RIGHT: &str = "0123456789012345678901234567890123456789012345678901234567890123456789012345678901";

/// With the imported tokens `slow` and `quick`, and one that is not imported.
fn imported(cost: u32) -> (World, String) {
    let world = World::new();
    let [slow, quick] = [cost, 4].map(|cost| bcrypt::hash(&RIGHT[..80], cost).unwrap());
    let file = jerakia_3(&world, &[("slow", &slow, "t"), ("quick", &quick, "t")]);
    world.done(&["token", "import", file.to_str().unwrap()]);
    let token = world.create("my_app");
    (world, token)
}

/// A request from behind a proxy, with a wrong secret for `slow`.
fn wrong(from: &str) -> String {
    get("/v1/authorize", &format!("X-Authentication: slow:{}\r\nX-Forwarded-For: {from}\r\n", "0".repeat(80)))
}

fn quick(server: &Server, from: &str) -> u16 {
    let token = format!("quick:{}", &RIGHT[..80]);
    server.client().get("/v1/authorize", &format!("X-Authentication: {token}\r\nX-Forwarded-For: {from}\r\n")).status
}

#[test]
fn a_flood_of_wrong_secrets_does_not_slow_other_tokens() {
    const REQUESTS: usize = 300;
    let _busy = busy();
    let (world, token) = imported(10);
    let server = world.server_with(&["--max-failures", "10000"]);
    let (compared, stop) = (AtomicUsize::new(0), AtomicBool::new(false));
    thread::scope(|scope| {
        for _ in 0..16 {
            scope.spawn(|| {
                let mut client = server.client();
                while !stop.load(Relaxed) {
                    // 503: on a slow machine, its turn did not come in time.
                    assert!(matches!(client.send(wrong("10.0.0.1")).status, 401 | 503));
                    compared.fetch_add(1, Relaxed);
                }
            });
        }
        while compared.load(Relaxed) < 2 {
            thread::yield_now();
        }
        let before = compared.load(Relaxed);
        let mut client = server.client();
        let all = (0..REQUESTS).filter(|_| client.authorize(&token).status == 200).count();
        let meanwhile = compared.load(Relaxed) - before;
        stop.store(true, Relaxed);
        assert_eq!(all, REQUESTS);
        println!("{meanwhile} comparisons during {REQUESTS} requests with another token");
        assert!(meanwhile * 5 < REQUESTS, "{meanwhile} comparisons during {REQUESTS} requests");
    });
}

#[test]
fn a_full_queue_is_answered_with_503_and_has_room_for_other_clients() {
    let _busy = busy();
    let (world, token) = imported(13);
    let server = world.server();
    let flood = |from: &str| -> Vec<Client> {
        let ask = |_| {
            let mut client = server.client();
            client.write(wrong(from));
            client
        };
        (0..60).map(ask).collect()
    };
    let _one = flood("2001:db8::1");
    server.wait_for_log("too many requests at once with imported tokens");
    // Another address of the same network is the same client.
    let refused = server.client().send(wrong("2001:db8::2"));
    assert_eq!((refused.status, refused.header("retry-after")), (503, Some("1")));
    assert_eq!(quick(&server, "10.0.0.2"), 200);
    assert_eq!(server.authorize(&token).status, 200);
    // The owner of the token is not kept out.
    let owner = format!("X-Authentication: slow:{}\r\nX-Forwarded-For: 10.0.0.3\r\n", &RIGHT[..80]);
    assert_eq!(server.client().get("/v1/authorize", &owner).status, 200);
}
