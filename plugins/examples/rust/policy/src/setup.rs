//! The settings.

use wardlet_sdk::{SettingFault, settings};

/// The argument that holds recipients, unless the operator names another.
const ARGUMENT: &str = "to";

/// The names of all settings.
const SETTINGS: [&str; 3] = ["domains", "argument", "ask_above"];

/// Who may be sent to.
pub(crate) struct Setup {
    domains: Vec<String>,
    /// The argument that holds the recipients.
    pub(crate) argument: String,
    /// More recipients than this wait for a human.
    pub(crate) ask_above: Option<usize>,
}

impl Setup {
    /// Checks every setting: one that is misspelt is not passed over.
    pub(crate) fn check() -> Result<(), Vec<SettingFault>> {
        let mut faults = settings::unknown("", &SETTINGS);
        if faults.is_empty() {
            faults.extend(Self::read().err());
        }
        if faults.is_empty() {
            Ok(())
        } else {
            Err(faults)
        }
    }

    /// Reads the settings, stopping at the first fault.
    pub(crate) fn read() -> Result<Self, SettingFault> {
        let domains = settings::texts("/domains")?.unwrap_or_default();
        if domains.is_empty() {
            let message = "name at least one domain, for example [\"example.com\"]";
            return Err(SettingFault::new("/domains", message));
        }
        let argument = settings::text("/argument")?.unwrap_or_else(|| ARGUMENT.to_owned());
        let ask_above = settings::number("/ask_above")?.map(|most| match usize::try_from(most) {
            Ok(most) if most > 0 => Ok(most),
            _ => Err(SettingFault::new("/ask_above", "give a number from 1 on")),
        });
        Ok(Setup {
            domains,
            argument,
            ask_above: ask_above.transpose()?,
        })
    }

    /// Whether a domain is one of those that are named. A domain below one of them is another.
    pub(crate) fn allows(&self, domain: &str) -> bool {
        self.domains
            .iter()
            .any(|allowed| allowed.eq_ignore_ascii_case(domain))
    }
}
