//! What breaks while servers run, and comes back.

use super::{CLIENTS, Cluster, LONGEST, break_repeatedly};
use crate::harness::{Database, PostgreSql, Proxy, Stopped};
use rustix::process::Signal;
use std::process::Stdio;
use std::thread;
use std::time::Instant;

/// The processes of PostgreSQL that serve a server.
pub(super) fn backends(database: &Database, node: usize) -> Vec<u32> {
    let sql = format!("SELECT pid FROM pg_stat_activity WHERE application_name = 'node{node}'");
    database.psql(&sql).lines().map(|it| it.parse().unwrap()).collect()
}

#[test]
fn a_server_is_stopped() {
    let postgres = PostgreSql::shared();
    let cluster = Cluster::on(&postgres.database());
    break_repeatedly("SIGSTOP of a server", &cluster, Some(0), || Stopped::process(cluster.servers[0].pid()));
}

#[test]
fn the_backends_of_a_server_are_stopped() {
    let postgres = PostgreSql::shared();
    let database = postgres.database();
    let cluster = Cluster::on(&database);
    break_repeatedly("SIGSTOP of a server's backends", &cluster, Some(0), || {
        backends(&database, 0).into_iter().map(Stopped::process).collect::<Vec<_>>()
    });
}

#[test]
fn the_network_of_a_server_is_silent() {
    struct Silence<'a>(&'a Proxy);
    impl Drop for Silence<'_> {
        fn drop(&mut self) {
            self.0.speak();
        }
    }
    let postgres = PostgreSql::shared();
    let database = postgres.database();
    let proxy = Proxy::to(postgres.port());
    let cluster = Cluster::at([database.url_at(proxy.port()), database.url(), database.url()]);
    break_repeatedly("partition of a server", &cluster, Some(0), || {
        proxy.go_silent();
        Silence(&proxy)
    });
}

#[test]
fn postgresql_is_killed_and_starts_again() {
    let postgres = PostgreSql::start(&[]);
    let cluster = Cluster::on(&postgres.database());
    break_repeatedly("kill -9 of PostgreSQL", &cluster, None, || {
        postgres.crash();
        postgres.resume();
    });
}

/// Connections that are open go on. Nobody gets a new one, so a command says that it has failed.
#[test]
fn the_first_process_of_postgresql_is_stopped() {
    let postgres = PostgreSql::start(&[]);
    let cluster = Cluster::on(&postgres.database());
    let stopped = Stopped::process(postgres.postmaster().as_raw_nonzero().get().cast_unsigned());
    let ran = cluster.run(&["token", "disable", "my_app"]);
    assert_eq!(ran.code, Some(3), "{}", ran.stderr);
    (0..3).for_each(|it| cluster.wait_for(it, 200));
    drop(stopped);
    cluster.done(&["token", "disable", "my_app"]);
    (0..3).for_each(|it| assert_eq!(cluster.servers[it].authorize(&cluster.token).status, 401));
}

#[test]
fn a_server_is_killed() {
    let postgres = PostgreSql::shared();
    let database = postgres.database();
    let mut cluster = Cluster::on(&database);
    cluster.servers.remove(0).stop(Signal::KILL);
    let (clients, mut most) = (cluster.clients(), super::Measured::default());
    thread::scope(|scope| {
        let _stopping = clients.stopping();
        clients.start(scope, CLIENTS);
        let begun = Instant::now();
        clients.order(super::TRIALS, &[401], || {
            let ran = cluster.run(&["token", "disable", "my_app"]);
            most.act = begun.elapsed();
            assert!(ran.code == Some(0) && ran.stderr.contains("1 was cut off"), "{}", ran.stderr);
            cluster.token.clone()
        });
        assert!(most.act < LONGEST, "{:?}", most.act);
        // The next act knows that it is dead.
        clients.order(super::TRIALS, &[200], || {
            let ran = cluster.run(&["token", "enable", "my_app"]);
            assert!(ran.code == Some(0) && !ran.stderr.contains("cut off"), "{}", ran.stderr);
            cluster.token.clone()
        });
    });
    most.report("kill -9 of a server", clients.all_right());
    cluster.servers.insert(0, cluster.start(0, &cluster.url));
    (0..3).for_each(|it| assert_eq!(cluster.servers[it].authorize(&cluster.token).status, 200));
}

/// Nobody was told that the token is disabled; it is, and a cut off server knows within its lease.
#[test]
fn a_command_is_killed_between_its_commit_and_its_return() {
    let postgres = PostgreSql::shared();
    let database = postgres.database();
    let cluster = Cluster::on(&database);
    let stopped = backends(&database, 0).into_iter().map(Stopped::process).collect::<Vec<_>>();
    let begun = Instant::now();
    let mut command = cluster.command(&["token", "disable", "my_app"]);
    let mut acting = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    (1..3).for_each(|it| cluster.wait_for(it, 401));
    assert_eq!(acting.try_wait().unwrap(), None, "it waits for the server that is cut off");
    acting.kill().unwrap();
    acting.wait().unwrap();
    cluster.wait_for(0, 503);
    assert!(begun.elapsed() < LONGEST, "{:?}", begun.elapsed());
    drop(stopped);
    cluster.wait_for(0, 401);
    assert!(cluster.run(&["token", "disable", "my_app"]).stderr.contains("3 servers"));
}
