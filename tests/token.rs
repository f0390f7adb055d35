//! The token of a call, checked with libraries that others wrote.

use std::process::{Command, Stdio};

use serde_json::{Value, json};

use crate::fixture::{Gateway, Setup, is_refusal, peers, root, skip, text};

const AUDIENCE: &str = "urn:wardlet:test:echo";

/// A session with one call, as it was received, and its state folder.
fn one_call() -> (String, crate::fixture::Finished) {
    let mut gateway = Gateway::start(&Setup::default());
    let id = gateway.agent.call_raw(
        "echo",
        r#"{"z":1.50,"path":"/srv/data/\u00e4","a":[1e3,-0.0,"\u2028"]}"#,
    );
    let answer = gateway.agent.answer(id);
    assert!(!is_refusal(&answer), "{answer}");
    let finished = gateway.finish();
    let line = finished.received.calls()[0].to_owned();
    (line, finished)
}

/// Runs a checker with the line on its standard input.
fn check(
    mut command: Command,
    line: &str,
    finished: &crate::fixture::Finished,
    audience: &str,
) -> Result<Value, String> {
    let jwks = finished.folder.path().join(".wardlet/jwks.json");
    command.arg(jwks).arg(audience);
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    std::io::Write::write_all(&mut child.stdin.take().unwrap(), line.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    if output.status.success() {
        Ok(serde_json::from_slice(&output.stdout).unwrap())
    } else {
        Err(String::from_utf8_lossy(&output.stderr).into_owned())
    }
}

/// What the claims must say beside what the checker has verified.
fn check_claims(claims: &Value, finished: &crate::fixture::Finished) {
    let decision = finished.entries.of_kind("decision")[0];
    let (issued, expires) = (
        claims["iat"].as_u64().unwrap(),
        claims["exp"].as_u64().unwrap(),
    );
    assert_eq!(expires - issued, 30, "{claims}");
    assert_eq!(claims["scope"], "mcp:tools/call:echo", "{claims}");
    assert_eq!(claims["aud"], AUDIENCE, "{claims}");
    let entry =
        &finished.entries.0[usize::try_from(claims["log"]["index"].as_u64().unwrap()).unwrap()];
    assert_eq!(
        &entry["body"], decision,
        "the token names its decision entry"
    );
    assert_eq!(claims["log"]["origin"], entry["origin"]);
    for name in ["jti", "aud", "exp"] {
        assert_eq!(claims[name], decision["token"][name], "{name}");
    }
}

/// Claims of any length are refused where a byte of the signed text or the audience differs.
fn check_with(command: impl Fn() -> Command) {
    let (line, finished) = one_call();
    let claims = check(command(), &line, &finished, AUDIENCE).unwrap();
    check_claims(&claims, &finished);
    let token =
        serde_json::from_str::<Value>(&line).unwrap()["params"]["_meta"]["dev.wardlet/token"]
            .clone();
    let token = token.as_str().unwrap();
    let payload = token.split('.').nth(1).unwrap();
    let other = payload.replacen(&payload[8..12], "AAAA", 1);
    let forged = line.replace(token, &token.replace(payload, &other));
    check(command(), &forged, &finished, AUDIENCE).unwrap_err();
    check(command(), &line, &finished, "urn:wardlet:test:other").unwrap_err();
}

#[test]
fn pyjwt_and_rfc8785_agree() {
    let python = peers().join("python/bin/python");
    if !python.exists() {
        return skip("token::pyjwt_and_rfc8785_agree", "python3 with venv");
    }
    let command = || {
        let mut command = Command::new(&python);
        command.arg(root().join("tests/peers/check_token.py"));
        command
    };
    check_with(command);
    // One byte of the arguments, and the digest in the token is of others.
    let (line, finished) = one_call();
    let other = check(
        command(),
        &line.replace("/srv/data/", "/srv/Data/"),
        &finished,
        AUDIENCE,
    );
    assert!(other.unwrap_err().contains("other arguments"));
}

#[test]
fn jose_agrees() {
    let folder = peers();
    if !folder.join("node_modules/jose").exists() {
        return skip("token::jose_agrees", "node with npm");
    }
    check_with(|| {
        let mut command = Command::new("node");
        command
            .arg(root().join("tests/peers/check_token.mjs"))
            .current_dir(&folder);
        command
    });
}

#[test]
fn an_agents_own_token_is_refused() {
    let mut gateway = Gateway::start(&Setup::default());
    gateway.agent.send(
        r#"{"jsonrpc":"2.0","id":90,"method":"tools/call","params":{"name":"echo","arguments":{"path":"/srv/data/a"},"_meta":{"dev.wardlet/token":"mine"}}}"#,
    );
    let answer = gateway.agent.answer(90);
    assert!(is_refusal(&answer), "{answer}");
    let finished = gateway.finish();
    assert_eq!(
        finished.entries.decisions(),
        [("deny".to_owned(), "reserved-meta".to_owned())]
    );
}

#[test]
fn each_call_has_a_token_of_its_own_and_its_meta_stays() {
    let mut gateway = Gateway::start(&Setup::default());
    for _ in 0..3 {
        let answer = gateway.agent.call("echo", &json!({"path": "/srv/data/a"}));
        assert!(text(&answer).contains("/srv/data/a"));
    }
    let finished = gateway.finish();
    let meta =
        |line: &&str| serde_json::from_str::<Value>(line).unwrap()["params"]["_meta"].clone();
    let metas: Vec<Value> = finished.received.calls().iter().map(meta).collect();
    let mut tokens: Vec<&str> = metas
        .iter()
        .map(|meta| meta["dev.wardlet/token"].as_str().unwrap())
        .collect();
    assert!(
        metas.iter().all(|meta| meta["progressToken"].is_string()),
        "{metas:?}"
    );
    tokens.sort_unstable();
    tokens.dedup();
    assert_eq!(tokens.len(), 3);
}
