//! HAProxy in front of two servers, as deploy/cluster/ has it.

use super::{Cluster, faults::backends};
use crate::harness::{Client, PostgreSql, Stopped, free, program, replaced};
use std::fs;
use std::net::{SocketAddr, TcpStream};
use std::process::{Child, Stdio};
use std::thread;

const CONFIGURATION: &str = include_str!("../../deploy/cluster/haproxy.cfg");

struct Balancer {
    process: Child,
    address: SocketAddr,
}

impl Balancer {
    fn start(cluster: &Cluster) -> Self {
        let address = free();
        let mut text = replaced(CONFIGURATION, "bind :9843", &format!("bind {address}"));
        for (name, server) in ["one:9843", "two:9843"].iter().zip(&cluster.servers) {
            text = replaced(&text, name, &server.address().to_string());
        }
        let file = cluster.world.path().join("haproxy.cfg");
        fs::write(&file, text).unwrap();
        let process = program("haproxy").arg("-db").arg("-f").arg(file).stderr(Stdio::null()).spawn().unwrap();
        let mut balancer = Self { process, address };
        while TcpStream::connect(address).is_err() {
            assert_eq!(balancer.process.try_wait().unwrap(), None, "it has ended");
            thread::yield_now();
        }
        balancer
    }

    fn ask(&self, token: &str) -> u16 {
        Client::connect(&self.address.to_string()).authorize(token).status
    }
}

impl Drop for Balancer {
    fn drop(&mut self) {
        drop(self.process.kill());
        drop(self.process.wait());
    }
}

#[test]
fn clients_of_a_load_balancer_do_not_notice_that_a_server_is_cut_off() {
    let postgres = PostgreSql::shared();
    let database = postgres.database();
    let cluster = Cluster::at([database.url(), database.url()]);
    let balancer = Balancer::start(&cluster);
    let _stopped = backends(&database, 0).into_iter().map(Stopped::process).collect::<Vec<_>>();
    let (mut asked, mut after) = (0, 0);
    while after < 20 {
        assert_eq!(balancer.ask(&cluster.token), 200, "request {asked}");
        asked += 1;
        after += usize::from(cluster.servers[0].authorize(&cluster.token).status == 503);
    }
    cluster.done(&["token", "disable", "my_app"]);
    assert_eq!(balancer.ask(&cluster.token), 401);
}
