//! Disclosures of commitments against `sd-jwt`: it reads each, digests it, and finds the digest in a token.

use std::process::Command;

use serde_json::{Value, json};
use wardlet_audit::Commitment;
use wardlet_call::Json;
use wardlet_keys::base64url;

use crate::installed::{ask, python, script};

/// Names with values as JSON texts.
const COMMITTED: [(&str, &str); 8] = [
    ("arguments", r#"{"path":"/home/mia/offer.pdf","limit":10}"#),
    (
        "result",
        r#"[{"text":"M\u00f6bius \ud83d\ude00\n"},1.5e300,0]"#,
    ),
    ("pseudonym", r#""mia@example.com""#),
    ("a \"name\" \\ \u{1f600}\n", "null"),
    ("", "true"),
    ("empty", r#"{"":{},"b":[]}"#),
    ("number", "0.000001"),
    ("deep", "[[[[[[[[1]]]]]]]]"),
];

fn commitments() -> Vec<Commitment> {
    let commit = |(number, (name, value)): (u8, &(&str, &str))| {
        let value = Json::parse(value).unwrap().canonical().unwrap();
        Commitment::new([number; 16], name, &value)
    };
    (0..).zip(&COMMITTED).map(commit).collect()
}

/// The same disclosure with one letter of the salt changed.
fn changed(disclosure: &str) -> String {
    let mut array = base64url::decode(disclosure).unwrap();
    // After the bracket and the quotation mark.
    array[2] = if array[2] == b'B' { b'C' } else { b'B' };
    base64url::encode(&array)
}

#[test]
fn sd_jwt_opens_our_commitments() {
    let Some(python) = python("sd_jwt_opens_our_commitments", "sd-jwt") else {
        return;
    };
    let commitments = commitments();
    let digests: Vec<&str> = commitments.iter().map(|made| &*made.digest).collect();
    let disclosures: Vec<&str> = commitments.iter().map(Commitment::disclosure).collect();
    let whole: Value = COMMITTED
        .iter()
        .map(|(name, value)| ((*name).to_owned(), serde_json::from_str(value).unwrap()))
        .collect::<serde_json::Map<_, _>>()
        .into();
    let case = |disclosures: &[&str]| json!({"digests": digests, "disclosures": disclosures});
    let mut asked = vec![(case(&disclosures), whole), (case(&[]), json!({}))];
    for ((name, value), disclosure) in COMMITTED.iter().zip(&disclosures) {
        let value: Value = serde_json::from_str(value).unwrap();
        asked.push((case(&[disclosure]), json!({*name: value})));
        asked.push((case(&[&changed(disclosure)]), json!({})));
    }
    // The same disclosure twice is refused.
    asked.push((case(&[disclosures[0], disclosures[0]]), Value::Null));
    let (asked, expected): (Vec<Value>, Vec<Value>) = asked.into_iter().unzip();
    let said = ask(
        Command::new(python).arg(script("disclosures.py")),
        &json!(asked),
    );
    let said = said.as_array().unwrap();
    assert_eq!(said.len(), expected.len());
    // A number is the same however it is written.
    let form = |value: &Value| {
        Json::parse(&value.to_string())
            .unwrap()
            .canonical()
            .unwrap()
    };
    for ((said, expected), asked) in said.iter().zip(&expected).zip(&asked) {
        assert_eq!(form(said), form(expected), "{asked}");
    }
}
