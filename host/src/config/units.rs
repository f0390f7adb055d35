//! Times and sizes as people write them: a whole number and its unit, without a space.

use std::time::Duration;

/// Names and lengths of the units of time, in milliseconds.
const TIMES: [(&str, u64); 4] = [("h", 3_600_000), ("m", 60_000), ("s", 1000), ("ms", 1)];

/// Names and lengths of the units of size, in bytes.
const SIZES: [(&str, u64); 4] = [
    ("GiB", 1 << 30),
    ("MiB", 1 << 20),
    ("KiB", 1 << 10),
    ("B", 1),
];

/// Reads `250ms`, `50s`, `5m`, `2h`.
pub(super) fn duration(text: &str) -> Option<Duration> {
    amount(text, &TIMES).map(Duration::from_millis)
}

/// Reads `512B`, `64KiB`, `16MiB`, `1GiB`.
pub(super) fn size(text: &str) -> Option<u64> {
    amount(text, &SIZES)
}

/// A time in the largest unit that it is a whole number of.
pub(super) fn show_duration(duration: Duration) -> String {
    show(
        u64::try_from(duration.as_millis()).unwrap_or(u64::MAX),
        &TIMES,
    )
}

/// A size in the largest unit that it is a whole number of.
pub(crate) fn show_size(bytes: u64) -> String {
    show(bytes, &SIZES)
}

/// Names and lengths of the times that a rate is for, in milliseconds.
const PERIODS: [(&str, u64); 4] = [
    ("s", 1000),
    ("m", 60_000),
    ("h", 3_600_000),
    ("d", 86_400_000),
];

/// Reads `10/m`: so many in each second, minute, hour or day.
pub(super) fn rate(text: &str) -> Option<(u64, Duration)> {
    let (number, unit) = text.split_once('/')?;
    let (_, length) = PERIODS.iter().find(|(name, _)| *name == unit)?;
    let is_number = number.bytes().all(|b| b.is_ascii_digit());
    let number = is_number.then(|| number.parse().ok())??;
    Some((number, Duration::from_millis(*length)))
}

/// A rate as [`rate`] reads it.
pub(crate) fn show_rate(number: u64, period: Duration) -> String {
    let is_it = |(_, length): &&(&str, u64)| u128::from(*length) == period.as_millis();
    let unit = PERIODS.iter().find(is_it);
    format!("{number}/{}", unit.map_or("", |(name, _)| name))
}

fn amount(text: &str, units: &[(&str, u64)]) -> Option<u64> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at_checked(digits)?;
    let (_, length) = units.iter().find(|(name, _)| *name == unit)?;
    number.parse::<u64>().ok()?.checked_mul(*length)
}

fn show(amount: u64, units: &[(&str, u64)]) -> String {
    units
        .iter()
        .find(|(_, length)| amount > 0 && amount.is_multiple_of(*length))
        .or(units.last())
        .map(|(name, length)| format!("{}{name}", amount / length))
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::{duration, rate, show_duration, show_rate, show_size, size};

    #[test]
    fn rates_are_read_and_shown() {
        for (text, expected) in [
            ("10/m", Some((10, 60))),
            ("0/s", Some((0, 1))),
            ("007/h", Some((7, 3600))),
            ("1/d", Some((1, 86_400))),
            ("", None),
            ("10", None),
            ("/m", None),
            ("10/", None),
            ("10/ms", None),
            ("10/M", None),
            ("10 / m", None),
            ("+1/m", None),
            ("-1/m", None),
            ("1.5/m", None),
            ("10/m/m", None),
            ("99999999999999999999/s", None),
        ] {
            let got = rate(text);
            let seconds = got.map(|(number, period)| (number, period.as_secs()));
            assert_eq!(seconds, expected, "{text}");
            if let Some((number, period)) = got {
                assert_eq!(rate(&show_rate(number, period)), got, "{text}");
            }
        }
    }

    #[test]
    fn times_and_sizes_are_read_and_shown() {
        for (text, milliseconds) in [
            ("250ms", Some(250)),
            ("50s", Some(50_000)),
            ("5m", Some(300_000)),
            ("2h", Some(7_200_000)),
            ("0s", Some(0)),
            ("", None),
            ("5", None),
            ("s", None),
            ("5 s", None),
            ("-5s", None),
            ("+5s", None),
            ("1.5s", None),
            ("5S", None),
            ("5d", None),
            ("99999999999999999999s", None),
            ("18446744073709551615h", None),
            ("٣s", None),
        ] {
            let got = duration(text);
            assert_eq!(got.map(|d| d.as_millis()), milliseconds, "{text}");
            if let Some(got) = got {
                assert_eq!(duration(&show_duration(got)), Some(got), "{text}");
            }
        }
        for (text, bytes) in [
            ("512B", Some(512)),
            ("64KiB", Some(65_536)),
            ("16MiB", Some(16 << 20)),
            ("1GiB", Some(1 << 30)),
            ("16MB", None),
            ("16", None),
            ("16mib", None),
            ("99999999999999999GiB", None),
        ] {
            assert_eq!(size(text), bytes, "{text}");
            if let Some(bytes) = bytes {
                assert_eq!(show_size(bytes), text);
            }
        }
    }
}
