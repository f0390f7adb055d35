//! `[bucket.<name>]`: how fast it fills, what it holds, and who has one of their own.

use std::collections::BTreeMap;

use toml::Spanned;
use wardlet_call::ServerName;
use wardlet_reach::{MAX_TOKENS, Per, Terms};

use super::fault::Gathered;
use super::kind::{FaultKind, quoted};
use super::nearest::nearest;
use super::raw::Text;
use super::resolve::{bad_name, choice, within};
use super::table::Table;
use super::units;

/// The keys, in the order in which errors list them.
pub(super) const KEYS: &[&str] = &["rate", "burst", "per"];

/// Who may have a bucket of their own.
const PER: [(&str, Per); 4] = [
    ("principal", Per::Principal),
    ("tool", Per::Tool),
    ("principal-and-tool", Per::PrincipalAndTool),
    ("gateway", Per::Gateway),
];

/// The word for it in the file.
pub(crate) fn word(per: Per) -> &'static str {
    let word = PER.iter().find(|(_, one)| *one == per);
    word.map_or("", |(word, _)| word)
}

/// What stands in the file.
pub(super) struct RawBucket {
    pub(super) name: Text,
    rate: Option<Text>,
    burst: Option<Spanned<u64>>,
    per: Option<Text>,
}

impl RawBucket {
    /// Reads the table.
    pub(super) fn read(name: Text, table: &Table<'_, '_>, gathered: &mut Gathered<'_>) -> Self {
        RawBucket {
            name,
            rate: table.required("rate", gathered),
            burst: table.count("burst", gathered),
            per: table.required("per", gathered),
        }
    }

    /// Its name with its terms; none where something is wrong.
    pub(super) fn resolve(&self, gathered: &mut Gathered<'_>) -> Option<(String, Terms)> {
        let name = self.name.get_ref();
        let named = ServerName::parse(name).is_ok();
        if !named {
            gathered.at(self.name.span(), bad_name("bucket", &self.name));
        }
        let rate = self.rate.as_ref().and_then(|text| rate(text, gathered));
        let burst = self.burst.as_ref().map(|count| {
            let text = count.get_ref().to_string();
            let kind = Spanned::new(count.span(), out_of_range("burst", text));
            tokens(*count.get_ref(), kind, gathered)
        });
        let per = self.per.as_ref();
        let per = per.and_then(|word| choice("per", word, PER, gathered));
        let (tokens, period) = rate?;
        let terms = Terms {
            tokens,
            period,
            // What comes in one period may come at once, unless it is said otherwise.
            burst: burst.unwrap_or(Some(tokens))?,
            per: per?,
        };
        named.then(|| (name.clone(), terms))
    }
}

fn rate(text: &Text, gathered: &mut Gathered<'_>) -> Option<(u32, std::time::Duration)> {
    let Some((number, period)) = units::rate(text.get_ref()) else {
        let kind = FaultKind::Rate(text.get_ref().clone());
        gathered.at(text.span(), kind);
        return None;
    };
    let kind = Spanned::new(text.span(), out_of_range("rate", text.get_ref().clone()));
    Some((tokens(number, kind, gathered)?, period))
}

fn out_of_range(key: &'static str, text: String) -> FaultKind {
    FaultKind::OutOfRange {
        key,
        text,
        min: "1".to_owned(),
        max: MAX_TOKENS.to_string(),
    }
}

fn tokens(number: u64, kind: Spanned<FaultKind>, gathered: &mut Gathered<'_>) -> Option<u32> {
    let number = within(number, (1, MAX_TOKENS.into()), kind, gathered);
    number.and_then(|number| u32::try_from(number).ok())
}

/// The buckets of the file: those without a fault with their terms, and the names of all.
pub(super) struct Buckets<'a> {
    pub(super) terms: BTreeMap<String, Terms>,
    pub(super) names: Vec<&'a String>,
}

impl Buckets<'_> {
    /// Those that a plugin lists.
    pub(super) fn granted(
        &self,
        listed: &[Text],
        gathered: &mut Gathered<'_>,
    ) -> BTreeMap<String, Terms> {
        for name in listed {
            if !self.names.contains(&name.get_ref()) {
                let known = self.names.iter().map(|name| name.as_str());
                let kind = FaultKind::UnknownBucket {
                    name: name.get_ref().clone(),
                    near: nearest(name.get_ref(), known.clone()).map(str::to_owned),
                    known: quoted(known),
                };
                gathered.at(name.span(), kind);
            }
        }
        let named = listed.iter().filter_map(|name| {
            let (name, terms) = self.terms.get_key_value(name.get_ref())?;
            Some((name.clone(), terms.clone()))
        });
        named.collect()
    }
}
