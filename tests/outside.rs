//! What plugins reach outside of their sandbox, behind the real binary: a decision server, a folder, a secret.

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Ipv4Addr, TcpListener};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tempfile::TempDir;
use wardlet_keys::digest::{pin, sha256};

use crate::fixture::{Gateway, Setup, is_refusal, text, wardlet};
use crate::guest::{Guest, RET};

pub(crate) const TOKEN: &str = "hunter-hunter-22";

/// A server on loopback, and what it was asked.
pub(crate) struct Decisions {
    port: u16,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Decisions {
    /// Answers each request with what `decide` makes of its body; never answers where that is none.
    pub(crate) fn start(decide: impl Fn(&str) -> Option<String> + Send + 'static) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let asked = Arc::new(Mutex::new(Vec::new()));
        let record = Arc::clone(&asked);
        std::thread::spawn(move || {
            let mut kept = Vec::new();
            for stream in listener.incoming() {
                let mut stream = BufReader::new(stream.unwrap());
                let mut head = String::new();
                while !head.ends_with("\r\n\r\n") {
                    stream.read_line(&mut head).unwrap();
                }
                let length = head
                    .lines()
                    .find_map(|l| l.strip_prefix("content-length: "));
                let mut body = vec![0; length.unwrap().parse().unwrap()];
                stream.read_exact(&mut body).unwrap();
                let body = String::from_utf8(body).unwrap();
                let decision = decide(&body);
                record.lock().unwrap().push(head + &body);
                let Some(decision) = decision else {
                    kept.push(stream);
                    continue;
                };
                let length = decision.len();
                let mut stream = stream.into_inner();
                write!(
                    stream,
                    "HTTP/1.1 200 OK\r\ncontent-length: {length}\r\n\r\n{decision}"
                )
                .unwrap();
            }
        });
        Decisions { port, asked }
    }

    pub(crate) fn origin(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    pub(crate) fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

/// Sends the arguments to a server, with a secret attached: allows where the answer begins with `t`, denies where
/// it does not, and traps where there is none.
pub(crate) fn asking(url: &str) -> Guest {
    let mut guest = Guest::policy()
        .importing("document")
        .importing("http-fetch")
        .importing("secret-use");
    let [name, name_length] = guest.text("opa");
    let [url, url_length] = guest.text(url);
    let deny = guest.verdict(2, "outside", &[]);
    let allow = guest.evaluate.clone();
    guest.evaluating(format!(
        "(call $document_text (i32.const 0) (i32.const {RET}))
        (local.set $a (i32.load (i32.const {text})))
        (local.set $b (i32.load (i32.const {length})))
        (call $secret-use_attach (i32.const {name}) (i32.const {name_length}) (i32.const {RET}))
        (if (i32.load8_u (i32.const {RET})) (then unreachable))
        (call $http-fetch_fetch (i32.const 2) (i32.const {url}) (i32.const {url_length})
            (i32.const 0) (i32.const 0) (i32.const 1) (local.get $a) (local.get $b) (i32.const {RET}))
        (if (i32.load8_u (i32.const {RET})) (then unreachable))
        (if (i32.ne (i32.load8_u (i32.load (i32.const {body}))) (i32.const {t}))
            (then (return (i32.const {deny}))))
        {allow}",
        text = RET + 8,
        length = RET + 12,
        body = RET + 16,
        t = u32::from(b't'),
    ))
}

/// Allows where a file of a folder begins with `t`, denies where it does not, and traps where there is none.
pub(crate) fn reading() -> Guest {
    let mut guest = Guest::policy().importing("fs-read");
    let [folder, folder_length] = guest.text("policy");
    let [path, path_length] = guest.text("allow/all");
    let deny = guest.verdict(2, "outside", &[]);
    let allow = guest.evaluate.clone();
    guest.evaluating(format!(
        "(call $fs-read_read (i32.const {folder}) (i32.const {folder_length})
            (i32.const {path}) (i32.const {path_length}) (i32.const {RET}))
        (if (i32.load8_u (i32.const {RET})) (then unreachable))
        (if (i32.ne (i32.load8_u (i32.load (i32.const {bytes}))) (i32.const {t}))
            (then (return (i32.const {deny}))))
        {allow}",
        bytes = RET + 4,
        t = u32::from(b't'),
    ))
}

/// A configuration with one guest as the policy of every tool. The folder holds the guest, the secret and a
/// folder `policy`.
fn setup(guest: Guest, grants: impl FnOnce(&TempDir) -> String) -> (Setup, TempDir) {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("guest.wasm");
    let bytes = guest.component();
    fs::write(&path, &bytes).unwrap();
    fs::write(folder.path().join("token"), format!("{TOKEN}\n")).unwrap();
    fs::create_dir_all(folder.path().join("policy/allow")).unwrap();
    let digest = pin(&sha256(&bytes));
    let rules = format!(
        "[plugin.asks]\ncomponent = {path:?}\ndigest = \"{digest}\"\nsees = [\"/arguments\"]\n{}\n
        [[rule]]\nname = \"asks\"\ntools = [\"echo/*\"]\npolicies = [\"asks\"]",
        grants(&folder)
    );
    (Setup::rules(&rules), folder)
}

pub(crate) fn asking_setup(server: &Decisions, deadline: &str) -> (Setup, TempDir) {
    let origin = server.origin();
    setup(asking(&format!("{origin}/v1/allow")), |folder| {
        let token = folder.path().join("token");
        format!(
            "grants = [\"http-fetch\", \"secret-use\"]
            http = {{ allow_private = [\"{origin}\"] }}
            secrets = {{ opa = [\"attach\"] }}
            limits = {{ deadline = \"{deadline}\" }}

            [secret.opa]
            file = {token:?}
            header = \"Authorization\"
            prefix = \"Bearer \"
            origins = [\"{origin}\"]"
        )
    })
}

/// Whether a call passes, and that it is told by whom it was refused if not.
fn call(gateway: &mut Gateway, path: &str) -> bool {
    let answer = gateway.agent.call("echo", &json!({ "path": path }));
    assert!(!answer.to_string().contains("hunter"), "{answer}");
    let refused = is_refusal(&answer);
    assert!(!refused || text(&answer).contains("`asks`"), "{answer}");
    !refused
}

#[test]
fn a_policy_asks_a_decision_server() {
    let server = Decisions::start(|body| Some(body.contains("/srv").to_string()));
    let (setup, _guest) = asking_setup(&server, "5s");
    let mut gateway = Gateway::start(&setup);
    assert!(call(&mut gateway, "/srv/a"));
    assert!(!call(&mut gateway, "/etc/passwd"));
    assert!(call(&mut gateway, "/srv/b"));
    let log = gateway.log();
    let finished = gateway.finish();
    let outcomes = [
        ("allow", "allowed"),
        ("deny", "outside"),
        ("allow", "allowed"),
    ];
    let outcomes = outcomes.map(|(effect, reason)| (effect.to_owned(), reason.to_owned()));
    assert_eq!(finished.entries.decisions(), outcomes);
    let asked = server.asked();
    assert_eq!(asked.len(), 3);
    assert!(
        asked[0].starts_with("POST /v1/allow HTTP/1.1\r\n"),
        "{}",
        asked[0]
    );
    assert!(
        asked[0].contains(&format!("\r\nauthorization: Bearer {TOKEN}\r\n")),
        "{}",
        asked[0]
    );
    assert!(asked[0].ends_with(r#"{"path":"/srv/a"}"#), "{}", asked[0]);
    // The secret went to the server and nowhere else.
    let entries = format!("{:?}", finished.entries.0);
    assert!(!entries.contains("hunter") && !log.contains("hunter"));
}

#[test]
fn a_secret_that_was_changed_is_taken_by_the_next_reload() {
    let server = Decisions::start(|_| Some("true".to_owned()));
    let (setup, folder) = asking_setup(&server, "5s");
    let mut gateway = Gateway::start(&setup);
    assert!(call(&mut gateway, "/srv/a"));
    fs::write(folder.path().join("token"), "another-secret-33\n").unwrap();
    let reloaded = gateway.wardlet(&["reload"]);
    assert!(reloaded.status.success(), "{reloaded:?}");
    assert!(call(&mut gateway, "/srv/b"));
    let asked = server.asked();
    let bearer = |token: &str| format!("\r\nauthorization: Bearer {token}\r\n");
    assert!(asked[0].contains(&bearer(TOKEN)), "{}", asked[0]);
    assert!(
        asked[1].contains(&bearer("another-secret-33")),
        "{}",
        asked[1]
    );
    gateway.finish();
}

#[test]
fn a_server_that_echoes_the_secret_is_no_reason_to_allow() {
    let server = Decisions::start(|_| Some(format!("true, and you sent {TOKEN}")));
    let (setup, _guest) = asking_setup(&server, "5s");
    let mut gateway = Gateway::start(&setup);
    assert!(!call(&mut gateway, "/srv/a"));
    let finished = gateway.finish();
    assert_eq!(finished.entries.count("deny"), 1);
    assert_eq!(server.asked().len(), 1);
}

#[test]
fn a_server_that_never_answers_is_a_denial_in_time() {
    let server = Decisions::start(|_| None);
    let (setup, _guest) = asking_setup(&server, "300ms");
    let mut gateway = Gateway::start(&setup);
    let begun = Instant::now();
    assert!(!call(&mut gateway, "/srv/a"));
    assert!(
        begun.elapsed() < Duration::from_secs(20),
        "{:?}",
        begun.elapsed()
    );
    let finished = gateway.finish();
    assert_eq!(finished.entries.count("deny"), 1);
    assert_eq!(server.asked().len(), 1);
}

#[test]
fn a_policy_reads_a_file_that_may_change_between_calls() {
    let (setup, folder) = setup(reading(), |folder| {
        let path = folder.path().join("policy");
        format!("grants = [\"fs-read\"]\nfolders = {{ policy = {path:?} }}")
    });
    let file = folder.path().join("policy/allow/all");
    let mut gateway = Gateway::start(&setup);
    assert!(!call(&mut gateway, "/a"), "there is no such file");
    fs::write(&file, "true").unwrap();
    assert!(call(&mut gateway, "/a"));
    fs::write(&file, "false").unwrap();
    assert!(!call(&mut gateway, "/a"));
    // A link out of the folder is not followed, whatever stands behind it.
    fs::write(folder.path().join("true"), "true").unwrap();
    fs::remove_file(&file).unwrap();
    std::os::unix::fs::symlink("../../true", &file).unwrap();
    assert!(!call(&mut gateway, "/a"));
    let finished = gateway.finish();
    assert_eq!(finished.entries.count("deny"), 3);
}

#[test]
fn check_says_where_a_plugin_connects_what_it_reads_and_which_secrets_it_uses() {
    let server = Decisions::start(|_| None);
    let origin = server.origin();
    let (asking, guest) = asking_setup(&server, "5s");
    let (reading, data) = setup(reading(), |folder| {
        let path = folder.path().join("policy");
        format!("grants = [\"fs-read\"]\nfolders = {{ policy = {path:?} }}")
    });
    let token = guest.path().join("token");
    let policy = data.path().join("policy");
    for (setup, lines) in [
        (
            &asking,
            vec![
                format!("connects  to {origin}, at private addresses too"),
                "at most 4 times in a check, for answers of at most 1MiB; trusts the authorities that Mozilla lists"
                    .to_owned(),
                format!("uses      the secret opa (of file `{}`), which it never sees", token.display()),
                format!("sends it as `authorization` to {origin} alone"),
            ],
        ),
        (
            &reading,
            vec![format!("reads     all of the folder policy: {}", policy.display())],
        ),
    ] {
        let folder = setup.write();
        let config = folder.path().join("wardlet.toml");
        let output = wardlet(&["check", "--offline"], &config);
        let told = String::from_utf8(output.stdout).unwrap();
        assert!(output.status.success(), "{told}");
        for line in lines {
            assert!(told.contains(&line), "{line}\n{told}");
        }
        let output = wardlet(&["check", "--offline", "--json"], &config);
        let json: Value = serde_json::from_slice(&output.stdout).unwrap();
        let outside = &json["plugins"][0]["outside"];
        assert_eq!(outside["folders"].as_array().unwrap().len() + outside["secrets"].as_array().unwrap().len(), 1);
        assert!(!told.contains("hunter") && !json.to_string().contains("hunter"));
    }
    assert!(server.asked().is_empty(), "a look asked somebody");
}

#[test]
fn what_cannot_be_had_refuses_to_start_and_says_how_to_mend_it() {
    let server = Decisions::start(|_| None);
    let told = |setup: &Setup| {
        let folder = setup.write();
        let output = wardlet(&["check", "--offline"], &folder.path().join("wardlet.toml"));
        let told = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{told}");
        assert!(told.contains("hint: "), "{told}");
        told
    };
    let (setup_of, guest) = asking_setup(&server, "5s");
    fs::remove_file(guest.path().join("token")).unwrap();
    let missing = told(&setup_of);
    assert!(
        missing.contains("plugin `asks`: secret `opa`: file `"),
        "{missing}"
    );
    fs::write(guest.path().join("token"), "short").unwrap();
    assert!(told(&setup_of).contains("has 5 bytes"));
    let (reading, _data) = setup(reading(), |_| {
        "grants = [\"fs-read\"]\nfolders = { policy = \"/no/such/folder\" }".to_owned()
    });
    assert!(told(&reading).contains("folder `policy`: cannot open `/no/such/folder`"));
}
