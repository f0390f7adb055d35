//! A redactor: credentials in well-known formats.
//!
//! What it finds, and what it does not, stands in its README.
#![deny(unsafe_code)]

mod assigned;
mod blocks;
mod chance;
mod formats;
mod patterns;
mod places;
mod scan;

use wardlet_sdk::{
    Description, Edit, Part, PatternSet, Plugin, Redactor, SettingFault, Subject, document,
    settings,
};

pub use scan::{Hit, scan};

/// The most edits that the host takes of one check (contract, `redactor.find`).
const MAX_EDITS: usize = 10_000;

/// The plugin.
#[derive(Debug)]
pub struct SecretRedactor;

impl Plugin for SecretRedactor {
    fn describe() -> Description {
        let description = Description::new(
            "secret-redactor",
            env!("CARGO_PKG_VERSION"),
            "Finds credentials in well-known formats.",
        );
        scan::ENTITIES
            .iter()
            .fold(description, |description, (code, sentence)| {
                description.entity(code, sentence)
            })
    }

    fn configure() -> Result<(), Vec<SettingFault>> {
        let mut faults = settings::unknown("", &["skip"]);
        match skipped() {
            Ok(skip) => faults.extend((0..).zip(skip).filter_map(|(index, code)| {
                let known = scan::ENTITIES.iter().any(|(known, _)| *known == code);
                let place = document::item("/skip", index);
                (!known).then(|| SettingFault::new(&place, "no such entity; see the README"))
            })),
            Err(fault) => faults.push(fault),
        }
        if faults.is_empty() {
            Ok(())
        } else {
            Err(faults)
        }
    }

    fn patterns() -> Vec<PatternSet> {
        vec![patterns::declare()]
    }
}

fn skipped() -> Result<Vec<String>, SettingFault> {
    Ok(settings::texts("/skip")?.unwrap_or_default())
}

impl Redactor for SecretRedactor {
    fn find(_: &Subject, part: Part) -> Result<Vec<Edit>, String> {
        let mut finder = places::Finder::new(part, skipped()?);
        for found in wardlet_sdk::scan::matches(patterns::SET, part, "") {
            finder.look(&found?)?;
            if finder.hits.len() > MAX_EDITS {
                return Err("more finds than the host takes".to_owned());
            }
        }
        let hits = finder.hits.into_iter();
        Ok(hits
            .map(|(leaf, hit)| Edit::new(leaf, hit.span, hit.entity, hit.confidence))
            .collect())
    }
}

wardlet_sdk::export_redactor!(SecretRedactor, patterns);
