//! nginx with `auth_basic`, for comparison: one process that only checks a password and answers
//! with an image of 43 bytes.

use crate::server::Load;
use anyhow::Context as _;
use base64ct::{Base64, Encoding as _};
use jerakia_harness::get;
use std::fs;
use std::io::ErrorKind;
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// How long it may take to start.
const START: Duration = Duration::from_secs(5);

/// `my_app` with the password `00` forty times, as long as a token; SHA-1 is the cheapest
/// digest that nginx knows (ngx_http_auth_basic_module).
const PASSWORDS: &str = "my_app:{SHA}RRVzRJi0IPv2wEod0ZUa9pvmIps=\n";

/// An nginx, killed when dropped.
pub struct Nginx {
    process: Child,
    address: String,
}

impl Nginx {
    /// Starts nginx with its files in `place`; none if it is not installed.
    pub fn start(place: &Path) -> anyhow::Result<Option<Self>> {
        let address = TcpListener::bind("127.0.0.1:0")?.local_addr()?.to_string();
        fs::write(place.join("passwords"), PASSWORDS)?;
        fs::write(place.join("nginx.conf"), configuration(&address))?;
        let mut command = Command::new("nginx");
        command.arg("-p").arg(place).args(["-c", "nginx.conf", "-e", "stderr"]).stderr(Stdio::null());
        let process = match command.spawn() {
            Ok(process) => process,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error).context("nginx"),
        };
        let (nginx, start) = (Self { process, address }, Instant::now());
        while TcpStream::connect(&nginx.address).is_err() {
            anyhow::ensure!(start.elapsed() < START, "nginx does not listen");
            std::thread::sleep(Duration::from_millis(10));
        }
        Ok(Some(nginx))
    }

    /// A request with the right password.
    pub fn load(&self) -> Load {
        let credentials = Base64::encode_string(format!("my_app:{}", "00".repeat(40)).as_bytes());
        let request = get("/", &format!("Authorization: Basic {credentials}\r\n"));
        Load { process: self.process.id(), address: self.address.clone(), request }
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        drop(self.process.kill());
        drop(self.process.wait());
    }
}

fn configuration(address: &str) -> String {
    format!(
        "daemon off; master_process off; worker_processes 1; pid nginx.pid; error_log stderr crit;
events {{ worker_connections 256; }}
http {{
    access_log off; keepalive_requests 1000000000; client_body_temp_path body; proxy_temp_path proxy;
    fastcgi_temp_path fastcgi; uwsgi_temp_path uwsgi; scgi_temp_path scgi;
    server {{
        listen {address};
        location / {{ auth_basic token; auth_basic_user_file passwords; empty_gif; }}
    }}
}}
"
    )
}
