//! PostgreSQL as the database: acts are in force on every server when they return, leases end,
//! and edits by hand are seen.

use crate::harness::{Cluster, act, size};
use jerakia_harness::PostgreSql;
use jerakia_host::admin::{ActRefusal, Attributes, Change};
use jerakia_host::store::postgres::PostgresAdmin;
use jerakia_host::store::{ActError, AuditFault, AuditFilter, Reach, TokenFilter};
use rustix::process::{Pid, Signal, kill_process};
use std::time::{Duration, Instant};

const LEASE: Duration = Duration::from_secs(5);

fn on(servers: usize) -> Reach {
    Reach::Acknowledged { servers, cut_off: 0 }
}

#[test]
fn an_act_that_has_returned_is_in_force_on_every_server() {
    let cluster = Cluster::new();
    let nodes = [(); 3].map(|()| cluster.node(LEASE));
    let token = cluster.create("my_app");
    let start = Instant::now();
    let rounds = size(50, 10_000);
    for _ in 0..rounds {
        for (change, granted) in [(Change::Disable, false), (Change::Enable, true)] {
            assert_eq!(cluster.act("my_app", change).unwrap(), on(3));
            assert!(nodes.iter().all(|it| it.grants(&token) == Some(granted)));
        }
    }
    println!("{:?} per act, with its connection", start.elapsed() / (2 * u32::try_from(rounds).unwrap()));
    let [first, ..] = nodes;
    drop(first);
    assert_eq!(cluster.act("my_app", Change::Delete).unwrap(), on(2), "one has stopped");
}

#[test]
fn edits_by_hand_are_seen_and_those_that_servers_would_miss_are_refused() {
    let cluster = Cluster::new();
    let token = cluster.create("my_app");
    let node = cluster.node(LEASE);
    let database = &cluster.database;
    for replication in ["origin", "replica"] {
        let edit = |sql: &str| database.psql(&format!("SET session_replication_role = {replication}; {sql}"));
        edit("UPDATE jerakia.token SET active = false");
        node.wait_for(&token, Some(false));
        edit("UPDATE jerakia.token SET active = true");
        node.wait_for(&token, Some(true));
    }
    for (sql, reason) in [
        ("TRUNCATE jerakia.token", "use DELETE FROM jerakia.token"),
        ("TRUNCATE jerakia.journal", "TRUNCATE would go unnoticed"),
        ("TRUNCATE jerakia.lease", "TRUNCATE would go unnoticed"),
        ("TRUNCATE jerakia.cluster", "TRUNCATE would go unnoticed"),
        ("TRUNCATE jerakia.audit", "TRUNCATE would go unnoticed"),
        ("TRUNCATE jerakia.audit_start", "TRUNCATE would go unnoticed"),
        ("TRUNCATE jerakia.audit_head", "TRUNCATE would go unnoticed"),
        ("UPDATE jerakia.token SET api_id = 'other'", "a token keeps its id and its API ID"),
        ("UPDATE jerakia.token SET digest = ''", "token_digest_check"),
    ] {
        let error = database.psql_refused(&format!("SET session_replication_role = replica; {sql}"));
        assert!(error.contains(reason), "{error}");
    }
    assert_eq!(node.grants(&token), Some(true));
    database.psql("DELETE FROM jerakia.token");
    node.wait_for(&token, Some(false));
    assert_eq!(database.psql("SELECT count(*) FROM jerakia.audit"), "1", "only the act is audited");
}

#[test]
fn a_transaction_that_is_open_holds_up_neither_renewals_nor_other_acts() {
    let cluster = Cluster::new();
    let (token, other) = (cluster.create("my_app"), cluster.create("other"));
    let node = cluster.node(Duration::from_millis(600));
    let mut psql = cluster.database.server().psql_command(cluster.database.name());
    psql.args(["-c", "BEGIN", "-c", "UPDATE jerakia.token SET active = false WHERE api_id = 'my_app'"]);
    let mut open = psql.args(["-c", "SELECT pg_sleep(2)", "-c", "COMMIT"]).spawn().unwrap();
    let start = Instant::now();
    while start.elapsed() < Duration::from_millis(1500) {
        assert_eq!(node.grants(&token), Some(true));
        assert_eq!(cluster.act("other", Change::Disable).unwrap(), on(1));
        assert_eq!(node.grants(&other), Some(false));
    }
    assert!(open.wait().unwrap().success());
    node.wait_for(&token, Some(false));
}

#[test]
fn a_server_whose_backend_is_stopped_comes_back_on_another_connection() {
    let cluster = Cluster::new();
    let token = cluster.create("my_app");
    let node = cluster.node(Duration::from_secs(1));
    // It hears nothing, and gets no error.
    let backend = Pid::from_raw(cluster.listener()).unwrap();
    kill_process(backend, Signal::STOP).unwrap();
    for change in [Change::Disable, Change::Enable, Change::Disable] {
        cluster.act("my_app", change).unwrap();
    }
    assert_ne!(node.grants(&token), Some(true));
    node.wait_for(&token, Some(false));
    assert_eq!(cluster.act("my_app", Change::Enable).unwrap(), on(1));
    assert_eq!(node.grants(&token), Some(true));
    kill_process(backend, Signal::CONT).unwrap();
}

#[test]
fn an_act_waits_for_the_lease_of_a_server_that_is_gone_but_only_once() {
    let cluster = Cluster::new();
    cluster.create("my_app");
    let _node = cluster.node(LEASE);
    // As of a server that was killed right after it registered.
    cluster.database.psql("SELECT jerakia.register('0123', 1000, 'killed', '', '')");
    let start = Instant::now();
    assert_eq!(cluster.act("my_app", Change::Disable).unwrap(), Reach::Acknowledged { servers: 1, cut_off: 1 });
    assert!(start.elapsed() >= Duration::from_millis(1250), "{:?}", start.elapsed());
    assert_eq!(cluster.act("my_app", Change::Enable).unwrap(), on(1));
    assert_eq!(cluster.database.psql("SELECT alive FROM jerakia.renew('0123', 1, NULL)"), "f", "it is dead");
}

#[test]
fn a_server_whose_row_is_gone_or_dead_registers_anew() {
    let cluster = Cluster::new();
    let token = cluster.create("my_app");
    let node = cluster.node(Duration::from_millis(600));
    for edit in ["UPDATE jerakia.lease SET dead = true", "DELETE FROM jerakia.lease"] {
        cluster.database.psql(edit);
        let start = Instant::now();
        while cluster.database.psql("SELECT count(*) FROM jerakia.lease WHERE NOT dead AND revision > 1") == "0" {
            assert!(start.elapsed() < Duration::from_secs(20));
        }
        assert_eq!(cluster.act("my_app", Change::Enable).unwrap(), on(1));
        assert_eq!(node.grants(&token), Some(true));
    }
}

#[test]
fn a_server_that_can_not_reach_the_database_stops_to_decide_when_its_lease_ends() {
    let server = PostgreSql::start(&[]);
    let cluster = Cluster::on(&server);
    let token = cluster.create("my_app");
    let node = cluster.node(Duration::from_secs(1));
    let start = Instant::now();
    server.stop();
    assert_eq!(node.grants(&token), Some(true), "its lease runs on");
    node.wait_for(&token, None);
    assert!(start.elapsed() < Duration::from_secs(10));
    let reason = node.authenticator.authorize(token.as_bytes(), "", None).unwrap_err().to_string();
    assert!(reason.contains("gave this server no lease") && reason.contains("can't be reached"), "{reason}");
    server.resume();
    node.wait_for(&token, Some(true));
    // The table of leases may be an older one: the first act waits, the next does not.
    let start = Instant::now();
    assert_eq!(cluster.act("my_app", Change::Disable).unwrap(), on(1));
    assert!(start.elapsed() >= Duration::from_millis(1250), "{:?}", start.elapsed());
    assert_eq!(node.grants(&token), Some(false));
    let start = Instant::now();
    assert_eq!(cluster.act("my_app", Change::Enable).unwrap(), on(1));
    assert!(start.elapsed() < Duration::from_millis(1250), "{:?}", start.elapsed());
}

#[test]
fn a_journal_with_another_history_ends_the_lease_and_everything_is_read_again() {
    let cluster = Cluster::new();
    let token = cluster.create("my_app");
    let node = cluster.node(Duration::from_secs(30));
    // As after the restore of an older state: the same revision, and what it changed is not journalled.
    cluster.database.psql(
        "ALTER TABLE jerakia.token DISABLE TRIGGER token_journal;
         UPDATE jerakia.token SET active = false;
         ALTER TABLE jerakia.token ENABLE ALWAYS TRIGGER token_journal;
         UPDATE jerakia.journal SET mark = uuid_send(gen_random_uuid());
         NOTIFY jerakia_tokens",
    );
    node.wait_for(&token, Some(false));
    cluster.database.psql(
        "ALTER TABLE jerakia.token DISABLE TRIGGER token_journal;
         UPDATE jerakia.token SET active = true;
         ALTER TABLE jerakia.token ENABLE ALWAYS TRIGGER token_journal;
         DELETE FROM jerakia.journal WHERE revision > 1;
         NOTIFY jerakia_tokens",
    );
    node.wait_for(&token, Some(true));
}

#[test]
fn a_change_that_no_server_would_see_is_refused() {
    let cluster = Cluster::new();
    cluster.create("my_app");
    cluster.database.psql("ALTER TABLE jerakia.token DISABLE TRIGGER token_journal");
    let error = cluster.act("my_app", Change::Disable).unwrap_err().to_string();
    assert!(error.contains("token_journal") && error.contains("nothing was changed"), "{error}");
    assert_eq!(cluster.database.psql("SELECT active FROM jerakia.token"), "t");
}

#[test]
fn a_commit_that_is_answered_with_a_warning_is_not_acknowledged() {
    let server = PostgreSql::start(&[]);
    let cluster = Cluster::on(&server);
    cluster.create("my_app");
    // No standby of that name is there: commits wait.
    cluster.database.psql("ALTER SYSTEM SET synchronous_standby_names = 'missing'");
    cluster.database.psql("SELECT pg_reload_conf()");
    std::thread::scope(|scope| {
        let acting = scope.spawn(|| cluster.act("my_app", Change::Disable));
        let waiting = "SELECT count(pg_cancel_backend(pid)) FROM pg_stat_activity WHERE wait_event = 'SyncRep'";
        while cluster.database.psql(waiting) == "0" {}
        let error = acting.join().unwrap().unwrap_err().to_string();
        assert!(error.contains("has stored the change, but it may be lost"), "{error}");
    });
}

#[test]
fn the_trail_has_every_act_and_edits_of_it_are_found() {
    let cluster = Cluster::new();
    cluster.create("my_app");
    let attributes = Attributes { description: "Grüße, 世界".into(), ..Attributes::default() };
    let update = jerakia_host::admin::Update { description: Some(attributes.description), ..Default::default() };
    cluster.act("my_app", Change::Update(update)).unwrap();
    let refused = cluster.act("my_app", Change::create([7; 32])).unwrap_err();
    assert!(matches!(refused, ActError::Refused(ActRefusal::Exists(_))), "{refused}");
    let mut admin = cluster.admin();
    let acts = admin.audit(&AuditFilter::default(), 10).unwrap();
    let acts: Vec<_> = acts.iter().map(|it| (&*it.act, &*it.outcome)).collect();
    assert_eq!(acts, [("create", "done"), ("update", "done"), ("create", "exists already")]);
    let head = admin.verify_audit(None).unwrap().unwrap();
    assert_eq!((head.entries, head.number), (3, 3));

    let actor = act("my_app", Change::Delete).actor;
    assert_eq!(admin.prune_audit(1, &actor, 1).unwrap(), Ok(3));
    let head = admin.verify_audit(Some(head.hash)).unwrap().unwrap();
    assert_eq!((head.entries, head.number), (1, 4));
    cluster.database.psql("UPDATE jerakia.audit SET actor = 'nobody'");
    assert_eq!(admin.verify_audit(None).unwrap(), Err(AuditFault::Changed(4)));
    cluster.database.psql("DELETE FROM jerakia.audit_head");
    assert_eq!(admin.verify_audit(None).unwrap(), Err(AuditFault::NoEnds));
    let error = cluster.act("my_app", Change::Delete).unwrap_err().to_string();
    assert!(error.contains("has lost the ends of its audit trail"), "{error}");
    assert_eq!(cluster.database.psql("SELECT count(*) FROM jerakia.token"), "1");
}

#[test]
fn acts_at_the_same_time_are_each_performed_once() {
    let cluster = Cluster::new();
    for number in 0..4 {
        cluster.create(&format!("app_{number}"));
    }
    std::thread::scope(|scope| {
        for thread in 0..4 {
            let cluster = &cluster;
            scope.spawn(move || {
                let mut admin = cluster.admin();
                for round in 0..20 {
                    let ids = (0..4).map(|it| format!("app_{}", (thread + round + it) % 4));
                    let acts: Vec<_> = ids.map(|it| act(&it, Change::Enable)).collect();
                    admin.perform_all(&acts).unwrap();
                }
            });
        }
    });
    let admin = cluster.admin();
    assert_eq!(admin.verify_audit(None).unwrap().unwrap().entries, 4 + 4 * 20 * 4);
    let versions: Vec<_> = admin.list(TokenFilter::all(), 0).unwrap().map(|it| it.unwrap().version.1).collect();
    assert_eq!(versions, [1 + 4 * 20; 4]);
}

#[test]
fn a_database_that_can_not_be_used_says_why() {
    let cluster = Cluster::new();
    let open = || PostgresAdmin::open(&cluster.address()).map(drop);
    let refused = |words: &str| {
        let error = open().unwrap_err().to_string();
        assert!(error.starts_with("The database postgresql://postgres@/") && error.contains(words), "{error}");
    };
    let database = &cluster.database;
    database.psql("CREATE SCHEMA jerakia");
    refused("belongs to another program");
    database.psql("DROP SCHEMA jerakia");
    open().unwrap();
    open().unwrap();
    database.psql("UPDATE jerakia.schema_version SET version = 99");
    refused("has schema version 99 and was written by a newer jerakia");
    database.psql(&format!("ALTER DATABASE {} SET default_transaction_read_only = on", database.name()));
    refused("is a standby, or read-only: name the primary");
}
