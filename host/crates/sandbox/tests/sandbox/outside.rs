//! The capabilities `http-fetch`, `fs-read` and `secret-use`: what crosses, and what is counted.

use std::sync::{Arc, Mutex};
use std::time::Instant;

use wardlet_call::{
    Caller, FileKind, FileStatus, FolderFailure, Folders, Http, HttpFailure, HttpRequest,
    HttpResponse, Reach, SecretFailure, Secrets,
};
use wardlet_sandbox::{Check, Fault, Grant, Limit, Limits, LoadError};

use crate::support::{Guest, RET, arguments, evaluate, everything, load, name};

/// Stands behind all three, and records what it was asked.
#[derive(Debug, Default)]
struct Recorder {
    asked: Mutex<Vec<String>>,
}

impl Recorder {
    fn asked(&self, what: String) {
        self.asked.lock().unwrap().push(what);
    }
}

impl Http for Recorder {
    fn requests_per_check(&self) -> u32 {
        3
    }

    fn fetch(
        &self,
        request: &HttpRequest,
        attached: &[String],
        until: Instant,
    ) -> Result<HttpResponse, HttpFailure> {
        self.asked(format!(
            "{} {} {:?} {:?} {attached:?}",
            request.method.name(),
            request.url,
            request.headers,
            request.body.as_deref().map(String::from_utf8_lossy),
        ));
        if request.url.ends_with("slow") {
            // As a server that never answers: back at the deadline.
            std::thread::sleep(until.saturating_duration_since(Instant::now()));
            return Err(HttpFailure::TimedOut);
        }
        if request.url.ends_with("refused") {
            return Err(HttpFailure::RefusedAddress);
        }
        Ok(HttpResponse {
            status: 201,
            headers: vec![("x-a".into(), "b".into())],
            body: b"body".to_vec(),
        })
    }
}

impl Folders for Recorder {
    fn read(&self, folder: &str, path: &str, _: Instant) -> Result<Vec<u8>, FolderFailure> {
        self.asked(format!("read {folder} {path}"));
        Ok(b"body".to_vec())
    }

    fn list(
        &self,
        folder: &str,
        path: &str,
        _: Instant,
    ) -> Result<Vec<(String, FileKind)>, FolderFailure> {
        self.asked(format!("list {folder} {path}"));
        Ok(vec![("name".into(), FileKind::Link)])
    }

    fn stat(&self, folder: &str, path: &str) -> Result<FileStatus, FolderFailure> {
        self.asked(format!("stat {folder} {path}"));
        Err(FolderFailure::Outside)
    }
}

impl Secrets for Recorder {
    fn hmac(&self, secret: &str, data: &[u8]) -> Result<[u8; 32], SecretFailure> {
        self.asked(format!("hmac {secret} {}", String::from_utf8_lossy(data)));
        Ok([b'b'; 32])
    }

    fn may_attach(&self, secret: &str, attached: &[String]) -> Result<(), SecretFailure> {
        self.asked(format!("attach {secret} {attached:?}"));
        if secret == "other" {
            return Err(SecretFailure::NotGranted);
        }
        Ok(())
    }
}

fn grant(recorder: &Arc<Recorder>) -> Grant {
    Grant {
        reach: Reach {
            http: Some(Arc::clone(recorder) as Arc<dyn Http>),
            folders: Some(Arc::clone(recorder) as Arc<dyn Folders>),
            secrets: Some(Arc::clone(recorder) as Arc<dyn Secrets>),
            ..Reach::default()
        },
        ..everything()
    }
}

fn check() -> Check {
    Check {
        caller: Some(Arc::new(Caller::default())),
        ..arguments("{}")
    }
}

/// Does these calls in a row; traps unless the one before the end left `expected` at the place of a result.
fn doing(guest: Guest, calls: &str, expected: &[u8]) -> Guest {
    let allow = guest.evaluate.clone();
    let wanted: String = expected
        .iter()
        .enumerate()
        .map(|(at, byte)| {
            format!(
                "(if (i32.ne (i32.load8_u (i32.const {})) (i32.const {byte})) (then unreachable))",
                RET as usize + at
            )
        })
        .collect();
    guest.evaluating(format!("{calls} {wanted} {allow}"))
}

fn constants(values: impl IntoIterator<Item = u32>) -> String {
    let values = values.into_iter();
    values.map(|value| format!("(i32.const {value})")).collect()
}

/// `fetch` of a `post` with one header and a body.
fn fetch(guest: &mut Guest, url: &str) -> String {
    let (url, body) = (guest.text(url), guest.text("sent"));
    let header = [guest.text("x-h"), guest.text("v")].concat();
    let headers = guest.words(&header);
    let request = [&[2][..], &url, &[headers, 1, 1], &body, &[RET]].concat();
    format!("(call $http-fetch_fetch {})", constants(request))
}

fn asked(recorder: &Recorder) -> Vec<String> {
    recorder.asked.lock().unwrap().clone()
}

#[test]
fn a_request_crosses_and_its_answer_comes_back() {
    let recorder = Arc::new(Recorder::default());
    let mut guest = Guest::policy().importing("http-fetch");
    let call = fetch(&mut guest, "http://a.test/");
    // A result that is ok, and the status 201.
    let guest = doing(guest, &call, &[0, 0, 0, 0, 201, 0]);
    let plugin = load(guest, grant(&recorder)).unwrap();
    assert!(plugin.waits() && plugin.has_effects());
    let (answer, usage) = evaluate(&plugin, &check());
    assert_eq!(answer.as_deref(), Ok("allow"));
    assert!(usage.waited <= usage.time);
    let sent = r#"POST http://a.test/ [("x-h", "v")] Some("sent") []"#;
    assert_eq!(asked(&recorder), [sent]);
}

#[test]
fn requests_are_counted_and_failures_are_told_apart() {
    let recorder = Arc::new(Recorder::default());
    let mut guest = Guest::policy().importing("http-fetch");
    let refused = fetch(&mut guest, "refused");
    let plugin = load(doing(guest, &refused, &[1, 0, 0, 0, 4]), grant(&recorder)).unwrap();
    assert_eq!(evaluate(&plugin, &check()).0.as_deref(), Ok("allow"));

    let recorder = Arc::new(Recorder::default());
    let mut guest = Guest::policy().importing("http-fetch");
    let call = fetch(&mut guest, "a");
    // The fourth is `too-many`, and so it is in each check anew.
    let plugin = load(
        doing(guest, &call.repeat(4), &[1, 0, 0, 0, 10]),
        grant(&recorder),
    )
    .unwrap();
    for _ in 0..2 {
        assert_eq!(evaluate(&plugin, &check()).0.as_deref(), Ok("allow"));
    }
    assert_eq!(asked(&recorder).len(), 6);
}

/// While a plugin is loaded, nobody calls, and nothing is sent.
#[test]
fn nothing_is_sent_while_nobody_calls() {
    let recorder = Arc::new(Recorder::default());
    let mut guest = Guest::policy().importing("http-fetch");
    let call = fetch(&mut guest, "a");
    let plugin = load(doing(guest, &call, &[1, 0, 0, 0, 1]), grant(&recorder)).unwrap();
    assert_eq!(
        evaluate(&plugin, &arguments("{}")).0.as_deref(),
        Ok("allow")
    );
    assert!(asked(&recorder).is_empty());
}

#[test]
fn a_server_that_never_answers_costs_the_deadline_and_no_more() {
    let recorder = Arc::new(Recorder::default());
    let mut guest = Guest::policy().importing("http-fetch");
    let call = fetch(&mut guest, "slow");
    let plugin = load(doing(guest, &call, &[1]), grant(&recorder)).unwrap();
    let (answer, usage) = evaluate(&plugin, &check());
    // Whether the plugin still hears of it is a matter of microseconds; that it ends is not.
    assert!(
        matches!(answer.as_deref(), Ok("allow") | Err(Fault::Deadline)),
        "{answer:?}"
    );
    assert!(usage.waited >= Limits::default().deadline / 2, "{usage:?}");
}

#[test]
fn what_comes_back_counts_against_the_payload() {
    for (interface, function, calls) in [("fs-read", "read", 257), ("http-fetch", "fetch", 2)] {
        let recorder = Arc::new(Recorder::default());
        let mut guest = Guest::policy().importing(interface);
        let call = match function {
            "fetch" => fetch(&mut guest, "a"),
            _ => {
                let [folder, path] = ["data", "a"].map(|text| guest.text(text));
                let values = [folder, path].concat().into_iter().chain([RET]);
                format!("(call $fs-read_read {})", constants(values))
            }
        };
        let guest = doing(guest, &call.repeat(calls), &[1, 0, 0, 0]);
        let limits = Limits {
            payload: if calls == 2 { 8 } else { 1024 },
            ..Limits::default()
        };
        let grant = Grant {
            limits,
            ..grant(&recorder)
        };
        let (answer, usage) = evaluate(&load(guest, grant).unwrap(), &check());
        assert_eq!(answer.as_deref(), Ok("allow"), "{interface}");
        assert!(usage.struck.contains(Limit::Payload), "{interface}");
    }
}

#[test]
fn files_are_read_listed_and_told_of() {
    let recorder = Arc::new(Recorder::default());
    // `stat` fails with `outside`.
    let outside: &[u8] = &[1, 0, 0, 0, 0, 0, 0, 0, 2];
    for (functions, expected) in [(&["stat"][..], outside), (&["read", "list"], &[0])] {
        let mut guest = Guest::policy().importing("fs-read");
        let [folder, path] = ["data", "a/b"].map(|text| guest.text(text));
        let values = constants([folder, path].concat().into_iter().chain([RET]));
        let calls = functions.iter();
        let calls: String = calls
            .map(|name| format!("(call $fs-read_{name} {values})"))
            .collect();
        let plugin = load(doing(guest, &calls, expected), grant(&recorder)).unwrap();
        assert!(plugin.waits() && !plugin.has_effects());
        assert_eq!(evaluate(&plugin, &check()).0.as_deref(), Ok("allow"));
    }
    let all = ["stat data a/b", "read data a/b", "list data a/b"];
    assert_eq!(asked(&recorder), all);
}

#[test]
fn secrets_go_by_name_and_are_attached_to_one_request() {
    let recorder = Arc::new(Recorder::default());
    let mut guest = Guest::policy()
        .importing("secret-use")
        .importing("http-fetch");
    let attach = |guest: &mut Guest, name: &str| {
        let values = guest.text(name).into_iter().chain([RET]);
        format!("(call $secret-use_attach {})", constants(values))
    };
    let calls = [
        attach(&mut guest, "one"),
        attach(&mut guest, "other"),
        attach(&mut guest, "two"),
        fetch(&mut guest, "refused"),
        fetch(&mut guest, "a"),
        {
            let [name, data] = ["one", "data"].map(|text| guest.text(text));
            let values = [name, data].concat().into_iter().chain([RET]);
            format!("(call $secret-use_hmac {})", constants(values))
        },
    ];
    let plugin = load(doing(guest, &calls.concat(), &[0]), grant(&recorder)).unwrap();
    assert_eq!(evaluate(&plugin, &check()).0.as_deref(), Ok("allow"));
    let asked = asked(&recorder);
    let rest = r#"[("x-h", "v")] Some("sent")"#;
    assert_eq!(
        asked,
        [
            "attach one []",
            r#"attach other ["one"]"#,
            r#"attach two ["one"]"#,
            &format!(r#"POST refused {rest} ["one", "two"]"#),
            &format!("POST a {rest} []"),
            "hmac one data",
        ]
    );
}

#[test]
fn what_is_granted_and_not_set_up_is_refused_when_it_loads() {
    for interface in ["http-fetch", "fs-read", "secret-use"] {
        let grant = Grant {
            reach: Reach::default(),
            ..everything()
        };
        let error = load(Guest::policy().importing(interface), grant).unwrap_err();
        assert!(matches!(error, LoadError::NotSetUp(_)), "{error}");
        let hint = error.hint(&name()).unwrap();
        assert!(hint.contains(interface), "{hint}");
    }
}
