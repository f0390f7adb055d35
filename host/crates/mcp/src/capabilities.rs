//! What a server says in its answer to `initialize` that it does.

use serde_json::value::RawValue;

use crate::notice::member;

/// Whether a server's tools may change while a session runs, which it then tells
/// (`capabilities.tools.listChanged`). One that says it in a way that cannot be read has not said it.
#[must_use]
pub fn tells_changed_tools(result: &RawValue) -> bool {
    let within = |object, name| member(object, name).ok().flatten();
    let said = ["capabilities", "tools", "listChanged"]
        .into_iter()
        .try_fold(result, |object, name| within(Some(object), name));
    said.is_some_and(|said| said.get() == "true")
}

#[cfg(test)]
mod tests {
    use serde_json::value::RawValue;

    use super::tells_changed_tools;

    #[test]
    fn only_a_plain_true_says_so() {
        for (result, says) in [
            (r#"{"capabilities":{"tools":{"listChanged":true}}}"#, true),
            (r#"{"capabilities":{"tools":{"listChanged": true }}}"#, true),
            (r#"{"capabilities":{"tools":{"listChanged":false}}}"#, false),
            (
                r#"{"capabilities":{"tools":{"listChanged":"true"}}}"#,
                false,
            ),
            (
                r#"{"capabilities":{"tools":{"listChanged":true,"listChanged":false}}}"#,
                false,
            ),
            (r#"{"capabilities":{"tools":{}}}"#, false),
            (
                r#"{"capabilities":{"prompts":{"listChanged":true}}}"#,
                false,
            ),
            (r#"{"capabilities":[]}"#, false),
            ("[]", false),
        ] {
            let raw = RawValue::from_string(result.to_owned()).unwrap();
            assert_eq!(tells_changed_tools(&raw), says, "{result}");
        }
    }
}
