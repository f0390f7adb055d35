//! `limits` of `[plugin.<name>]`: what one check may use.

use std::time::Duration;

use toml::Spanned;
use wardlet_sandbox::{
    Limit, Limits, MAX_CONCURRENCY, MAX_DEADLINE, MAX_EDITS, MAX_HANDLES, MAX_HOST_CALLS, MAX_LOG,
    MAX_MEMORY, MAX_PAYLOAD, MAX_RESULT, MAX_TABLE,
};

use super::fault::Gathered;
use super::kind::FaultKind;
use super::raw::Text;
use super::resolve::{duration, size, within};
use super::table::Table;

/// The keys, in the order in which errors list them.
pub(super) const KEYS: &[&str] = &[
    Limit::Deadline.name(),
    Limit::Cpu.name(),
    Limit::Memory.name(),
    Limit::Table.name(),
    Limit::Payload.name(),
    Limit::Handles.name(),
    Limit::Log.name(),
    Limit::Result.name(),
    Limit::Edits.name(),
    Limit::HostCalls.name(),
    Limit::Concurrency.name(),
];

/// Below a millisecond the clock of the sandbox does not tick.
const MIN_TIME: Duration = Duration::from_millis(1);

/// Below one page of WebAssembly nothing runs.
const MIN_MEMORY: u64 = 64 * 1024;

/// Below 1 KiB ordinary calls would be refused, and no verdict with a reason would fit.
const MIN_BYTES: u64 = 1024;

/// What stands in the file.
#[derive(Default)]
pub(super) struct RawLimits {
    texts: Vec<(Limit, Text)>,
    counts: Vec<(Limit, Spanned<u64>)>,
}

impl RawLimits {
    /// Reads the table.
    pub(super) fn read(table: &Table<'_, '_>, gathered: &mut Gathered<'_>) -> Self {
        let mut raw = RawLimits::default();
        for limit in Limit::ALL {
            let key = limit.name();
            if is_count(limit) {
                let count = table.count(key, gathered);
                raw.counts.extend(count.map(|count| (limit, count)));
            } else {
                let text = table.text(key, gathered);
                raw.texts.extend(text.map(|text| (limit, text)));
            }
        }
        raw
    }

    /// The limits; what is not in the file, or is wrong there, has its default.
    pub(super) fn resolve(&self, gathered: &mut Gathered<'_>) -> Limits {
        let mut limits = Limits::default();
        for (limit, text) in &self.texts {
            set_text(&mut limits, *limit, text, gathered);
        }
        for (limit, count) in &self.counts {
            set_count(&mut limits, *limit, count, gathered);
        }
        // Whoever lowers the deadline means the CPU time too, unless it is named.
        if !self.texts.iter().any(|(limit, _)| *limit == Limit::Cpu) {
            limits.cpu = limits.cpu.min(limits.deadline);
        }
        limits
    }
}

fn is_count(limit: Limit) -> bool {
    match limit {
        Limit::Table | Limit::Handles | Limit::Edits | Limit::HostCalls | Limit::Concurrency => {
            true
        }
        Limit::Deadline
        | Limit::Cpu
        | Limit::Memory
        | Limit::Payload
        | Limit::Log
        | Limit::Result => false,
    }
}

fn set_text(limits: &mut Limits, limit: Limit, text: &Text, gathered: &mut Gathered<'_>) {
    let key = limit.name();
    let time = (MIN_TIME, MAX_DEADLINE);
    match limit {
        Limit::Deadline => set(&mut limits.deadline, duration(key, text, time, gathered)),
        Limit::Cpu => set(&mut limits.cpu, duration(key, text, time, gathered)),
        _ => {
            let (place, min, max) = match limit {
                Limit::Memory => (&mut limits.memory, MIN_MEMORY, MAX_MEMORY),
                Limit::Payload => (&mut limits.payload, MIN_BYTES, MAX_PAYLOAD),
                Limit::Log => (&mut limits.log, 0, MAX_LOG),
                Limit::Result => (&mut limits.result, MIN_BYTES, MAX_RESULT),
                _ => return,
            };
            let bytes = size(key, text, (min, max as u64), gathered);
            set(place, bytes.and_then(|bytes| usize::try_from(bytes).ok()));
        }
    }
}

fn set_count(limits: &mut Limits, limit: Limit, count: &Spanned<u64>, gathered: &mut Gathered<'_>) {
    let (place, min, max) = match limit {
        Limit::Table => (&mut limits.table, 0_u32, MAX_TABLE),
        Limit::Handles => (&mut limits.handles, 0, MAX_HANDLES),
        Limit::Edits => (&mut limits.edits, 1, MAX_EDITS),
        // A check reads at least once, or it judges nothing.
        Limit::HostCalls => (&mut limits.host_calls, 1, MAX_HOST_CALLS),
        Limit::Concurrency => (&mut limits.concurrency, 1, MAX_CONCURRENCY),
        _ => return,
    };
    let kind = FaultKind::OutOfRange {
        key: limit.name(),
        text: count.get_ref().to_string(),
        min: min.to_string(),
        max: max.to_string(),
    };
    let bounds = (u64::from(min), u64::from(max));
    let fault = Spanned::new(count.span(), kind);
    let count = within(*count.get_ref(), bounds, fault, gathered);
    set(place, count.and_then(|count| u32::try_from(count).ok()));
}

fn set<T>(place: &mut T, value: Option<T>) {
    if let Some(value) = value {
        *place = value;
    }
}
