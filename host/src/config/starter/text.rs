//! TOML strings and lists (TOML 1.0, so that older readers understand a starter too).

use wardlet_call::steers;

/// Lists longer than this are written with an item per line.
const WIDE: usize = 80;

/// A basic string, with escapes for whatever could end it or disguise the text.
pub(super) fn string(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            // TOML 1.0, section String: four digits after `\u`, eight after `\U`.
            c if steers(c) => match u32::from(c) {
                code @ ..=0xFFFF => out.push_str(&format!("\\u{code:04X}")),
                code => out.push_str(&format!("\\U{code:08X}")),
            },
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

/// A list of strings, on lines of its own where it is long.
pub(super) fn list<S: AsRef<str>>(texts: impl IntoIterator<Item = S>) -> String {
    let items: Vec<String> = texts
        .into_iter()
        .map(|text| string(text.as_ref()))
        .collect();
    let width: usize = items.iter().map(|item| item.len() + 2).sum();
    if width <= WIDE {
        return format!("[{}]", items.join(", "));
    }
    let lines: String = items.iter().map(|item| format!("  {item},\n")).collect();
    format!("[\n{lines}]")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{list, string};

    proptest! {
        #[test]
        fn every_text_comes_back(text in any::<String>()) {
            let written = format!("x = {}\ny = {}", string(&text), list([text.as_str(); 9]));
            let document = toml::de::DeTable::parse(&written).unwrap();
            prop_assert_eq!(document.get_ref().get("x").unwrap().get_ref().as_str(), Some(text.as_str()));
            let items = document.get_ref().get("y").unwrap().get_ref().as_array().unwrap().len();
            prop_assert_eq!(items, 9);
        }
    }
}
