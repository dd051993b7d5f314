//! A standby takes over: what was acknowledged is in force, and stays so.

use super::{CLIENTS, Cluster, LEASE, TRIALS};
use crate::harness::PostgreSql;
use std::thread;
use std::time::Instant;

#[test]
fn a_standby_is_promoted() {
    let primary = PostgreSql::start(&[]);
    let database = primary.database();
    let standby = primary.standby();
    database.psql("ALTER SYSTEM SET synchronous_standby_names = '*'");
    database.psql("SELECT pg_reload_conf()");
    let [one, other] = [primary.port(), standby.port()];
    let url = format!("postgresql://postgres@127.0.0.1:{one},127.0.0.1:{other}/{}", database.name());
    let cluster = Cluster::at([(); 3].map(|()| url.clone()));
    let (clients, token) = (cluster.clients(), cluster.token.clone());
    let mut most = super::Measured::default();
    thread::scope(|scope| {
        let _stopping = clients.stopping();
        clients.start(scope, CLIENTS);
        clients.order(TRIALS, &[200], || token.clone());
        clients.order(TRIALS, &[401], || {
            cluster.done(&["token", "disable", "my_app"]);
            token.clone()
        });
        // From here on nobody grants it, until it is enabled again.
        clients.order(TRIALS, &[401, 503], || {
            primary.crash();
            standby.psql("postgres", "ALTER SYSTEM RESET synchronous_standby_names");
            standby.psql("postgres", "SELECT pg_reload_conf()");
            standby.promote();
            token.clone()
        });
        (0..3).for_each(|it| cluster.wait_for(it, 401));
        // The table of leases could lack a server's row: the first act waits for the longest lease.
        let begun = Instant::now();
        clients.order(TRIALS, &[200], || {
            cluster.done(&["token", "enable", "my_app"]);
            token.clone()
        });
        assert!(begun.elapsed() >= LEASE, "{:?}", begun.elapsed());
        let begun = Instant::now();
        clients.order(TRIALS, &[401], || {
            cluster.done(&["token", "disable", "my_app"]);
            most.act = begun.elapsed();
            token.clone()
        });
    });
    most.report("promotion of a standby", clients.all_right());
}
