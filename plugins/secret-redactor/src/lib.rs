//! A redactor: credentials in well-known formats.
//!
//! What it finds, and what it does not, stands in its README.
#![deny(unsafe_code)]

mod assigned;
mod blocks;
mod chance;
mod formats;
mod scan;

use wardlet_sdk::{
    Description, Edit, Part, Plugin, Redactor, SettingFault, Subject, document, settings,
};

pub use scan::{Hit, scan};

/// The most edits that the host takes of one check (contract, `redactor.find`).
const MAX_EDITS: usize = 10_000;

/// The longest name of a member that is looked at, in bytes.
const MAX_NAME: usize = 128;

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
}

fn skipped() -> Result<Vec<String>, SettingFault> {
    Ok(settings::texts("/skip")?.unwrap_or_default())
}

impl Redactor for SecretRedactor {
    fn find(_: &Subject, part: Part) -> Result<Vec<Edit>, String> {
        let skip = skipped()?;
        // Small, and made into edits at the end: what is allocated meanwhile holds on to a batch too.
        let mut hits: Vec<(u32, Hit)> = Vec::new();
        // The name of the member whose value comes next, in memory of its own: the leaf's would hold
        // on to its whole batch.
        let mut name = String::with_capacity(MAX_NAME);
        for leaf in document::strings(part, "") {
            let leaf = leaf?;
            let of = (!name.is_empty()).then_some(name.as_str());
            scan(&leaf.text, of, &mut |hit| {
                if !skip.iter().any(|code| code == hit.entity) {
                    hits.push((leaf.id, hit));
                }
            });
            if hits.len() > MAX_EDITS {
                return Err("more finds than the host takes".to_owned());
            }
            name.clear();
            if leaf.name {
                let end = leaf.text.floor_char_boundary(MAX_NAME);
                name.push_str(leaf.text.get(..end).unwrap_or_default());
            }
        }
        let edits = hits.into_iter();
        Ok(edits
            .map(|(leaf, hit)| Edit::new(leaf, hit.span, hit.entity, hit.confidence))
            .collect())
    }
}

wardlet_sdk::export_redactor!(SecretRedactor);
