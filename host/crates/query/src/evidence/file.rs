//! The file of a pack. Its members stand on lines of their own, as does each row and entry, so that
//! people can read it and compare two of them.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use wardlet_audit::proof::RangeProof;
use wardlet_audit::{parse_time, rfc3339};

use super::{FORMAT, MAX_PACK_BYTES, MAX_PACK_ENTRIES, Pack, Question, Refused, VERSION};
use crate::filter::Filter;

/// What every version has.
#[derive(Deserialize)]
struct Head {
    format: String,
    version: u64,
}

/// A file that was read. Nothing of it is checked but its form.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct File {
    #[serde(rename = "format")]
    _format: String,
    #[serde(rename = "version")]
    _version: u64,
    pub(super) origin: String,
    made: String,
    filter: Option<Vec<(String, String)>>,
    entry: Option<u64>,
    pub(super) range: RangeProof,
    pub(super) checkpoint: String,
    pub(super) rows: Vec<Box<RawValue>>,
    pub(super) entries: Vec<String>,
}

impl File {
    pub(super) fn parse(bytes: &[u8]) -> Result<Self, Refused> {
        if bytes.len() > MAX_PACK_BYTES {
            return Err(Refused::TooLarge);
        }
        let head: Head = serde_json::from_slice(bytes).map_err(Refused::malformed)?;
        if head.format != FORMAT {
            return Err(Refused::malformed("its `format` is another"));
        }
        if head.version != VERSION {
            let version = head.version;
            return Err(Refused::Version { version });
        }
        let file: File = serde_json::from_slice(bytes).map_err(Refused::malformed)?;
        let held = file.entries.len() as u64;
        if held > MAX_PACK_ENTRIES {
            return Err(Refused::TooLarge);
        }
        let RangeProof { first, end, .. } = file.range;
        if held == 0 || first.checked_add(held) != Some(end) {
            return Err(Refused::malformed(
                "its range has not as many entries as it holds",
            ));
        }
        Ok(file)
    }

    /// When it says to be made, in milliseconds since 1970.
    pub(super) fn made_ms(&self) -> Result<u64, Refused> {
        parse_time(&self.made).ok_or_else(|| Refused::malformed("`made` is no time"))
    }

    pub(super) fn question(&self) -> Result<Question, Refused> {
        let terms = match (&self.filter, self.entry) {
            (Some(terms), None) => terms,
            (None, Some(entry)) => return Ok(Question::Entry(entry)),
            _ => return Err(Refused::malformed("it has not one of `filter` and `entry`")),
        };
        let named = terms
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()));
        // Ages are refused, since they come to other terms.
        let filter = Filter::parse(named, 0).map_err(Refused::malformed)?;
        if filter.terms() != *terms {
            return Err(Refused::malformed("its filter is not in its one form"));
        }
        Ok(Question::Filter(filter))
    }
}

impl Pack {
    /// Whether its file would be longer than one may be.
    pub(super) fn is_too_long(&self) -> bool {
        let mut room = Room(MAX_PACK_BYTES);
        fmt::write(&mut room, format_args!("{self}")).is_err()
    }
}

/// Takes a text that has no more bytes than this.
struct Room(usize);

impl fmt::Write for Room {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.0 = self.0.checked_sub(text.len()).ok_or(fmt::Error)?;
        Ok(())
    }
}

impl fmt::Display for Pack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{{\n\"format\": {},", Json(&FORMAT))?;
        writeln!(f, "\"version\": {VERSION},")?;
        writeln!(f, "\"origin\": {},", Json(&self.origin))?;
        writeln!(f, "\"made\": {},", Json(&rfc3339(self.made_ms)))?;
        match &self.question {
            Question::Filter(filter) => writeln!(f, "\"filter\": {},", Json(&filter.terms()))?,
            Question::Entry(entry) => writeln!(f, "\"entry\": {entry},")?,
        }
        writeln!(f, "\"range\": {},", Json(&self.range))?;
        let checkpoint = self.checkpoint.to_string();
        writeln!(f, "\"checkpoint\": {},", Json(&checkpoint))?;
        write_lines(f, "rows", &self.rows)?;
        f.write_str(",\n")?;
        write_lines(f, "entries", &self.entries)?;
        f.write_str("\n}\n")
    }
}

fn write_lines<T: Serialize>(f: &mut fmt::Formatter<'_>, name: &str, list: &[T]) -> fmt::Result {
    write!(f, "\"{name}\": [")?;
    for (at, item) in list.iter().enumerate() {
        let comma = if at == 0 { "" } else { "," };
        write!(f, "{comma}\n{}", Json(item))?;
    }
    f.write_str(if list.is_empty() { "]" } else { "\n]" })
}

/// Something as JSON on one line.
struct Json<'a, T>(&'a T);

impl<T: Serialize> fmt::Display for Json<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = serde_json::to_string(self.0).map_err(|_| fmt::Error)?;
        f.write_str(&text)
    }
}
