use std::path::Path;

use super::digest;
use crate::config::Config;
use crate::plugins::PluginSet;
use crate::plugins::given::Given;

const RULES: &str = r#"
[server.files]
command = ["server"]

[plugin.guard]
component = "guard.wasm"
grants = ["log"]
sees = ["/arguments"]
settings = { roots = ["/srv"] }
limits = { deadline = "20ms", memory = "16MiB", payload = "1MiB" }
store = { quota = "4MiB" }
buckets = ["writes"]

folders = { policy = "policy" }
secrets = { token = ["attach"] }

[plugin.guard.http]
allow = ["https://opa.example:443"]
allow_private = ["http://127.0.0.1:8181"]
ca = "ca.pem"
max_response = "2MiB"
requests = 7

[secret.token]
env = "TOKEN"
header = "x-token"
prefix = "Key "
origins = ["https://origin.example"]
raw = false

[bucket.writes]
rate = "9/m"
burst = 5
per = "tool"

[methods]
"resources/read" = "judge"

[[rule]]
name = "inside"
tools = ["files/*"]
methods = ["files/resources/*"]
policies = ["guard"]
redactors = ["guard"]
arguments = "mask"
replacement = "hash"
approval = { expires = "10s" }
risk = "low"

[[rule]]
name = "all"
tools = ["files/read"]
policies = ["allow-all"]
"#;

fn parse(text: &str) -> Config {
    Config::parse(text, Path::new("wardlet.toml"), &["log", "clock"]).unwrap()
}

fn edited((from, to): (&str, &str)) -> Config {
    assert_eq!(RULES.matches(from).count(), 1, "`{from}` stands there once");
    parse(&RULES.replace(from, to))
}

#[test]
fn whatever_changes_a_verdict_changes_the_digest() {
    let whole = |config: &Config| {
        let plugin = config.plugins.values().next().unwrap();
        let rest = digest(config, &PluginSet::default());
        (Given::of("sha256:00", plugin), rest)
    };
    let before = whole(&parse(RULES));
    for edit in [
        (r#"["log"]"#, r#"["log", "clock"]"#),
        (r#"sees = ["/arguments"]"#, r#"sees = ["/arguments/path"]"#),
        (r#"["/srv"]"#, r#"["/srv", "/opt"]"#),
        ("20ms", "21ms"),
        (r#"{ policy = "policy" }"#, r#"{ policy = "other" }"#),
        (r#"{ policy ="#, r#"{ rules ="#),
        (r#"token = ["attach"]"#, r#"token = ["attach", "hmac"]"#),
        (r#"token = ["attach"]"#, r#"token = []"#),
        ("opa.example", "opb.example"),
        ("opa.example:443", "opa.example:444"),
        ("https://opa", "http://opa"),
        ("127.0.0.1:8181", "127.0.0.1:8182"),
        (r#""ca.pem""#, r#""cb.pem""#),
        (r#""2MiB""#, r#""3MiB""#),
        ("requests = 7", "requests = 8"),
        (r#"env = "TOKEN""#, r#"env = "OTHER""#),
        (r#"env = "TOKEN""#, r#"file = "TOKEN""#),
        (r#"env = "TOKEN""#, r#"command = ["TOKEN"]"#),
        ("x-token", "y-token"),
        ("Key ", "Bearer "),
        ("origin.example", "other.example"),
        ("raw = false", "raw = true"),
        ("16MiB", "8MiB"),
        ("1MiB", "2MiB"),
        ("4MiB", "5MiB"),
        ("buckets = [\"writes\"]\n", ""),
        ("9/m", "8/m"),
        ("9/m", "9/h"),
        ("burst = 5", "burst = 6"),
        (r#"per = "tool""#, r#"per = "gateway""#),
        (
            r#""judge""#,
            r#""judge"
"prompts/get" = "pass""#,
        ),
        (r#""inside""#, r#""within""#),
        (r#"name = "inside""#, "name = \"inside\"\nmode = \"shadow\""),
        (r#"["files/*"]"#, r#"["*/*"]"#),
        ("files/resources/*", "files/resources/read"),
        (r#"policies = ["guard"]"#, ""),
        (
            r#"redactors = ["guard"]
arguments = "mask"
replacement = "hash""#,
            "",
        ),
        (r#""mask""#, r#""deny""#),
        (r#""hash""#, r#""drop""#),
        ("10s", "11s"),
        (r#""low""#, r#""high""#),
        (
            r#"
[[rule]]
name = "all"
tools = ["files/read"]
policies = ["allow-all"]
"#,
            "",
        ),
    ] {
        assert_ne!(whole(&edited(edit)), before, "{edit:?}");
    }
    for edit in [
        ("[methods]", "# a comment\n[methods]"),
        ("command", "timeout = \"7s\"\ncommand"),
        ("guard.wasm", "other.wasm"),
    ] {
        assert_eq!(whole(&edited(edit)), before, "{edit:?}");
    }
    let other = Given::of("sha256:01", parse(RULES).plugins.values().next().unwrap());
    assert_ne!(other, before.0, "another component");
}

#[test]
fn the_order_of_rules_counts() {
    let [first, second] = ["a", "b"].map(|name| {
        format!(
            "[[rule]]\nname = \"{name}\"\ntools = [\"files/{name}\"]\npolicies = [\"allow-all\"]\n"
        )
    });
    let of = |rules: [&str; 2]| {
        let text = format!("[server.files]\ncommand = [\"server\"]\n{}", rules.concat());
        digest(&parse(&text), &PluginSet::default())
    };
    assert_ne!(of([&first, &second]), of([&second, &first]));
}
