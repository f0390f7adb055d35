//! The tools as the server lists them.

use crate::wire::quoted;

/// The tools: name, whether it is annotated as read-only, what it does.
pub(crate) const TOOLS: &[(&str, bool, &str)] = &[
    ("echo", true, "Answers with its arguments."),
    (
        "delete_note",
        false,
        "Answers with its arguments; claims to be destructive.",
    ),
    ("leak-text", true, "Gives the secret away in a text block."),
    (
        "leak-structured",
        true,
        "Gives the secret away in structured content.",
    ),
    (
        "leak-resource",
        true,
        "Gives the secret away in an embedded resource.",
    ),
    (
        "leak-link",
        true,
        "Gives the secret away in a resource link.",
    ),
    (
        "leak-error",
        true,
        "Gives the secret away in the text of a tool's error.",
    ),
    (
        "leak-failure",
        true,
        "Gives the secret away in a JSON-RPC error.",
    ),
    (
        "leak-progress",
        true,
        "Gives the secret away in a progress notification.",
    ),
    (
        "leak-log",
        true,
        "Gives the secret away in a log notification.",
    ),
    ("die", true, "Exits without an answer."),
    ("die-in-line", true, "Exits in the middle of its answer."),
    (
        "rubbish",
        true,
        "Writes lines that are no messages, then answers.",
    ),
    ("giant", true, "Writes a line of 20 MiB, then answers."),
    ("twice", true, "Answers two times."),
    (
        "stranger",
        true,
        "Answers a request that nobody sent, then its own.",
    ),
    ("never", true, "Does not answer."),
    (
        "steps",
        true,
        "Reports progress, then waits until it is cancelled.",
    ),
    (
        "sample",
        true,
        "Asks the client's model and answers with what it said.",
    ),
    (
        "elicit",
        true,
        "Asks the client's person and answers with what they said.",
    ),
    (
        "changes",
        true,
        "Tells that its list of tools has changed, then answers.",
    ),
    (
        "environment",
        true,
        "Answers with the names of its environment's variables.",
    ),
    ("process", true, "Answers with its process id."),
    (
        "later",
        true,
        "Does not answer until `release` is called; gives the secret away then.",
    ),
    (
        "release",
        true,
        "Answers the calls of `later`, then says how many there were.",
    ),
    (
        "redefine",
        true,
        "Gives all tools another definition and tells that they changed, then answers.",
    ),
];

/// A tool as `tools/list` shows it, with members that no client knows.
pub(crate) fn definition(
    (name, read_only, description): &(&str, bool, &str),
    revision: u64,
) -> String {
    let name = quoted(name);
    format!(
        r#"{{"name":{name},"description":"{description}","inputSchema":{{"type":"object","properties":{{"path":{{"type":"string"}}}}}},"annotations":{{"readOnlyHint":{read_only},"destructiveHint":{}}},"x-unknown":1.10,"x-revision":{revision}}}"#,
        !read_only
    )
}
