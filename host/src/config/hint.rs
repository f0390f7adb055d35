//! How keys of the file are written, for whoever left one out or wrote it otherwise.

/// What a key is for that must be there.
pub(super) fn required_hint(key: &str) -> Option<&'static str> {
    match key {
        "name" => Some("entries and denials carry it"),
        "allow" => {
            Some("the servers that it may reach: `allow = [\"https://opa.example.com:443\"]`")
        }
        "header" => Some("as which header it is attached: `header = \"authorization\"`"),
        "origins" => Some(
            "the only servers that it is sent to: `origins = [\"https://opa.example.com:443\"]`",
        ),
        "rate" => Some("how fast it fills: `rate = \"10/m\"`"),
        "per" => Some("who has one of their own: `per = \"principal\"`"),
        "component" => Some("the path of the plugin's `.wasm` file, relative to this file"),
        _ => None,
    }
}

/// How a value of the right type is written.
pub(super) fn type_hint(key: &str, wanted: &str) -> Option<&'static str> {
    match (key, wanted) {
        ("command", _) => {
            Some("the program and each argument are items: `[\"npx\", \"-y\", \"…\"]`")
        }
        ("approval", _) => Some("write `approval = { expires = \"50s\" }`"),
        ("timeout" | "deadline" | "cpu" | "expires", _) => Some("write it with its unit: `\"5m\"`"),
        ("http", _) => Some("write `http = { allow = [\"https://opa.example.com:443\"] }`"),
        ("folders", _) => Some("write `folders = { policy = \"/etc/policy\" }`"),
        ("secrets", _) => Some("write `secrets = { token = [\"attach\"] }`"),
        (key, "a list of strings") if key.starts_with("secrets.") => {
            Some("what it may be used for: `[\"hmac\"]`, `[\"attach\"]` or both")
        }
        ("requests", _) => Some("write a number without quotes: `requests = 4`"),
        ("raw", _) => Some("write it without quotes: `true`"),
        ("burst", _) => Some("write a number without quotes: `burst = 10`"),
        ("rate", _) => Some("write it as `\"10/m\"`"),
        ("store", _) => Some("write `store = { quota = \"1MiB\" }`"),
        ("memory" | "payload" | "log" | "result" | "quota" | "max_response", _) => {
            Some("write it with its unit: `\"16MiB\"`")
        }
        ("rule", _) => Some("write the header with two brackets: `[[rule]]`"),
        ("set_env", _) => Some("write `set_env = { NAME = \"value\" }`"),
        ("env", _) => Some("`env` lists names; `set_env` gives values"),
        (key, _) if key.starts_with("server.") => {
            Some("each server has a table of its own: `[server.<name>]`")
        }
        (key, _) if key.starts_with("plugin.") => {
            Some("each plugin has a table of its own: `[plugin.<name>]`")
        }
        (_, "a list of strings") => Some("put it in brackets: `[\"…\"]`"),
        (_, "a string") => Some("put it in quotes"),
        _ => None,
    }
}
