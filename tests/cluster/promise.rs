//! G1 and G2 where nothing is broken.

use super::{CLIENTS, CREATE, Cluster, TRIALS};
use crate::harness::{PostgreSql, report, size};
use std::thread;

#[test]
fn an_act_that_has_returned_is_in_force_on_all_servers() {
    let postgres = PostgreSql::shared();
    let cluster = Cluster::on(&postgres.database());
    let (clients, mut token) = (cluster.clients(), cluster.token.clone());
    thread::scope(|scope| {
        let _stopping = clients.stopping();
        clients.start(scope, CLIENTS);
        for round in 0..size(3, 125) {
            let by_command = |act: &str| cluster.done(&["token", act, "my_app"]);
            let over_http = |act: &str| {
                let answer = cluster.post(round % 3, &format!("/v1/tokens/my_app/{act}"));
                assert_eq!(answer.status, 200, "{}", answer.text());
            };
            clients.order(TRIALS, &[200], || token.clone());
            clients.order(TRIALS, &[401], || {
                by_command("disable");
                token.clone()
            });
            clients.order(TRIALS, &[200], || {
                over_http("enable");
                token.clone()
            });
            clients.order(TRIALS, &[401], || {
                over_http("disable");
                token.clone()
            });
            clients.order(TRIALS, &[200], || {
                by_command("enable");
                token.clone()
            });
            let old = token.clone();
            clients.order(TRIALS, &[401], || {
                token = cluster.done(&["token", "regenerate", "my_app", "-q"]);
                old
            });
            clients.order(TRIALS, &[200], || token.clone());
            clients.order(TRIALS, &[401], || {
                by_command("delete");
                token.clone()
            });
            clients.order(TRIALS, &[200], || {
                token = cluster.done(&CREATE);
                token.clone()
            });
        }
    });
    report("cluster: three servers, acts by command and over HTTP", clients.all_right(), 0);
}

#[test]
fn an_act_says_where_it_is_in_force() {
    let postgres = PostgreSql::shared();
    let cluster = Cluster::on(&postgres.database());
    let ran = cluster.run(&["token", "disable", "my_app"]);
    assert!(ran.stderr.contains("disabled on 3 servers"), "{}", ran.stderr);
}
