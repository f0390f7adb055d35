//! What plugins keep between calls, and the operator's buckets, behind the real binary.

use std::fs;

use serde_json::{Value, json};
use tempfile::TempDir;
use wardlet_keys::digest::{pin, sha256};

use crate::fixture::{Gateway, Setup, is_refusal, plugin, text};
use crate::guest::{Guest, RET};

/// Takes a token for each call: allows where one was taken, denies where it was refused, and traps
/// where neither is so.
fn taking() -> Guest {
    let mut guest = Guest::policy().importing("rate-limit");
    let [bucket, length] = guest.text("writes");
    let deny = guest.verdict(2, "outside", &[]);
    let allow = guest.evaluate.clone();
    guest.evaluating(format!(
        "(call $rate-limit_take (i32.const {bucket}) (i32.const {length}) (i32.const 1) (i32.const {RET}))
        (if (i32.load8_u (i32.const {RET})) (then unreachable))
        (if (i32.load8_u (i32.const {outcome})) (then (return (i32.const {deny}))))
        {allow}",
        outcome = RET + 8,
    ))
}

/// Counts its calls: allows two in all, and traps where it cannot count.
pub(crate) fn counting() -> Guest {
    let mut guest = Guest::policy().importing("counter");
    let [key, length] = guest.text("calls");
    let deny = guest.verdict(2, "outside", &[]);
    let allow = guest.evaluate.clone();
    guest.evaluating(format!(
        "(call $counter_add (i32.const {key}) (i32.const {length}) (i64.const 1) (i32.const 0) (i64.const 0) (i32.const {RET}))
        (if (i32.load8_u (i32.const {RET})) (then unreachable))
        (if (i64.gt_s (i64.load (i32.const {count})) (i64.const 2)) (then (return (i32.const {deny}))))
        {allow}",
        count = RET + 8,
    ))
}

/// A gateway's configuration with one guest as the policy of every tool. The folder holds the guest.
fn setup(guest: Guest, grants: &str) -> (Setup, TempDir) {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("guest.wasm");
    let bytes = guest.component();
    fs::write(&path, &bytes).unwrap();
    let digest = pin(&sha256(&bytes));
    let rules = format!(
        "[plugin.thrift]\ncomponent = {path:?}\ndigest = \"{digest}\"\n{grants}\n
        [[rule]]\nname = \"a-few\"\ntools = [\"echo/*\"]\npolicies = [\"thrift\"]"
    );
    (Setup::rules(&rules), folder)
}

/// One that may take from a bucket that fills so slowly that no test sees it happen.
fn three_an_hour() -> (Setup, TempDir) {
    let grants = "grants = [\"rate-limit\"]\nbuckets = [\"writes\"]\n
        [bucket.writes]\nrate = \"3/h\"\nper = \"principal\"";
    setup(taking(), grants)
}

fn two_in_all() -> (Setup, TempDir) {
    let grants = "grants = [\"counter\"]\nstore = { quota = \"256KiB\" }";
    setup(counting(), grants)
}

fn call(gateway: &mut Gateway) -> bool {
    let answer = gateway.agent.call("echo", &json!({ "path": "/srv" }));
    let refused = is_refusal(&answer);
    assert!(!refused || text(&answer).contains("`a-few`"), "{answer}");
    !refused
}

#[test]
fn a_rule_that_allows_three_calls_of_a_principal() {
    let (setup, _guest) = three_an_hour();
    let mut gateway = Gateway::start(&setup);
    let passed = [(); 5].map(|()| call(&mut gateway));
    assert_eq!(passed, [true, true, true, false, false]);
    gateway.finish();
}

/// As the plugin's README has it, but for a rate that no test sees fill up.
fn shipped_call_limit() -> Setup {
    let (component, digest) = plugin("call-limit");
    Setup::rules(&format!(
        "[bucket.writes]\nrate = \"3/h\"\nper = \"principal\"\n
        [plugin.call-limit]\ncomponent = {component:?}\ndigest = \"{digest}\"\n
        grants = [\"rate-limit\"]\nbuckets = [\"writes\"]\nsettings = {{ bucket = \"writes\" }}\n
        [[rule]]\nname = \"a-few\"\ntools = [\"echo/*\"]\npolicies = [\"call-limit\"]"
    ))
}

#[test]
fn the_shipped_call_limit() {
    let mut gateway = Gateway::start(&shipped_call_limit());
    let passed = [(); 4].map(|()| call(&mut gateway));
    assert_eq!(passed, [true, true, true, false]);
    gateway.finish();
}

/// A set that is refused has loaded a bucket on other terms, and the one in force stays as empty as it was.
#[test]
fn a_reload_that_is_refused_fills_no_bucket() {
    let mut setup = shipped_call_limit();
    setup.watch = false;
    let mut gateway = Gateway::start(&setup);
    let text = fs::read_to_string(gateway.config()).unwrap();
    while call(&mut gateway) {}
    let gone = "[plugin.gone]\ncomponent = \"gone.wasm\"\n";
    let refused = format!("{gone}{}", text.replace("3/h", "4/h"));
    // The plugin is loaded anew, with the same bucket.
    let taken = text.replace("buckets =", "limits = { deadline = \"99ms\" }\nbuckets =");
    for (text, code, passes) in [
        (&refused, 2, false),
        (&taken, 0, false),
        (&text.replace("3/h", "4/h"), 0, true),
    ] {
        gateway.configure(text);
        let output = gateway.wardlet(&["reload"]);
        assert_eq!(output.status.code(), Some(code), "{output:?}");
        assert_eq!(call(&mut gateway), passes, "{text}");
    }
    gateway.finish();
}

#[test]
fn what_is_counted_outlives_the_gateway() {
    let (setup, _guest) = two_in_all();
    let mut gateway = Gateway::start(&setup);
    assert!(call(&mut gateway));
    gateway.restart();
    assert!(call(&mut gateway));
    gateway.restart();
    assert!(!call(&mut gateway));
    gateway.finish();
}

#[test]
fn a_damaged_store_refuses_to_start_and_says_how_to_mend_it() {
    let (setup, _guest) = two_in_all();
    let mut gateway = Gateway::start(&setup);
    assert!(call(&mut gateway));
    let folder = gateway.finish().folder;
    let store = folder.path().join(".wardlet/store");
    for beside in ["store-wal", "store-shm"] {
        let _ = fs::remove_file(store.with_file_name(beside));
    }
    let mut bytes = fs::read(&store).unwrap();
    assert!(bytes.len() > 4096, "several pages");
    bytes[4096..].fill(0xa5);
    fs::write(&store, &bytes).unwrap();
    let config = folder.path().join("wardlet.toml");
    for command in [["run", "--log=off"], ["check", "--offline"]] {
        let output = crate::fixture::wardlet(&command, &config);
        let told = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{command:?}: {told}");
        assert!(told.contains("plugin `thrift`: its store `"), "{told}");
        assert!(told.contains("hint: "), "{told}");
    }
    assert_eq!(fs::read(&store).unwrap(), bytes);
}

#[test]
fn check_says_in_words_what_a_plugin_keeps_and_takes_and_makes_nothing() {
    let cases = [
        (
            three_an_hour(),
            "takes     from bucket writes: 3/h, at most 3 at once, counted for each principal",
        ),
        (two_in_all(), "keeps     at most 256KiB between checks"),
    ];
    for ((setup, _guest), expected) in cases {
        let folder = setup.write();
        let config = folder.path().join("wardlet.toml");
        let output = crate::fixture::wardlet(&["check", "--offline"], &config);
        let told = String::from_utf8(output.stdout).unwrap();
        assert!(output.status.success(), "{told}");
        assert!(told.contains(expected), "{told}");
        let output = crate::fixture::wardlet(&["check", "--offline", "--json"], &config);
        let json: Value = serde_json::from_slice(&output.stdout).unwrap();
        let told = &json["plugins"][0];
        let keeps = told["quota"] == 262_144 && told["buckets"] == json!([]);
        let bucket = json!({ "name": "writes", "rate": "3/h", "burst": 3, "per": "principal" });
        let takes = told["quota"].is_null() && told["buckets"] == json!([bucket]);
        assert!(keeps != takes, "{told}");
        assert!(
            !folder.path().join(".wardlet").exists(),
            "a look made something"
        );
    }
}

#[test]
fn a_shadow_rule_takes_nothing_from_what_a_rule_enforces_by() {
    let (mut setup, _guest) = three_an_hour();
    setup.rules.push_str(
        "\n[[rule]]\nname = \"tried\"\nmode = \"shadow\"\ntools = [\"echo/add\"]\npolicies = [\"thrift\"]\n",
    );
    let folder = setup.write();
    let config = folder.path().join("wardlet.toml");
    let output = crate::fixture::wardlet(&["check", "--offline"], &config);
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(2), "{told}");
    assert!(told.contains("rule `tried` is in shadow"), "{told}");
}
