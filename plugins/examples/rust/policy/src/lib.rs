//! A policy: what a tool sends goes to the domains that the operator names.
#![deny(unsafe_code)]

mod address;
mod setup;

use wardlet_sdk::document::{self, child, item};
use wardlet_sdk::log; // capability `log`
use wardlet_sdk::{Description, Part, Plugin, Policy, SettingFault, Subject, Value, Verdict};

use setup::Setup;

/// The plugin's name.
const NAME: &str = "recipients";

/// The plugin.
#[derive(Debug)]
pub struct Recipients;

impl Plugin for Recipients {
    fn describe() -> Description {
        Description::new(
            NAME,
            env!("CARGO_PKG_VERSION"),
            "Keeps what a tool sends to the domains that the operator names.",
        )
        // Which argument it is, the settings say: so the whole of them.
        .need(Part::Arguments, "")
        .reason("no-recipient", "The call names no recipient.")
        .reason(
            "unreadable-recipient",
            "A recipient is no plain address of the form `local@domain`.",
        )
        .reason(
            "foreign-domain",
            "A recipient's domain is not one that is allowed.",
        )
        .reason(
            "many-recipients",
            "The call has more recipients than may pass without a human.",
        )
    }

    fn configure() -> Result<(), Vec<SettingFault>> {
        Setup::check()
    }
}

impl Policy for Recipients {
    fn evaluate(_: &Subject) -> Result<Verdict, String> {
        let setup = Setup::read()?;
        let place = child("", &setup.argument);
        let places = match document::get(Part::Arguments, &place)? {
            None | Some(Value::Null | Value::Items(0)) => return Ok(Verdict::deny("no-recipient")),
            Some(Value::Text(_)) => vec![place],
            Some(Value::Items(count)) => (0..count).map(|index| item(&place, index)).collect(),
            Some(_) => return Ok(Verdict::deny("unreadable-recipient")),
        };

        // For whoever reads the debug log (capability `log`).
        let count = places.len().to_string();
        log::debug("counted the recipients", &[("recipients", &count)]);

        for place in &places {
            let recipient = document::string(Part::Arguments, place)?;
            let Some(domain) = recipient.as_deref().and_then(address::domain) else {
                return Ok(Verdict::deny("unreadable-recipient"));
            };
            if !setup.allows(domain) {
                return Ok(Verdict::deny("foreign-domain"));
            }
        }
        if setup.ask_above.is_some_and(|most| places.len() > most) {
            return Ok(Verdict::require_approval("many-recipients"));
        }
        Ok(Verdict::allow())
    }
}

wardlet_sdk::export_policy!(Recipients);
