//! Arguments of a certain size.

use wardlet_call::Json;

/// The member that fills arguments up.
const FILLER: &str = "payload";

/// What it is filled with: prose, in which patterns find little and have to look everywhere.
const PROSE: &str = "the quick brown fox jumps over the lazy dog ";

/// The arguments with a text more, so that their JSON has so many bytes; none where they have more without.
pub(super) fn filled(arguments: &Json, size: usize) -> Option<String> {
    let Json::Object(members) = arguments else {
        return None;
    };
    let mut members = members.clone();
    members.retain(|(name, _)| name != FILLER);
    let with = |text: String| {
        let mut members = members.clone();
        members.push((FILLER.into(), Json::text(&text)));
        Json::Object(members).to_text()
    };
    let missing = size.checked_sub(with(String::new()).len())?;
    let text: String = PROSE.chars().cycle().take(missing).collect();
    Some(with(text))
}

#[cfg(test)]
mod tests {
    use wardlet_call::Json;

    use super::filled;

    #[test]
    fn arguments_have_the_size_that_is_asked_for_or_are_too_large() {
        for (arguments, size, whole) in [
            ("{}", 64, true),
            ("{}", 1 << 20, true),
            (r#"{"path":"/a","payload":"mine"}"#, 64, true),
            (
                r#"{"path":"/a/path/that/takes/more/than/there/is/room/for"}"#,
                64,
                false,
            ),
        ] {
            let filled = filled(&Json::parse(arguments).unwrap(), size);
            assert_eq!(filled.is_some(), whole, "{arguments}");
            if let Some(text) = filled {
                assert_eq!(text.len(), size);
                assert!(Json::parse(&text).is_ok());
            }
        }
    }
}
