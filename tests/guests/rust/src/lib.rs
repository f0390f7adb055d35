//! `one-path` in Rust; its rules stand in the README of the folder above.
#![deny(unsafe_code)]

use wardlet_sdk::{
    Description, Part, Plugin, Policy, SettingFault, Subject, Value, Verdict, document, settings,
};

/// The plugin.
#[derive(Debug)]
pub struct OnePath;

impl Plugin for OnePath {
    fn describe() -> Description {
        Description::new("one-path", "1.0.0", "Keeps one path inside of one root.")
            .need(Part::Arguments, "")
            .reason("unexpected", "There is more than a path and a count.")
            .reason("no-path", "There is no path.")
            .reason("outside", "The path leads outside.")
            .reason("secret", "The path is that of the secret.")
            .reason("too-many", "The count is over 100, or no plain number.")
    }

    fn configure() -> Result<(), Vec<SettingFault>> {
        Ok(())
    }
}

impl Policy for OnePath {
    fn evaluate(_: &Subject) -> Result<Verdict, String> {
        let root = settings::text("/root")?.ok_or("no root")?;
        let secret = settings::text("/secret")?.ok_or("no secret")?;
        if !matches!(document::get(Part::Arguments, "")?, Some(Value::Members(_))) {
            return Ok(Verdict::deny("unexpected"));
        }
        let names = document::names(Part::Arguments, "")?;
        if names.iter().any(|name| name != "path" && name != "count") {
            return Ok(Verdict::deny("unexpected"));
        }
        let Some(path) = document::string(Part::Arguments, "/path")? else {
            return Ok(Verdict::deny("no-path"));
        };
        if !path.starts_with(&root) || path.contains("..") {
            return Ok(Verdict::deny("outside"));
        }
        if path == secret {
            return Ok(Verdict::deny("secret"));
        }
        Ok(match document::get(Part::Arguments, "/count")? {
            None => Verdict::allow(),
            Some(Value::Number(literal)) if is_few(&literal) => Verdict::allow(),
            Some(_) => Verdict::deny("too-many"),
        })
    }
}

fn is_few(literal: &str) -> bool {
    let plain = literal.len() <= 3 && literal.bytes().all(|byte| byte.is_ascii_digit());
    plain && literal.parse().is_ok_and(|count: u32| count <= 100)
}

wardlet_sdk::export_policy!(OnePath);
