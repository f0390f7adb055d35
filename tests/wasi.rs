//! The virtual WASI with a real C library on it, through the gateway.

use serde_json::json;

use crate::fixture::{Gateway, Setup, plugin, root, skip, wardlet};

const PROBE: &str = "tests/wasi-probe";

/// The rules of a gateway whose one policy is the probe, with these grants.
fn probing(grants: &str) -> Setup {
    let (component, digest) = plugin(PROBE);
    Setup::rules(&format!(
        "[plugin.probe]\ncomponent = \"{}\"\ndigest = \"{digest}\"\ngrants = [{grants}]\n\n\
         [[rule]]\nname = \"probe\"\ntools = [\"echo/*\"]\npolicies = [\"probe\"]\n",
        component.display()
    ))
}

fn is_built(test: &str) -> bool {
    let component = root().join("target/plugins").join(PROBE);
    let there = component.with_extension("wasm").exists();
    if !there {
        skip(test, "clang with lld, or python3 with venv for zig");
    }
    there
}

#[test]
fn a_c_library_finds_a_clock_randomness_and_its_outputs_and_nothing_else() {
    if !is_built("wasi::a_c_library_finds_a_clock_randomness_and_its_outputs_and_nothing_else") {
        return;
    }
    let mut gateway = Gateway::start(&probing(r#""wasi", "clock", "random""#));
    let answer = gateway.agent.call("echo", &json!({}));
    assert_eq!(answer["result"]["isError"], false, "{answer}");
    let log = gateway.log();
    let seconds = log.split("seconds: ").nth(1).unwrap_or_default();
    let seconds: String = seconds.chars().take_while(char::is_ascii_digit).collect();
    let seconds: u64 = seconds
        .parse()
        .unwrap_or_else(|error| panic!("{error}: {log}"));
    let now = std::time::UNIX_EPOCH.elapsed().unwrap().as_secs();
    assert!(seconds <= now && now - seconds < 600, "{seconds} and {now}");
    for line in [
        "file: ",
        "environment: 0, PATH: none",
        "step: 1000",
        "random: drawn",
        "input: closed",
        "said on the other",
    ] {
        assert!(log.contains(line), "`{line}` is not in\n{log}");
    }
    assert!(!log.contains("file: open"), "{log}");
    let output = gateway.wardlet(&["check", "--offline"]);
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(said.contains("runs on a virtual WASI"), "{said}");
    assert_eq!(gateway.finish().entries.count("allow"), 1);
}

#[test]
fn what_is_not_granted_of_it_refuses_the_load_and_names_the_grant() {
    if !is_built("wasi::what_is_not_granted_of_it_refuses_the_load_and_names_the_grant") {
        return;
    }
    for (grants, missing) in [
        ("", "wasi"),
        (r#""wasi""#, "clock"),
        (r#""clock", "random""#, "wasi"),
        (r#""wasi", "clock""#, "random"),
    ] {
        let folder = probing(grants).write();
        let config = folder.path().join("wardlet.toml");
        let output = wardlet(&["check", "--offline"], &config);
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success(), "{grants}: {said}");
        let hint = format!("add `\"{missing}\"` to `grants` of `[plugin.probe]`");
        assert!(said.contains(&hint), "{grants}: {said}");
    }
}
