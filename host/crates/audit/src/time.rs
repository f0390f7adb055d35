//! Times as RFC 3339 in UTC with three digits of a second, always 24 bytes.

/// 9999-12-31T23:59:59.999Z, the last time that RFC 3339 can write.
const LAST_MS: u64 = 253_402_300_799_999;

const DAY_MS: u64 = 86_400_000;

/// Days from 0000-03-01 to 1970-01-01. Counting years from March puts the leap day at their end.
const DAYS_BEFORE_1970: u64 = 719_468;

/// Days in 400 years, after which the calendar repeats.
const ERA_DAYS: u64 = 146_097;

/// Writes a time, given in milliseconds since 1970, as RFC 3339 in UTC with milliseconds; one that is
/// too late is written as the last one.
#[must_use]
pub fn format(ms: u64) -> String {
    let ms = ms.min(LAST_MS);
    let days = ms / DAY_MS + DAYS_BEFORE_1970;
    let (era, day) = (days / ERA_DAYS, days % ERA_DAYS);
    // Every 4 years have a leap day but every 100th, and yet every 400th has.
    let year_of_era = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let day_of_year = day - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    // Months from March have 31, 30, 31, 30, 31 days over and over: 153 in five months.
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day_of_month = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 {
        month_from_march + 3
    } else {
        month_from_march - 9
    };
    let year = era * 400 + year_of_era + u64::from(month <= 2);
    let (hour, minute) = (ms / 3_600_000 % 24, ms / 60_000 % 60);
    let (second, part) = (ms / 1_000 % 60, ms % 1_000);
    format!("{year:04}-{month:02}-{day_of_month:02}T{hour:02}:{minute:02}:{second:02}.{part:03}Z")
}

/// Reads a time as entries have it, such as `2026-11-23T00:00:00.000Z`, as milliseconds since 1970;
/// none for anything else.
#[must_use]
pub fn parse(text: &str) -> Option<u64> {
    let number = |from: usize, to: usize| -> Option<u64> {
        let digits = text.get(from..to)?;
        digits
            .bytes()
            .all(|byte| byte.is_ascii_digit())
            .then(|| digits.parse().ok())?
    };
    let (year, month, day) = (number(0, 4)?, number(5, 7)?, number(8, 10)?);
    if year < 1970 || !(1..=12).contains(&month) || !(1..=31).contains(&day) {
        return None;
    }
    let year = year - u64::from(month <= 2);
    let month_from_march = (month + 9) % 12;
    let day_of_year = (153 * month_from_march + 2) / 5 + day - 1;
    let year_of_era = year % 400;
    let day_of_era = 365 * year_of_era + year_of_era / 4 - year_of_era / 100 + day_of_year;
    let days = (year / 400 * ERA_DAYS + day_of_era).checked_sub(DAYS_BEFORE_1970)?;
    let seconds = number(11, 13)? * 3_600 + number(14, 16)? * 60 + number(17, 19)?;
    let ms = days * DAY_MS + seconds * 1_000 + number(20, 23)?;
    // What is written differently, such as a 30th of February, is no time.
    (format(ms) == text).then_some(ms)
}

#[cfg(test)]
mod tests {
    use super::{format, parse};

    #[test]
    fn times_and_their_texts() {
        for (ms, text) in [
            (0, "1970-01-01T00:00:00.000Z"),
            (951_782_400_000, "2000-02-29T00:00:00.000Z"),
            (951_868_799_999, "2000-02-29T23:59:59.999Z"),
            (1_709_251_200_001, "2024-03-01T00:00:00.001Z"),
            (1_795_392_000_000, "2026-11-23T00:00:00.000Z"),
            (4_107_542_400_000, "2100-03-01T00:00:00.000Z"),
            (253_402_300_799_999, "9999-12-31T23:59:59.999Z"),
        ] {
            assert_eq!(format(ms), text);
            assert_eq!(parse(text), Some(ms), "{text}");
        }
        assert_eq!(format(u64::MAX), "9999-12-31T23:59:59.999Z");
        for day in 0..200_000 {
            let ms = day * 86_400_000 + 12_345_678;
            assert_eq!(parse(&format(ms)), Some(ms));
        }
        for text in [
            "",
            "2026-11-23",
            "2026-11-23T00:00:00Z",
            "2026-11-23T00:00:00.000z",
            "2026-11-23 00:00:00.000Z",
            "2026-11-23T00:00:00.0000Z",
            "2026-02-30T00:00:00.000Z",
            "2026-13-01T00:00:00.000Z",
            "2026-00-01T00:00:00.000Z",
            "2026-01-00T00:00:00.000Z",
            "2026-01-01T24:00:00.000Z",
            "2026-01-01T00:60:00.000Z",
            "2026-01-01T00:00:60.000Z",
            "1969-12-31T23:59:59.999Z",
            "+026-01-01T00:00:00.000Z",
            "2026-01-01T00:00:00.000Z ",
            "2026-01-0\u{e9}T00:00:00.000Z",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
