//! The `record` switch of a gateway, and the cases that come of what it wrote.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use tempfile::TempDir;
use wardlet_keys::digest::{hex, hmac_sha256, pin, sha256};

use super::{Author, shown, speaking};
use crate::fixture::{Agent, FOREVER, Gateway, SECRET, Setup, is_refusal, run, wardlet};
use crate::guest::{Guest, RET};
use crate::outside::{Decisions, TOKEN, asking, asking_setup};

/// A gateway that was told on the command line to record.
fn recording_by_flag(setup: &Setup) -> Gateway {
    let folder = setup.write();
    let mut command = run(folder.path());
    command.arg("--record").arg(folder.path().join("recorded"));
    let agent = Agent::start(command, &folder.path().join("gateway.log"));
    let mut gateway = Gateway { agent, folder };
    gateway.agent.initialise();
    gateway
}

/// A gateway that records to the folder `recorded` beside its configuration.
fn recording(setup: &Setup) -> Gateway {
    let folder = setup.write();
    let config = folder.path().join("wardlet.toml");
    let text = fs::read_to_string(&config).unwrap();
    let text = text.replace("[gateway]\n", "[gateway]\nrecord = \"recorded\"\n");
    fs::write(&config, text).unwrap();
    let agent = Agent::start(run(folder.path()), &folder.path().join("gateway.log"));
    let mut gateway = Gateway { agent, folder };
    gateway.agent.initialise();
    gateway
}

/// The records of a folder, the oldest first.
fn records(folder: &Path) -> Vec<PathBuf> {
    let mut files: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    files
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

/// A rule with one guest as the policy of every tool. The folder holds the guest.
fn setup(guest: Guest, grants: &str) -> (Setup, TempDir) {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("guest.wasm");
    let bytes = guest.component();
    fs::write(&path, &bytes).unwrap();
    fs::write(
        folder.path().join("key"),
        "a-key-of-32-bytes-that-nobody-has",
    )
    .unwrap();
    let digest = pin(&sha256(&bytes));
    let key = folder.path().join("key");
    let rules = format!(
        "[plugin.guest]\ncomponent = {path:?}\ndigest = \"{digest}\"\n{grants}\n
        [secret.key]\nfile = {key:?}\nraw = true\n
        [[rule]]\nname = \"all\"\ntools = [\"echo/*\"]\npolicies = [\"guest\"]"
    );
    (Setup::rules(&rules), folder)
}

/// Makes cases of records that hold no secret and are their owner's alone.
fn make_cases(author: &Author, all: &[PathBuf], names: [&str; 2]) {
    for (record, name) in all.iter().zip(names) {
        assert_eq!(mode(record), 0o600);
        let text = fs::read_to_string(record).unwrap();
        assert!(!text.contains(TOKEN) && !text.contains("hunter"), "{text}");
        author
            .wardlet(&[
                "case",
                shown(record),
                "-o",
                "cases/asked.json",
                "--name",
                name,
            ])
            .check(0, &["`cases/asked.json` has the case"]);
    }
}

/// What stands in the cases of the calls that asked the server.
fn check_asked(author: &Author) {
    let cases = fs::read_to_string(author.path("cases/asked.json")).unwrap();
    let parsed: Value = serde_json::from_str(&cases).unwrap();
    let inside = &parsed["cases"][0];
    assert_eq!(inside["name"], "inside");
    assert_eq!(inside["arguments"], json!({"path": "/srv/a"}));
    assert_eq!(inside["host_calls"][0]["call"], "secret-use.attach");
    assert_eq!(inside["host_calls"][1]["with"]["attached"], json!(["opa"]));
    assert_eq!(inside["host_calls"][1]["gives"]["body"], "true");
    assert_eq!(inside["limits"], json!({"deadline": "5s"}));
    assert_eq!(
        parsed["cases"][1]["expect"],
        json!({"verdict": "deny", "code": "outside", "log": []})
    );
}

#[test]
fn a_recorded_call_is_tried_again_with_the_server_gone() {
    let server = Decisions::start(|body| {
        Some(format!(
            "{}rue",
            if body.contains("/srv") { 't' } else { 'f' }
        ))
    });
    let (setup, _guest) = asking_setup(&server, "5s");
    let mut gateway = recording(&setup);
    for path in ["/srv/a", "/etc/a"] {
        let answer = gateway.agent.call("echo", &json!({ "path": path }));
        assert_eq!(is_refusal(&answer), path == "/etc/a", "{answer}");
    }
    assert!(
        gateway.log().contains("THIS GATEWAY RECORDS"),
        "{}",
        gateway.log()
    );
    let finished = gateway.finish();
    let url = format!("{}/v1/allow", server.origin());

    let folder = finished.folder.path().join("recorded");
    let all = records(&folder);
    assert_eq!((all.len(), mode(&folder)), (2, 0o700), "{all:?}");
    let author = Author::new(&asking(&url).component(), "{\"cases\": []}");
    fs::remove_file(author.path("cases/all.json")).unwrap();
    make_cases(&author, &all, ["inside", "outside"]);
    // Nobody is asked any more: the answers are those of the record.
    author.wardlet(&["test"]).check(0, &["2 passed"]);
    check_asked(&author);
    assert_eq!(server.asked().len(), 2, "somebody asked the server again");

    // A plugin that asks something else is told, with both.
    fs::write(
        author.path("build/guest.wasm"),
        asking(&format!("{url}/v2")).component(),
    )
    .unwrap();
    author.wardlet(&["test"]).check(
        1,
        &[
            "host_calls/1",
            &format!("\"url\":\"{url}\""),
            &format!("\"url\":\"{url}/v2\""),
            "2 failed",
        ],
    );
}

#[test]
fn what_a_plugin_does_not_see_is_not_recorded() {
    let (setup, _guest) = setup(
        speaking(),
        "grants = [\"log\"]\nsees = [\"/arguments/deny\"]",
    );
    let mut gateway = recording(&setup);
    let answer = gateway
        .agent
        .call("echo", &json!({"path": "private-path", "deny": "shown"}));
    assert!(is_refusal(&answer), "{answer}");
    let finished = gateway.finish();
    let all = records(&finished.folder.path().join("recorded"));
    assert_eq!(all.len(), 1);
    let text = fs::read_to_string(&all[0]).unwrap();
    assert!(
        !text.contains("private-path") && !text.contains("\"path\""),
        "{text}"
    );
    let record: Value = serde_json::from_str(&text).unwrap();
    let case = &record["case"];
    assert_eq!(case["arguments"], json!({"deny": "shown"}));
    assert_eq!(case["definition"], Value::Null);
    assert_eq!(case["sees"], json!(["/arguments/deny"]));
    assert_eq!(case["grants"], json!(["log"]));
    let line = json!({"level": "debug", "message": "looked", "fields": {"at": "/deny"}});
    assert_eq!(
        case["expect"],
        json!({"verdict": "deny", "code": "outside", "log": [line]})
    );
}

/// An attempt that was given up so that the check runs again elsewhere is no check.
#[test]
fn one_record_for_each_check_in_shadow_too() {
    let shadow = "mode = \"shadow\"\n";
    for (guest, mode, refused, expect) in [
        (
            Guest::policy().evaluating(FOREVER),
            "",
            true,
            json!({"fault": "deadline", "log": []}),
        ),
        (
            Guest::policy(),
            "",
            false,
            json!({"verdict": "allow", "log": []}),
        ),
        (
            Guest::policy(),
            shadow,
            false,
            json!({"verdict": "allow", "log": []}),
        ),
    ] {
        let (mut setup, _guest) = setup(guest, "");
        setup.rules = setup.rules.replace("tools = ", &format!("{mode}tools = "));
        if !mode.is_empty() {
            let also =
                "\n[[rule]]\nname = \"asked\"\ntools = [\"echo/*\"]\npolicies = [\"allow-all\"]\n";
            setup.rules.push_str(also);
        }
        let mut gateway = recording_by_flag(&setup);
        let answer = gateway.agent.call("echo", &json!({}));
        assert_eq!(is_refusal(&answer), refused, "{mode} {answer}");
        let finished = gateway.finish();
        let all = records(&finished.folder.path().join("recorded"));
        assert_eq!(all.len(), 1, "{mode} {expect}");
        let record: Value = serde_json::from_slice(&fs::read(&all[0]).unwrap()).unwrap();
        assert_eq!(record["case"]["expect"], expect, "{mode}");
    }
}

#[test]
fn what_a_redactor_found_is_recorded_and_found_again() {
    let (component, digest) = crate::fixture::plugin("secret-redactor");
    let setup = Setup::rules(&format!(
        "[plugin.cleans]\ncomponent = {component:?}\ndigest = \"{digest}\"\ngrants = [\"scan\"]\nsees = [\"/result/content\"]\n
        [[rule]]\nname = \"all\"\ntools = [\"echo/*\"]\npolicies = [\"allow-all\"]\nredactors = [\"cleans\"]"
    ));
    let mut gateway = recording(&setup);
    let answer = gateway.agent.call("leak-text", &json!({}));
    assert!(!answer.to_string().contains(SECRET), "{answer}");
    let finished = gateway.finish();
    let author = Author::new(&fs::read(component).unwrap(), "{\"cases\": [ ]}");
    let mut found = 0;
    for (number, record) in records(&finished.folder.path().join("recorded"))
        .iter()
        .enumerate()
    {
        found += usize::from(
            fs::read_to_string(record)
                .unwrap()
                .contains("\"entity\":\"aws-access-key-id\""),
        );
        let name = format!("recorded {number}");
        author
            .wardlet(&[
                "case",
                shown(record),
                "-o",
                "cases/all.json",
                "--name",
                &name,
            ])
            .check(0, &[]);
    }
    assert_eq!(found, 1);
    author.wardlet(&["test"]).check(0, &["passed in "]);
}

/// Has bytes signed, and keeps the signature.
fn signing() -> Guest {
    let mut guest = Guest::policy()
        .importing("secret-use")
        .importing("key-value");
    let [name, name_length] = guest.text("key");
    let [data, data_length] = guest.text("signed data");
    let allow = guest.evaluate.clone();
    guest.evaluating(format!(
        "(call $secret-use_hmac (i32.const {name}) (i32.const {name_length})
            (i32.const {data}) (i32.const {data_length}) (i32.const {RET}))
        (if (i32.load8_u (i32.const {RET})) (then unreachable))
        (local.set $a (i32.load (i32.const {mac})))
        (local.set $b (i32.load (i32.const {length})))
        (call $key-value_set (i32.const {name}) (i32.const {name_length})
            (local.get $a) (local.get $b) (i32.const 0) (i64.const 0) (i32.const {RET}))
        (if (i32.load8_u (i32.const {RET})) (then unreachable))
        {allow}",
        mac = RET + 4,
        length = RET + 8,
    ))
}

#[test]
fn of_a_signature_nothing_is_recorded_and_it_is_tried_again_all_the_same() {
    let (setup, guest) = setup(
        signing(),
        "grants = [\"secret-use\", \"key-value\"]\nsecrets = { key = [\"hmac\"] }",
    );
    let mut gateway = recording(&setup);
    let answer = gateway.agent.call("echo", &json!({}));
    assert!(!is_refusal(&answer), "{answer}");
    let finished = gateway.finish();
    let all = records(&finished.folder.path().join("recorded"));
    let text = fs::read_to_string(&all[0]).unwrap();
    let mac = hmac_sha256(b"a-key-of-32-bytes-that-nobody-has", b"signed data");
    assert!(!text.contains(&hex(&mac)), "{text}");
    let record: Value = serde_json::from_str(&text).unwrap();
    let calls = &record["case"]["host_calls"];
    assert_eq!(calls[0]["gives"], "made");
    assert_eq!(calls[1]["with"]["value"]["hex"].as_str().unwrap().len(), 64);
    let component = fs::read(guest.path().join("guest.wasm")).unwrap();
    let author = Author::new(&component, "{\"cases\": []}");
    author
        .wardlet(&["case", shown(&all[0]), "-o", "cases/all.json"])
        .check(0, &[]);
    author.wardlet(&["test"]).check(0, &["1 passed"]);
}

#[test]
fn what_is_no_record_and_what_is_no_place_for_one() {
    let author = Author::new(b"", "{\"cases\": []}");
    fs::write(author.path("x.json"), "{}").unwrap();
    let record = r#"{"wardlet_record":1,"case":{"name":"c","expect":{"verdict":"allow"}}}"#;
    fs::write(author.path("good.json"), record).unwrap();
    fs::write(author.path("bad.json"), record.replace("allow", "maybe")).unwrap();
    fs::write(author.path("shared.json"), "{\"now\": 7, \"cases\": []}").unwrap();
    for (arguments, code, texts) in [
        (&["none.json"][..], 3, &["cannot read `none.json`"][..]),
        (&["x.json"], 2, &["`x.json` is no record", "hint: "]),
        (&["cases"], 2, &["`cases` is no record", "hint: "]),
        (&["bad.json"], 2, &["`maybe` is no verdict"]),
        (&["good.json"], 0, &["{\"cases\": [\n{\"name\":\"c\""]),
        (&["good.json", "--name", "d"], 0, &["\"name\":\"d\""]),
        (&["good.json", "-o", "x.json"], 2, &["`cases` is missing"]),
        (
            &["good.json", "-o", "shared.json"],
            2,
            &["says for all of its cases", "hint: "],
        ),
        (
            &["good.json", "-o", "none/x.json"],
            3,
            &["cannot write `none/x.json`", "hint: "],
        ),
        (&["good.json", "-o", "cases/all.json"], 0, &["has the case"]),
        (
            &["good.json", "-o", "cases/all.json"],
            2,
            &["has the same name", "hint: "],
        ),
    ] {
        author
            .wardlet(&[&["case"], arguments].concat())
            .check(code, texts);
    }
}

#[test]
fn a_gateway_says_loudly_that_it_records_and_keeps_the_folder_to_itself() {
    let folder = Setup::default().write();
    let config = folder.path().join("wardlet.toml");
    let text = fs::read_to_string(&config).unwrap();
    fs::write(
        &config,
        text.replace("[gateway]\n", "[gateway]\nrecord = \"open\"\n"),
    )
    .unwrap();
    let told = wardlet(&["check", "--offline"], &config);
    let told = String::from_utf8_lossy(&told.stdout).into_owned();
    assert!(
        told.contains(
            "the gateway records: what plugins see of calls and answers is written in clear"
        ),
        "{told}"
    );
    // A look makes nothing, and a folder that others can read is refused.
    let open = folder.path().join("open");
    assert!(!open.exists());
    fs::create_dir(&open).unwrap();
    fs::set_permissions(&open, fs::Permissions::from_mode(0o755)).unwrap();
    let output = wardlet(&["run"], &config);
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(3), "{told}");
    assert!(
        told.contains("the folder of records: ") && told.contains("hint: "),
        "{told}"
    );
}

#[test]
fn a_folder_of_records_is_bounded() {
    let mut gateway = recording(&Setup::default());
    let call = |gateway: &mut Gateway| gateway.agent.call("echo", &json!({"path": "/srv/data/a"}));
    assert!(!is_refusal(&call(&mut gateway)));
    let folder = gateway.path("recorded");
    let before = records(&folder).len();
    assert!(before > 0);
    for number in before..wardlet::record::MAX_RECORDS {
        let path = folder.join(format!("filler-{number}"));
        fs::write(&path, "").unwrap();
    }
    gateway.restart();
    assert!(
        !is_refusal(&call(&mut gateway)),
        "a full folder refuses nothing"
    );
    assert!(
        gateway.log().contains("the folder of records is full"),
        "{}",
        gateway.log()
    );
    assert_eq!(records(&folder).len(), wardlet::record::MAX_RECORDS);
    gateway.finish();
}
