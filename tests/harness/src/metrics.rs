//! A server's metrics, as Prometheus reads them.

use crate::{Client, Server};
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// The longest wait for a value.
const MAX_WAIT: Duration = Duration::from_secs(30);

/// The arguments of a server that serves metrics.
pub const METRICS: &[&str] = &["--metrics", "127.0.0.1:0"];

/// The values of one scrape.
pub struct Metrics {
    pub text: String,
    values: BTreeMap<String, f64>,
}

impl Metrics {
    /// Asks `server`, which was started with [`METRICS`].
    pub fn of(server: &Server) -> Self {
        let response = Client::connect(&address(server)).get("/metrics", "");
        assert_eq!(response.status, 200, "{}", response.text());
        let text = response.text().to_owned();
        let lines = text.lines().filter(|it| !it.starts_with('#')).map(|it| it.rsplit_once(' ').unwrap());
        let values = lines.map(|(name, value)| (name.to_owned(), value.parse().unwrap())).collect();
        Self { text, values }
    }

    /// Asks again until `is` accepts the value of `name`, which is written as on the page:
    /// `jerakia_tokens{status="active"}`.
    pub fn wait(server: &Server, name: &str, is: impl Fn(f64) -> bool) -> Self {
        let start = Instant::now();
        loop {
            let metrics = Self::of(server);
            if is(metrics.value(name)) {
                return metrics;
            }
            assert!(start.elapsed() < MAX_WAIT, "{name} is still {}", metrics.value(name));
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    pub fn value(&self, name: &str) -> f64 {
        *self.values.get(name).unwrap_or_else(|| panic!("no {name} in\n{}", self.text))
    }

    /// The names of values, without labels.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.values.keys().map(|it| it.split('{').next().unwrap())
    }
}

/// Where `server` serves metrics.
pub fn address(server: &Server) -> String {
    let line = server.wait_for_log("metrics on http://");
    line.trim_start_matches("metrics on http://").trim_end_matches("/metrics").to_owned()
}
