//! Which calls there are, and which answers to each: for whoever writes one by hand.

use super::codec::{Failure, Given, Made, NoEntropy};
use super::{BadHostCall, HostCall};
use crate::json::Json;
use crate::reach::{
    FileKind, FileStatus, FolderFailure, HttpFailure, HttpResponse, SecretFailure, StoreError,
    TakeError, Taken,
};

/// Looks at an answer.
struct Answers {
    gives: fn(&Json) -> bool,
    fails: fn() -> Vec<&'static str>,
    /// An answer, as an example.
    example: &'static str,
}

const fn answers<T: Given, E: Failure>(example: &'static str) -> Answers {
    Answers {
        gives: |json| T::read(json).is_some(),
        fails: || E::WORDS.iter().map(|(_, word)| *word).collect(),
        example,
    }
}

/// All calls, by the names of the contract's interfaces and functions.
const CALLS: &[(&str, Answers)] = &[
    (
        "random.bytes",
        answers::<Vec<u8>, NoEntropy>(r#"{"hex": "00ff"}"#),
    ),
    (
        "key-value.get",
        answers::<Option<Vec<u8>>, StoreError>(r#""a value", or null"#),
    ),
    ("key-value.set", answers::<bool, StoreError>("true")),
    ("key-value.delete", answers::<bool, StoreError>("true")),
    ("counter.get", answers::<i64, StoreError>("3")),
    ("counter.add", answers::<i64, StoreError>("4")),
    (
        "rate-limit.take",
        answers::<Taken, TakeError>(r#"{"taken": 2}, or {"refused": 1000}"#),
    ),
    (
        "http-fetch.fetch",
        answers::<HttpResponse, HttpFailure>(r#"{"status": 200, "headers": [], "body": "{}"}"#),
    ),
    (
        "fs-read.read",
        answers::<Vec<u8>, FolderFailure>(r#""the text of the file""#),
    ),
    (
        "fs-read.list",
        answers::<Vec<(String, FileKind)>, FolderFailure>(r#"[{"name": "a", "kind": "file"}]"#),
    ),
    (
        "fs-read.stat",
        answers::<FileStatus, FolderFailure>(r#"{"kind": "file", "size": 3}"#),
    ),
    (
        "secret-use.hmac",
        answers::<Made, SecretFailure>(r#""made""#),
    ),
    ("secret-use.attach", answers::<(), SecretFailure>("null")),
];

/// See [`HostCall::check`].
pub(super) fn check(host_call: &HostCall) -> Result<(), BadHostCall> {
    let name = &host_call.call;
    let Some((_, answers)) = CALLS.iter().find(|(known, _)| known == name) else {
        let known: Vec<&str> = CALLS.iter().map(|(known, _)| *known).collect();
        return Err(BadHostCall {
            member: "call",
            message: format!("`{name}` is no host call"),
            hint: format!("the calls are {}", known.join(", ")),
        });
    };
    match &host_call.answer {
        Ok(given) if (answers.gives)(given) => Ok(()),
        Ok(_) => Err(BadHostCall {
            member: "gives",
            message: format!("this is no answer to `{name}`"),
            hint: format!("write for example {}", answers.example),
        }),
        Err(word) if (answers.fails)().contains(&word.as_str()) => Ok(()),
        Err(word) => Err(BadHostCall {
            member: "fails",
            message: format!("`{name}` does not fail with `{word}`"),
            hint: format!("it fails with {}", (answers.fails)().join(", ")),
        }),
    }
}
