//! What was measured, in lines for people. The report has the same lines.

use crate::measure::{Measured, Middle, Sized, Times};

use super::Benched;

/// A line: what it is, its value, and what that means where it does not say so itself.
pub(super) type Line = (&'static str, String, String);

pub(super) fn as_text(benched: &Benched) -> String {
    let mut text = format!("{}, {} bytes\n", benched.path, benched.bytes);
    for (what, value, note) in lines(benched) {
        let line = format!("  {what:20}  {value:>22}  {note}");
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text.push_str("\n  arguments       check p50       floor p50  ratio  outcome\n");
    for sized in &benched.measured.sizes {
        let [size, check, floor, ratio, outcome] = row(sized);
        let line = format!("  {size:>9} {check:>15} {floor:>15} {ratio:>6}  {outcome}\n");
        text.push_str(&line);
    }
    for note in notes(benched) {
        text.push_str(&format!("\nnote: {note}"));
    }
    text.trim_end().to_owned()
}

/// All but the table by size.
pub(super) fn lines(benched: &Benched) -> Vec<Line> {
    let measured = &benched.measured;
    let mut lines = vec![
        ratio(measured.ratio),
        ("outcome", measured.outcome.clone(), String::new()),
        (
            "cold load",
            time(measured.cold_load),
            "compiled in a process of its own, loaded, asked for its declaration".into(),
        ),
        (
            "load from the cache",
            time(measured.load),
            "as every later start of a gateway".into(),
        ),
        (
            "first check",
            time(measured.first),
            "after that load".into(),
        ),
    ];
    lines.extend(checks(measured));
    lines.extend(usage(measured));
    lines
}

fn ratio(ratio: Option<Middle>) -> Line {
    match ratio {
        Some(Middle {
            lower,
            median,
            upper,
        }) => (
            "ratio to the floor",
            format!("{median:.2}"),
            format!("half of the rounds between {lower:.2} and {upper:.2}"),
        ),
        None => (
            "ratio to the floor",
            "none".into(),
            "the bare engine does not run this component".into(),
        ),
    }
}

fn checks(measured: &Measured) -> Vec<Line> {
    let floor = measured.floor;
    let beside = |floor: Option<f64>| {
        let floor = floor.map(|floor| format!("floor {}", time(floor)));
        floor.unwrap_or_default()
    };
    let faults = match measured.faults {
        0 => String::new(),
        faults => format!("; {faults} gave no verdict"),
    };
    let Times {
        checks,
        p50,
        p99,
        p999,
    } = measured.checks;
    let rare = |value: Option<f64>| value.map_or_else(|| "too few checks".to_owned(), time);
    vec![
        (
            "check p50",
            time(p50),
            format!(
                "{}, of {checks} checks in fresh sandboxes{faults}",
                beside(floor.map(|floor| floor.p50))
            ),
        ),
        (
            "check p99",
            rare(p99),
            beside(floor.and_then(|floor| floor.p99)),
        ),
        (
            "check p99.9",
            rare(p999),
            beside(floor.and_then(|floor| floor.p999)),
        ),
    ]
}

fn usage(measured: &Measured) -> Vec<Line> {
    let part = measured.checks.p50 / measured.cpu_limit * 100.0;
    let limit = format!(
        "a gateway limits time instead: `cpu` is {}, and p50 takes {part:.2}% of that",
        time(measured.cpu_limit).replace(".00 ", " ")
    );
    let unknown = || "unknown".to_owned();
    vec![
        (
            "instructions",
            measured.instructions.map_or_else(unknown, grouped),
            limit,
        ),
        (
            "memory written",
            measured.written.map_or_else(unknown, size),
            "of its linear memory, in whole pages of the system".into(),
        ),
        (
            "memory",
            size(measured.memory as u64),
            format!(
                "of the {} that a check may have",
                size(measured.memory_limit as u64)
            ),
        ),
    ]
}

/// A line of the table by size: bytes, check, floor, ratio, outcome.
pub(super) fn row(sized: &Sized) -> [String; 5] {
    let p50 = |times: Option<Times>| times.map_or_else(|| "-".to_owned(), |times| time(times.p50));
    let ratio = sized.ratio.map(|ratio| format!("{:.2}", ratio.median));
    [
        size(sized.bytes as u64),
        p50(sized.checks),
        p50(sized.floor),
        ratio.unwrap_or_else(|| "-".into()),
        sized.outcome.clone(),
    ]
}

/// What whoever reads the figures has to know.
pub(super) fn notes(benched: &Benched) -> Vec<String> {
    let measured = &benched.measured;
    let mut notes: Vec<String> = Vec::new();
    if !benched.given {
        notes.push(
            "no arguments were given, so that it judged one text of 64 bytes; `--arguments` gives a call that it allows".into(),
        );
    }
    notes.push(
        "the floor is the same component on the same engine without Wardlet, over documents that are read in the plainest way, in the same run; compare ratios, not times, between machines".into(),
    );
    notes.extend(measured.notes.iter().map(|note| format!("here {note}")));
    notes
}

/// A time of microseconds in the unit that suits it.
pub(super) fn time(micros: f64) -> String {
    if micros < 1e3 {
        format!("{micros:.1} µs")
    } else if micros < 1e6 {
        format!("{:.2} ms", micros / 1e3)
    } else {
        format!("{:.2} s", micros / 1e6)
    }
}

/// A size in the unit that suits it.
pub(super) fn size(bytes: u64) -> String {
    match bytes {
        0..1024 => format!("{bytes} B"),
        1024..1_048_576 => format!("{} KiB", bytes >> 10),
        _ => format!("{:.1} MiB", bytes as f64 / 1_048_576.0).replace(".0 ", " "),
    }
}

/// A number with its thousands apart.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut grouped = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

#[cfg(test)]
mod tests {
    use super::{grouped, size, time};

    #[test]
    fn amounts_are_told_in_the_unit_that_suits_them() {
        for (micros, told) in [
            (0.04, "0.0 µs"),
            (31.25, "31.2 µs"),
            (1234.0, "1.23 ms"),
            (2e6, "2.00 s"),
        ] {
            assert_eq!(time(micros), told);
        }
        for (bytes, told) in [
            (64, "64 B"),
            (1 << 10, "1 KiB"),
            (256 << 10, "256 KiB"),
            (1 << 20, "1 MiB"),
            (3 << 19, "1.5 MiB"),
        ] {
            assert_eq!(size(bytes), told);
        }
        for (number, told) in [
            (0, "0"),
            (999, "999"),
            (1_000, "1,000"),
            (1_234_567, "1,234,567"),
        ] {
            assert_eq!(grouped(number), told);
        }
    }
}
