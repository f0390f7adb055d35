//! Limits that stand in a case file, and limits as a case file has them: the keys and units of `limits` in
//! `[plugin.<name>]`, read by the same code.

use toml::de::DeTable;
use wardlet_call::Json;
use wardlet_sandbox::{Limit, Limits};

use super::fault::Gathered;
use super::limits::{KEYS, RawLimits};
use super::table::Table;
use super::units::{show_duration, show_size};

/// What is wrong with limits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LimitsError {
    /// What is wrong, in lower case, without a full stop.
    pub message: String,
    /// How to mend it.
    pub hint: Option<String>,
}

/// Reads limits from names and values.
///
/// # Errors
/// [`LimitsError`]: the first thing that is wrong with them.
pub fn limits_of(named: &[(String, Json)]) -> Result<Limits, LimitsError> {
    // What is a text or a number in JSON is the same in TOML, keys in quotes too.
    let lines = named
        .iter()
        .map(|(name, value)| format!("{} = {}\n", Json::text(name).to_text(), value.to_text()));
    let text: String = lines.collect();
    let (document, errors) = DeTable::parse_recoverable(&text);
    let mut gathered = Gathered::new(&text);
    for error in errors {
        gathered.push_syntax(error.span(), error.message());
    }
    let table = Table::open(document.get_ref(), ("`limits`", 0..0), KEYS, &mut gathered);
    let limits = RawLimits::read(&table, &mut gathered).resolve(&mut gathered);
    let faults = gathered.into_faults("limits".as_ref());
    match faults.iter().next() {
        None => Ok(limits),
        Some(fault) => Err(LimitsError {
            message: fault.message(),
            hint: fault.hint(),
        }),
    }
}

/// The limits that are not the defaults, as [`limits_of`] reads them.
#[must_use]
pub fn limits_named(limits: &Limits) -> Vec<(String, Json)> {
    let default = Limits::default();
    let time = |time| Json::String(show_duration(time));
    let size = |bytes: usize| Json::String(show_size(bytes as u64));
    let count = |count: u32| Json::number(count.into());
    let of = |limits: &Limits, limit: Limit| match limit {
        Limit::Deadline => time(limits.deadline),
        Limit::Cpu => time(limits.cpu),
        Limit::Memory => size(limits.memory),
        Limit::Table => count(limits.table),
        Limit::Payload => size(limits.payload),
        Limit::Handles => count(limits.handles),
        Limit::Log => size(limits.log),
        Limit::Result => size(limits.result),
        Limit::Edits => count(limits.edits),
        Limit::HostCalls => count(limits.host_calls),
        Limit::Concurrency => count(limits.concurrency),
    };
    let named = Limit::ALL
        .into_iter()
        .map(|limit| (limit, of(limits, limit)));
    named
        .filter(|(limit, value)| *value != of(&default, *limit))
        .map(|(limit, value)| (limit.name().to_owned(), value))
        .collect()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{limits_named, limits_of};
    use wardlet_call::Json;
    use wardlet_sandbox::Limits;

    fn parse(text: &str) -> Vec<(String, Json)> {
        match Json::parse(text).unwrap() {
            Json::Object(members) => members,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn limits_are_read_as_in_the_configuration_and_written_so() {
        for (text, expected) in [
            ("{}", Limits::default()),
            (
                r#"{"deadline": "50ms", "memory": "1MiB", "edits": 7}"#,
                Limits {
                    deadline: Duration::from_millis(50),
                    cpu: Duration::from_millis(50),
                    memory: 1 << 20,
                    edits: 7,
                    ..Limits::default()
                },
            ),
        ] {
            let limits = limits_of(&parse(text)).unwrap();
            assert_eq!(limits, expected, "{text}");
            assert_eq!(limits_of(&limits_named(&limits)), Ok(limits), "{text}");
        }
    }

    #[test]
    fn what_are_no_limits() {
        for (text, message) in [
            (r#"{"memroy": "1MiB"}"#, "unknown key `memroy` in `limits`"),
            (r#"{"memory": 1}"#, "`memory` must be a string"),
            (r#"{"memory": null}"#, ""),
            (r#"{"memory": "1MB"}"#, "`1MB` is no size"),
            (r#"{"edits": 0}"#, "`edits` is 0, outside of 1 to"),
            (r#"{"a\nb = 1": "x\u0000"}"#, "unknown key"),
        ] {
            let error = limits_of(&parse(text)).unwrap_err();
            assert!(error.message.contains(message), "{text}: {error:?}");
        }
    }
}
