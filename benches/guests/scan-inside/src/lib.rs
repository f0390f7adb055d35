//! A redactor that reads all texts and searches them with the crate `regex` inside of its sandbox: one
//! pass that tells which patterns are there, then one for each of those.

use regex::bytes::{Regex, RegexBuilder, RegexSet, RegexSetBuilder};
use wardlet_sdk::{Description, Edit, Part, Plugin, Redactor, SettingFault, Subject, document};

#[path = "../../../credentials.rs"]
mod credentials;

/// The plugin.
#[derive(Debug)]
pub struct ScanInside;

impl Plugin for ScanInside {
    fn describe() -> Description {
        Description::new("scan-inside", "1.0.0", "Finds by itself.")
            .entity("credential", "A credential.")
    }

    fn configure() -> Result<(), Vec<SettingFault>> {
        Ok(())
    }
}

impl Redactor for ScanInside {
    fn find(_: &Subject, part: Part) -> Result<Vec<Edit>, String> {
        let patterns: Vec<String> = credentials::patterns()
            .into_iter()
            .map(|(_, regex)| regex)
            .collect();
        let set = set(&patterns)?;
        // Compiled when first needed: most are not.
        let mut alone: Vec<Option<Regex>> = vec![None; patterns.len()];
        let mut edits = Vec::new();
        for leaf in document::strings(part, "") {
            let leaf = leaf?;
            for at in &set.matches(leaf.text.as_bytes()) {
                let (Some(regex), Some(place)) = (patterns.get(at), alone.get_mut(at)) else {
                    continue;
                };
                let regex = match place {
                    Some(regex) => regex,
                    None => place.insert(one(regex)?),
                };
                for found in regex.captures_iter(leaf.text.as_bytes()) {
                    let span = found.name("secret").or_else(|| found.get(0));
                    edits.extend(span.map(|span| {
                        Edit::new(leaf.id, span.start()..span.end(), "credential", 90)
                    }));
                }
            }
        }
        Ok(edits)
    }
}

fn set(patterns: &[String]) -> Result<RegexSet, String> {
    let set = RegexSetBuilder::new(patterns).unicode(false).build();
    set.map_err(|error| error.to_string())
}

fn one(regex: &str) -> Result<Regex, String> {
    let regex = RegexBuilder::new(regex).unicode(false).build();
    regex.map_err(|error| error.to_string())
}

wardlet_sdk::export_redactor!(ScanInside);
