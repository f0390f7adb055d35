//! Which calls are wanted, as people write it down.

use std::collections::BTreeMap;

use wardlet_audit::{MAX_NAME_BYTES, parse_time, rfc3339};

use crate::field::Field;

/// The most values of one field: a list for people, and far below what one SQLite statement takes.
pub const MAX_VALUES: usize = 64;

/// The shortest beginning of a digest that is taken, in hexadecimal digits: shorter ones are typing
/// mistakes rather than questions.
const MIN_DIGEST_DIGITS: usize = 8;

/// The hexadecimal digits of a SHA-256.
const DIGEST_DIGITS: usize = 64;

/// What digests of components begin with.
const DIGEST_PREFIX: &str = "sha256:";

/// What a time is filled up with, so that a day or a minute can be given alone.
const BEGINNING: &str = "0000-01-01T00:00:00.000Z";

/// The shortest time that can be filled up: a day.
const DAY_BYTES: usize = "0000-00-00".len();

/// 9999-12-31T23:59:59.999Z, the last time that an entry can have, in milliseconds since 1970.
const LAST_MS: u64 = 253_402_300_799_999;

/// Which calls are wanted: those of a range of time that have, of each field that is named, one of its
/// values. Without anything, all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    since_ms: Option<u64>,
    until_ms: Option<u64>,
    values: BTreeMap<Field, Vec<String>>,
}

/// Why a filter is not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{text}")]
pub struct BadFilter {
    text: String,
    hint: String,
}

impl BadFilter {
    fn new(text: String, hint: impl Into<String>) -> Self {
        BadFilter {
            text,
            hint: hint.into(),
        }
    }

    /// What would be taken.
    #[must_use]
    pub fn hint(&self) -> &str {
        &self.hint
    }
}

impl Filter {
    /// Reads names of fields, `since` and `until`, each with a value. See [`Filter::add`].
    ///
    /// # Errors
    /// [`BadFilter`], for the first that is not taken; or where `until` is not after `since`.
    pub fn parse<'a>(
        terms: impl IntoIterator<Item = (&'a str, &'a str)>,
        now_ms: u64,
    ) -> Result<Self, BadFilter> {
        let mut filter = Filter::default();
        for (name, value) in terms {
            filter.add(name, value, now_ms)?;
        }
        match (filter.since_ms, filter.until_ms) {
            (Some(since), Some(until)) if until <= since => Err(BadFilter::new(
                "nothing is at or after `since` and before `until`".to_owned(),
                "give `until` a later time than `since`",
            )),
            _ => Ok(filter),
        }
    }

    /// Adds one condition. A field that is named twice is met by either value. `since` is a time from
    /// which on, `until` one before which the decision was made, in the forms of [`when`].
    ///
    /// # Errors
    /// [`BadFilter`]
    pub fn add(&mut self, name: &str, value: &str, now_ms: u64) -> Result<(), BadFilter> {
        match name {
            "since" => once(&mut self.since_ms, name, when(value, now_ms)?),
            "until" => once(&mut self.until_ms, name, when(value, now_ms)?),
            _ => {
                let field = Field::named(name).ok_or_else(|| {
                    let names: Vec<&str> = Field::ALL.iter().map(|field| field.name()).collect();
                    BadFilter::new(
                        format!("calls have no `{name}`"),
                        format!("one of since, until, {}", names.join(", ")),
                    )
                })?;
                let value = checked(field, value)?;
                let values = self.values.entry(field).or_default();
                if values.contains(&value) {
                    return Ok(());
                }
                if values.len() == MAX_VALUES {
                    return Err(BadFilter::new(
                        format!("`{field}` has more than {MAX_VALUES} values"),
                        "ask for some of them at a time",
                    ));
                }
                values.push(value);
                Ok(())
            }
        }
    }

    /// From when on, in milliseconds since 1970.
    #[must_use]
    pub fn since_ms(&self) -> Option<u64> {
        self.since_ms
    }

    /// Before when, in milliseconds since 1970.
    #[must_use]
    pub fn until_ms(&self) -> Option<u64> {
        self.until_ms
    }

    /// The fields that are named, each with the values of which a call has to have one.
    pub fn values(&self) -> impl Iterator<Item = (Field, &[String])> {
        let values = self.values.iter();
        values.map(|(field, values)| (*field, values.as_slice()))
    }

    /// The filter as terms that [`Filter::parse`] takes, always the same for the same filter: times in
    /// full, fields in the order of [`Field::ALL`].
    #[must_use]
    pub fn terms(&self) -> Vec<(String, String)> {
        let times = [("since", self.since_ms), ("until", self.until_ms)];
        let times = times
            .into_iter()
            .filter_map(|(name, ms)| Some((name.to_owned(), rfc3339(ms?))));
        let values = self.values.iter().flat_map(|(field, values)| {
            let named = |value: &String| (field.name().to_owned(), value.clone());
            values.iter().map(named)
        });
        times.chain(values).collect()
    }

    /// The filter without what an outcome has a say in: it finds all calls that this one finds, whatever
    /// their outcomes are, and others.
    pub(crate) fn before_outcomes(&self) -> Self {
        let mut filter = self.clone();
        filter.values.retain(|field, _| !field.is_of_outcome());
        filter
    }
}

fn once(place: &mut Option<u64>, name: &str, ms: u64) -> Result<(), BadFilter> {
    if place.is_some() {
        return Err(BadFilter::new(
            format!("`{name}` is given twice"),
            "give it once",
        ));
    }
    *place = Some(ms);
    Ok(())
}

/// A value of a field, in the form that entries have.
fn checked(field: Field, value: &str) -> Result<String, BadFilter> {
    if let Some(words) = field.words() {
        return if words.contains(&value) {
            Ok(value.to_owned())
        } else {
            let words = words.join(", ");
            Err(BadFilter::new(
                format!("`{value}` is no {field}"),
                format!("one of {words}"),
            ))
        };
    }
    if field == Field::Digest {
        return digest(value).ok_or_else(|| {
            BadFilter::new(
                format!("`{value}` is no digest"),
                format!(
                    "give it as `wardlet check` shows it: `sha256:` and its first {MIN_DIGEST_DIGITS} to \
                     {DIGEST_DIGITS} hexadecimal digits"
                ),
            )
        });
    }
    if value.is_empty() || value.len() > MAX_NAME_BYTES {
        return Err(BadFilter::new(
            format!("`{value}` can be no {field}"),
            format!("names in the log have 1 to {MAX_NAME_BYTES} bytes"),
        ));
    }
    Ok(value.to_owned())
}

/// A digest or its beginning.
fn digest(value: &str) -> Option<String> {
    let digits = value.strip_prefix(DIGEST_PREFIX).unwrap_or(value);
    let good = (MIN_DIGEST_DIGITS..=DIGEST_DIGITS).contains(&digits.len())
        && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    good.then(|| format!("{DIGEST_PREFIX}{}", digits.to_ascii_lowercase()))
}

/// Reads a time as milliseconds since 1970: RFC 3339 in UTC or its beginning from the day on, such as
/// `2026-11-24` or `2026-11-24T08:30`; or an age before `now_ms` in minutes, hours or days, such as
/// `90m`, `24h` or `7d`.
///
/// # Errors
/// [`BadFilter`] for anything else.
pub fn when(text: &str, now_ms: u64) -> Result<u64, BadFilter> {
    parse_when(text, now_ms).ok_or_else(|| {
        BadFilter::new(
            format!("`{text}` is no time"),
            "write it in UTC, as `2026-11-24`, `2026-11-24T08:30` or `2026-11-24T08:30:00.000Z`; or as an \
             age: `90m`, `24h`, `7d`",
        )
    })
}

fn parse_when(text: &str, now_ms: u64) -> Option<u64> {
    if let Some(age) = age(text) {
        return Some(now_ms.checked_sub(age)?.min(LAST_MS));
    }
    let beginning = text.strip_suffix('Z').unwrap_or(text);
    // A day alone has no `Z`.
    let least = DAY_BYTES + text.len() - beginning.len();
    if beginning.len() < least || beginning.ends_with('Z') {
        return None;
    }
    let rest = BEGINNING.get(beginning.len()..)?;
    parse_time(&format!("{beginning}{rest}"))
}

fn age(text: &str) -> Option<u64> {
    let ms = match text.as_bytes().last()? {
        b'm' => 60_000,
        b'h' => 3_600_000,
        b'd' => 86_400_000,
        _ => return None,
    };
    let digits = text.get(..text.len() - 1)?;
    if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    digits.parse::<u64>().ok()?.checked_mul(ms)
}

#[cfg(test)]
mod tests;
