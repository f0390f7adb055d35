//! A running gateway takes another configuration.

mod kept;
mod refused;
mod told;
mod triggers;
mod under_load;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Output;

use serde_json::Value;
use tempfile::TempDir;
use wardlet_keys::digest::{pin, sha256};

use crate::fixture::{Gateway, Setup, plugin};

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

/// A build of a shipped plugin that does the same and has another digest: a custom section says which.
fn build(folder: &Path, name: &str, tag: &str) -> (String, String) {
    let mut bytes = fs::read(plugin(name).0).unwrap();
    let content = [b"\x05build", tag.as_bytes()].concat();
    bytes.extend([0, u8::try_from(content.len()).unwrap()]);
    bytes.extend(content);
    let path = folder.join(format!("{name}-{tag}.wasm"));
    fs::write(&path, &bytes).unwrap();
    (path.to_str().unwrap().to_owned(), pin(&sha256(&bytes)))
}

/// One policy set: two policies and a redactor, of builds and with settings that no other set has.
struct Set {
    /// Ends the names of its rules.
    tag: &'static str,
    /// The tables of its plugins and rules.
    text: String,
    /// The digests of its plugins.
    digests: BTreeSet<String>,
}

impl Set {
    /// Allows paths under `/srv/<tag>`; what is found is replaced as `replacement` says.
    fn new(folder: &Path, tag: &'static str, replacement: &str) -> Self {
        let mut digests = BTreeSet::new();
        let mut table = |name: &str, sees: &str, settings: &str| {
            let (component, digest) = build(folder, name, tag);
            digests.insert(digest.clone());
            let grants = if name == "secret-redactor" {
                r#"["scan"]"#
            } else {
                "[]"
            };
            format!(
                "[plugin.{name}]\ncomponent = \"{component}\"\ndigest = \"{digest}\"\ngrants = {grants}\nsees = {sees}\nsettings = {settings}\n"
            )
        };
        let guard = format!(r#"{{ roots = ["/srv/{tag}"] }}"#);
        let listed = format!(
            r#"{{ tools = {{ "echo" = {{ other_arguments = "allow" }}, "leak-text" = {{ other_arguments = "allow" }}, "later" = {{ other_arguments = "allow" }}, "release" = {{ other_arguments = "allow" }}, "only-{tag}" = {{}} }} }}"#
        );
        let plugins = [
            table("path-guard", r#"["/arguments"]"#, &guard),
            table("tool-allow", r#"["/arguments"]"#, &listed),
            table("secret-redactor", r#"["/arguments", "/result"]"#, "{}"),
        ]
        .concat();
        let text = format!(
            r#"{plugins}
[[rule]]
name = "guarded-{tag}"
tools = ["echo/*"]
policies = ["path-guard"]

[[rule]]
name = "listed-{tag}"
tools = ["echo/*"]
policies = ["tool-allow"]
redactors = ["secret-redactor"]
replacement = "{replacement}"
"#
        );
        Set { tag, text, digests }
    }
}

/// A gateway whose files are not watched, with two sets between which it can be switched.
struct TwoSets {
    gateway: Gateway,
    sets: [Set; 2],
    /// The configuration with each of them. The first is in force.
    texts: [String; 2],
    _builds: TempDir,
}

fn with_two_sets(arguments: &[&str]) -> TwoSets {
    let builds = tempfile::tempdir().unwrap();
    let set = |tag, replacement| Set::new(builds.path(), tag, replacement);
    let sets = [set("a", "mask"), set("b", "drop")];
    let mut setup = Setup::rules(&format!("{}\n", sets[0].text));
    setup.arguments = arguments.iter().map(|word| (*word).to_owned()).collect();
    // The sets have tables of their own for the plugins that the fixture would add.
    setup.own_plugins = true;
    setup.watch = false;
    let gateway = Gateway::start(&setup);
    let first = fs::read_to_string(gateway.config()).unwrap();
    let second = first.replace(&sets[0].text, &sets[1].text);
    assert_ne!(first, second);
    TwoSets {
        gateway,
        sets,
        texts: [first, second],
        _builds: builds,
    }
}

/// Reloads, and gives what has changed.
fn reload(gateway: &Gateway) -> Value {
    let output = gateway.wardlet(&["reload", "--json"]);
    assert!(
        output.status.success(),
        "{}\n{}",
        stdout(&output),
        gateway.log()
    );
    let reply: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(reply["reloaded"], true);
    reply["gateways"][0]["change"].clone()
}
