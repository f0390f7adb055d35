//! A redactor that has the host search for the benchmark's patterns, and takes every match.

use wardlet_sdk::{
    Description, Edit, Part, PatternSet, Plugin, Redactor, SettingFault, Subject, scan,
};

#[path = "../../../credentials.rs"]
mod credentials;

/// The plugin.
#[derive(Debug)]
pub struct ScanHost;

impl Plugin for ScanHost {
    fn describe() -> Description {
        Description::new("scan-host", "1.0.0", "Takes what the host finds.")
            .entity("credential", "A credential.")
    }

    fn configure() -> Result<(), Vec<SettingFault>> {
        Ok(())
    }

    fn patterns() -> Vec<PatternSet> {
        let patterns = credentials::patterns();
        let set = PatternSet::new("credentials");
        vec![
            patterns
                .iter()
                .fold(set, |set, (id, regex)| set.pattern(id, regex)),
        ]
    }
}

impl Redactor for ScanHost {
    fn find(_: &Subject, part: Part) -> Result<Vec<Edit>, String> {
        scan::matches("credentials", part, "")
            .map(|found| {
                let found = found?;
                Ok(Edit::new(found.leaf, found.span(), "credential", 90))
            })
            .collect()
    }
}

wardlet_sdk::export_redactor!(ScanHost, patterns);
