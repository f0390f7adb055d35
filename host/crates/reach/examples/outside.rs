//! What reaching outside costs: a request to a server on loopback, by address and by name, and the reading of
//! a small file. `cargo run --release -p wardlet-reach --example outside`
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "it measures, and what goes wrong ends it"
)]

use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, TcpListener};
use std::sync::Arc;
use std::time::{Duration, Instant};

use wardlet_call::{Folders as _, Http as _, HttpMethod, HttpRequest};
use wardlet_reach::{FolderSet, HttpClient, HttpGrant, Origin, SystemResolver};

/// Enough that the 99th percentile is of twenty.
const TIMES: usize = 2000;

fn main() {
    let port = serve();
    for host in ["127.0.0.1", "localhost"] {
        let origin = Origin::parse(&format!("http://{host}:{port}")).unwrap();
        let request = HttpRequest {
            method: HttpMethod::Post,
            url: format!("{origin}/v1/data/allow"),
            headers: Vec::new(),
            body: Some(vec![b' '; 256]),
        };
        let grant = HttpGrant {
            allow: Vec::new(),
            allow_private: vec![origin],
            max_response: 1 << 20,
            requests: 1,
        };
        let client = HttpClient::new(grant, None, None, Arc::new(SystemResolver)).unwrap();
        measure(&format!("http-fetch {host}"), |until| {
            assert_eq!(client.fetch(&request, &[], until).unwrap().status, 200);
        });
    }
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("rules"), vec![b' '; 4096]).unwrap();
    let folders = FolderSet::open([("data", folder.path())]).unwrap();
    measure("fs-read 4 KiB", |until| {
        assert_eq!(folders.read("data", "rules", until).unwrap().len(), 4096);
    });
}

/// Answers every connection with a decision, as fast as a server can.
fn serve() -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut request = [0; 4096];
            let mut length = 0;
            // Until the body is there.
            while !request.get(..length).unwrap().ends_with(&[b' '; 256]) {
                length += stream.read(request.get_mut(length..).unwrap()).unwrap();
            }
            let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 15\r\n\r\n{\"result\":true}";
            stream.write_all(answer).unwrap();
        }
    });
    port
}

fn measure(what: &str, mut once: impl FnMut(Instant)) {
    let mut times: Vec<Duration> = (0..TIMES)
        .map(|_| {
            let begun = Instant::now();
            once(begun + Duration::from_secs(10));
            begun.elapsed()
        })
        .collect();
    times.sort();
    let at = |percent: usize| times.get(TIMES * percent / 100).unwrap().as_secs_f64() * 1e6;
    println!("{what:<22} p50 {:>6.0} us, p99 {:>6.0} us", at(50), at(99));
}
