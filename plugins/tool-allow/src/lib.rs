//! A policy: named tools, with patterns for their arguments. Everything else is refused.
//!
//! The settings, and what it does not stop, stand in its README.
#![deny(unsafe_code)]

mod condition;
mod glob;
mod rule;
mod setup;

use wardlet_sdk::{Description, Part, Plugin, Policy, SettingFault, Subject, Verdict};

pub use glob::matches;

/// The plugin.
#[derive(Debug)]
pub struct ToolAllow;

impl Plugin for ToolAllow {
    fn describe() -> Description {
        Description::new(
            "tool-allow",
            env!("CARGO_PKG_VERSION"),
            "Allows only the tools and arguments that the operator lists.",
        )
        // An argument that is not seen cannot be found to be unlisted.
        .need(Part::Arguments, "")
        .reason("tool-not-listed", "The tool is not on the list.")
        .reason(
            "argument-not-listed",
            "The call has an argument that is not on the tool's list.",
        )
        .reason(
            "argument-mismatch",
            "An argument does not fit the pattern that the list has for it.",
        )
        .reason(
            "argument-missing",
            "An argument that the list requires is missing.",
        )
        .reason("needs-approval", "The list holds this tool for approval.")
    }

    fn configure() -> Result<(), Vec<SettingFault>> {
        setup::check()
    }
}

impl Policy for ToolAllow {
    fn evaluate(subject: &Subject) -> Result<Verdict, String> {
        Ok(match rule::find(&subject.name)? {
            Some(rule) => rule.judge()?,
            None => Verdict::deny("tool-not-listed"),
        })
    }
}

wardlet_sdk::export_policy!(ToolAllow);
