//! A name server that does not answer.

use std::io;
use std::net::IpAddr;
use std::sync::{Arc, Condvar, Mutex};
use std::time::Instant;

use wardlet_call::{Http as _, HttpFailure};

use super::super::HttpClient;
use super::server::{Server, client, fetch, get, grant, ok};
use crate::resolve::Resolve;

/// Answers nothing until it is revived, and then loopback.
#[derive(Debug, Default)]
struct Dead {
    revived: Mutex<bool>,
    told: Condvar,
}

impl Dead {
    fn revive(&self) {
        *self.revived.lock().unwrap() = true;
        self.told.notify_all();
    }
}

impl Resolve for Dead {
    fn resolve(&self, _: &str) -> io::Result<Vec<IpAddr>> {
        let revived = self.revived.lock().unwrap();
        drop(self.told.wait_while(revived, |revived| !*revived));
        Ok(vec!["127.0.0.1".parse().unwrap()])
    }
}

#[test]
fn a_dead_name_server_uses_up_the_look_ups_of_its_own_plugin_alone() {
    let server = Server::saying(ok("{}"));
    let origin = server.origin("a.test");
    let request = get(&server.url("a.test", "/"));
    let dead = Arc::new(Dead::default());
    let grant = grant(&[], std::slice::from_ref(&origin));
    let stuck = HttpClient::new(grant, None, None, dead.clone()).unwrap();
    // Each is given up at once, and waits on for its answer all the same.
    let given_up = || stuck.fetch(&request, &[], Instant::now());
    let failures: Vec<_> = (0..300).map(|_| given_up().unwrap_err()).collect();
    let (first, rest) = failures.split_at(16);
    assert!(
        first.iter().all(|f| *f == HttpFailure::TimedOut),
        "{first:?}"
    );
    assert!(rest.iter().all(|f| *f == HttpFailure::TooMany));

    let other = client(std::slice::from_ref(&origin));
    assert_eq!(fetch(&other, &request).map(|r| r.status), Ok(200));

    dead.revive();
    // Their threads end soon, and give their places back.
    let answer = loop {
        let answer = fetch(&stuck, &request);
        if answer != Err(HttpFailure::TooMany) {
            break answer;
        }
        std::thread::yield_now();
    };
    assert_eq!(answer.map(|r| r.status), Ok(200));
}
