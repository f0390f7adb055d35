//! A policy: no more calls than the operator's bucket has tokens.
//!
//! The settings, and what it does not stop, stand in its README.
#![deny(unsafe_code)]

use wardlet_sdk::rate_limit::{self, Outcome};
use wardlet_sdk::{Description, Plugin, Policy, SettingFault, Subject, Verdict, settings};

/// The setting that names the bucket.
const BUCKET: &str = "/bucket";

/// The setting that says how many tokens a call takes.
const TOKENS: &str = "/tokens";

/// Tokens of a call where the settings say nothing.
const DEFAULT_TOKENS: u32 = 1;

/// The plugin.
#[derive(Debug)]
pub struct CallLimit;

impl Plugin for CallLimit {
    fn describe() -> Description {
        Description::new(
            "call-limit",
            env!("CARGO_PKG_VERSION"),
            "Lets no more calls pass than the operator's bucket has tokens.",
        )
        .reason(
            "too-often",
            "There were too many such calls; try again later.",
        )
    }

    fn configure() -> Result<(), Vec<SettingFault>> {
        let mut faults = settings::unknown("", &["bucket", "tokens"]);
        faults.extend(bucket().err());
        faults.extend(tokens().err());
        if faults.is_empty() {
            Ok(())
        } else {
            Err(faults)
        }
    }
}

impl Policy for CallLimit {
    fn evaluate(_: &Subject) -> Result<Verdict, String> {
        let fault = |fault: SettingFault| fault.message;
        let (bucket, tokens) = (bucket().map_err(fault)?, tokens().map_err(fault)?);
        Ok(match rate_limit::take(&bucket, tokens)? {
            Outcome::Taken(_) => Verdict::allow(),
            Outcome::Refused(_) => Verdict::deny("too-often"),
        })
    }
}

fn bucket() -> Result<String, SettingFault> {
    let missing = || SettingFault::new(BUCKET, "name the bucket, as in `[bucket.<name>]`");
    let name = settings::text(BUCKET)?.ok_or_else(missing)?;
    if name.is_empty() {
        return Err(missing());
    }
    Ok(name)
}

fn tokens() -> Result<u32, SettingFault> {
    let Some(number) = settings::number(TOKENS)? else {
        return Ok(DEFAULT_TOKENS);
    };
    let number = u32::try_from(number).ok().filter(|number| *number > 0);
    number.ok_or_else(|| SettingFault::new(TOKENS, "give a whole number of at least 1"))
}

wardlet_sdk::export_policy!(CallLimit);
