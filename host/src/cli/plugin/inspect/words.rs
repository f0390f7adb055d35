//! Plain words for what stands in a component.

use wardlet_sandbox::{Capability, Imported};

/// The interfaces of the virtual WASI by the beginnings of their names, with what a plugin uses them for.
const WASI: [(&str, &str); 11] = [
    ("wasi:io/", "streams, for its output and a closed input"),
    ("wasi:cli/environment", "its environment, which is empty"),
    ("wasi:cli/exit", "ending itself, which counts as a trap"),
    ("wasi:cli/stdin", "its input, which is closed"),
    ("wasi:cli/std", "its output, which goes to the debug log"),
    (
        "wasi:cli/terminal",
        "a terminal, which it is told it has not",
    ),
    ("wasi:filesystem/", "files, of which there are none"),
    (
        "wasi:clocks/monotonic",
        "a clock that counts looks and measures nothing",
    ),
    ("wasi:clocks/wall", "the time at which the check began"),
    ("wasi:random/insecure", "random bytes and seeds"),
    ("wasi:random/", "random bytes"),
];

/// What an import lets the component do.
pub(super) fn import(import: &Imported) -> String {
    let capabilities = match &import.needs {
        Ok(capabilities) => capabilities,
        Err(error) => return format!("refused: it {error}"),
    };
    let grants: Vec<String> = capabilities
        .iter()
        .map(|c| format!("`{}`", c.name()))
        .collect();
    let grants = if grants.is_empty() {
        "needs no grant".to_owned()
    } else {
        format!("grant {}", grants.join(" and "))
    };
    format!("{}; {grants}", meaning(import, capabilities))
}

fn meaning(import: &Imported, capabilities: &[Capability]) -> &'static str {
    let wasi = WASI
        .iter()
        .find(|(start, _)| import.name.starts_with(start));
    match (wasi, capabilities) {
        _ if import.types_only => "types alone, through which nothing can be called",
        (Some((_, words)), _) => words,
        (None, [capability, ..]) => capability.meaning(),
        (None, []) if import.name.contains("/findings@") => {
            "reads which kinds of findings redactors had in the arguments"
        }
        (None, []) => "reads what `sees` shows, and its own settings",
    }
}

/// What an export is for.
pub(super) fn export(name: &str) -> &'static str {
    let interface = name.strip_prefix("wardlet:plugin/");
    match interface.and_then(|rest| rest.split('@').next()) {
        Some("plugin") => "declares itself, and looks at its settings",
        Some("policy") => "judges calls",
        Some("redactor") => "finds what must not pass",
        Some("patterns") => "declares what the host searches for",
        _ => "nothing that Wardlet calls",
    }
}

/// What has to be set up beside the grant, as a line of the plugin's table; what stands in braces and
/// quotes is an example.
pub(super) fn set_up(capability: Capability) -> Option<&'static str> {
    Some(match capability {
        Capability::KeyValue | Capability::Counter => "store = { quota = \"1MiB\" }",
        Capability::RateLimit => "buckets = [\"…\"]      # each of them a [bucket.…]",
        Capability::HttpFetch => "http = { allow = [\"https://…\"] }",
        Capability::FsRead => "folders = { policy = \"…\" }",
        Capability::SecretUse => {
            "secrets = { name = [\"attach\"] }      # each of them a [secret.…]"
        }
        Capability::Log
        | Capability::Clock
        | Capability::Random
        | Capability::Scan
        | Capability::Wasi => return None,
    })
}

#[cfg(test)]
mod tests {
    use wardlet_sandbox::Imported;

    use super::{Capability, import};

    #[test]
    fn imports_are_told_in_plain_words_with_what_grants_them() {
        let cases: [(&str, &[Capability], bool, &str); 6] = [
            (
                "wardlet:plugin/types@0.1.0",
                &[],
                true,
                "types alone, through which nothing can be called; needs no grant",
            ),
            (
                "wardlet:plugin/document@0.1.0",
                &[],
                false,
                "reads what `sees` shows, and its own settings; needs no grant",
            ),
            (
                "wardlet:plugin/log@0.1.0",
                &[Capability::Log],
                false,
                "writes to the debug log; grant `log`",
            ),
            (
                "wasi:cli/stdout@0.2.3",
                &[Capability::Wasi],
                false,
                "its output, which goes to the debug log; grant `wasi`",
            ),
            (
                "wasi:cli/stdin@0.2.3",
                &[Capability::Wasi],
                false,
                "its input, which is closed; grant `wasi`",
            ),
            (
                "wasi:clocks/wall-clock@0.2.0",
                &[Capability::Wasi, Capability::Clock],
                false,
                "the time at which the check began; grant `wasi` and `clock`",
            ),
        ];
        for (name, needs, types_only, words) in cases {
            let imported = Imported {
                name: name.into(),
                needs: Ok(needs.to_vec()),
                types_only,
            };
            assert_eq!(import(&imported), words);
        }
    }
}
