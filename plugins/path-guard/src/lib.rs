//! A policy: file paths stay inside of the roots that the operator names.
//!
//! What it reads, refuses and cannot see stands in its README.
#![deny(unsafe_code)]

mod arguments;
mod path;
mod setup;

use wardlet_sdk::{Description, Part, Plugin, Policy, SettingFault, Subject, Verdict};

pub use path::{Refusal, judge};
pub use setup::Setup;

/// The plugin.
#[derive(Debug)]
pub struct PathGuard;

impl Plugin for PathGuard {
    fn describe() -> Description {
        let description = Description::new(
            "path-guard",
            env!("CARGO_PKG_VERSION"),
            "Keeps the file paths of a call inside of the roots that the operator names.",
        )
        // Not seeing must never become allowing, so the whole of the arguments is needed.
        .need(Part::Arguments, "")
        .reason(
            "no-path-found",
            "The call has no argument that is known to hold a path.",
        )
        .reason(
            "unreadable-path",
            "An argument that holds paths is neither a text nor a list of texts.",
        );
        Refusal::ALL
            .iter()
            .fold(description, |description, refusal| {
                description.reason(refusal.code(), refusal.sentence())
            })
    }

    fn configure() -> Result<(), Vec<SettingFault>> {
        Setup::check()
    }
}

impl Policy for PathGuard {
    fn evaluate(subject: &Subject) -> Result<Verdict, String> {
        let setup = Setup::read()?;
        arguments::judge(&setup, subject)
    }
}

wardlet_sdk::export_policy!(PathGuard);
