//! `[secret.<name>]`: where a secret comes from, and as what it is attached. The secret itself never stands
//! in the file.

use std::collections::BTreeMap;
use std::path::Path;

use wardlet_call::ServerName;
use wardlet_reach::{Attached, Origin, SecretSource, attachable};

use super::fault::Gathered;
use super::kind::{FaultKind, quoted};
use super::model::{Secret, SecretGrant};
use super::nearest::nearest;
use super::outside::origins;
use super::raw::{Text, Texts};
use super::resolve::{bad_name, choice, refuse_unusable, refuse_variables};
use super::table::Table;

/// The keys, in the order in which errors list them.
pub(super) const KEYS: &[&str] = &[
    "file", "env", "command", "header", "prefix", "origins", "raw",
];

/// What a plugin may do with a secret.
#[derive(Clone, Copy, PartialEq)]
enum Use {
    Hmac,
    Attach,
}

/// What stands in the file.
pub(super) struct RawSecret {
    pub(super) name: Text,
    place: String,
    file: Option<Text>,
    env: Option<Text>,
    command: Texts,
    header: Option<Text>,
    prefix: Option<Text>,
    origins: Texts,
    raw: bool,
}

impl RawSecret {
    /// Reads the table.
    pub(super) fn read(name: Text, table: &Table<'_, '_>, gathered: &mut Gathered<'_>) -> Self {
        table.refuse_empty("command", gathered);
        let header = table.node("header").is_some();
        if table.node("origins").is_some() || table.node("prefix").is_some() {
            table.required("header", gathered);
        }
        if header && table.node("origins").is_none() {
            let place = table.place.clone();
            let key = "origins";
            gathered.at(table.key_span("header"), FaultKind::Required { place, key });
        }
        RawSecret {
            name,
            place: table.place.clone(),
            file: table.text("file", gathered),
            env: table.text("env", gathered),
            command: table.texts("command", gathered),
            header: table.text("header", gathered),
            prefix: table.text("prefix", gathered),
            origins: table.set("origins", gathered),
            raw: table.boolean("raw", gathered).unwrap_or_default(),
        }
    }

    /// Its name with what it is; none where something is wrong.
    fn resolve(&self, folder: &Path, gathered: &mut Gathered<'_>) -> Option<(String, Secret)> {
        let name = self.name.get_ref();
        let named = ServerName::parse(name).is_ok();
        if !named {
            gathered.at(self.name.span(), bad_name("secret", &self.name));
        }
        let source = self.source(folder, gathered);
        let attach = self.attached(gathered);
        let secret = Secret {
            source: source?,
            attach,
            raw: self.raw,
        };
        named.then(|| (name.clone(), secret))
    }

    fn source(&self, folder: &Path, gathered: &mut Gathered<'_>) -> Option<SecretSource> {
        match (&self.file, &self.env, &self.command) {
            (Some(file), None, None) => refuse_unusable(file, "file", gathered)
                .then(|| SecretSource::File(folder.join(file.get_ref()))),
            (None, Some(name), None) => {
                refuse_variables(std::iter::once(name), gathered);
                Some(SecretSource::Env(name.get_ref().clone()))
            }
            (None, None, Some(words)) => {
                let first = words.first()?;
                refuse_unusable(first, "command", gathered);
                let words = words.iter().map(|word| word.get_ref().clone());
                Some(SecretSource::Command(words.collect()))
            }
            _ => {
                let place = self.place.clone();
                gathered.at(self.name.span(), FaultKind::SecretSource(place));
                None
            }
        }
    }

    fn attached(&self, gathered: &mut Gathered<'_>) -> Option<Attached> {
        let header = self.header.as_ref();
        let name = header.and_then(|header| {
            let why = match attachable(header.get_ref()) {
                Ok(name) => return Some(name),
                Err(why) => why,
            };
            let text = header.get_ref().clone();
            gathered.at(header.span(), FaultKind::Header { text, why });
            None
        });
        let prefix = self.prefix.as_ref().map(|prefix| {
            let text = prefix.get_ref();
            if !text.bytes().all(|b| matches!(b, b' '..=b'~')) || text.starts_with(' ') {
                gathered.at(prefix.span(), FaultKind::Prefix);
            }
            text.clone()
        });
        let listed = self.origins.as_deref().unwrap_or_default();
        let origins = origins(listed, true, gathered);
        for text in listed {
            let plain = |origin: Origin| !origin.is_tls() && !origin.is_loopback();
            if Origin::parse(text.get_ref()).is_ok_and(plain) {
                gathered.at(text.span(), FaultKind::PlainSecret(text.get_ref().clone()));
            }
        }
        Some(Attached {
            header: name?,
            prefix: prefix.unwrap_or_default(),
            origins,
        })
    }
}

/// The secrets of the file: those without a fault, and the names of all.
pub(super) struct Secrets<'a> {
    resolved: BTreeMap<String, Secret>,
    names: Vec<&'a String>,
}

impl<'a> Secrets<'a> {
    /// Resolves all of them.
    pub(super) fn resolve(
        raw: &'a [RawSecret],
        folder: &Path,
        gathered: &mut Gathered<'_>,
    ) -> Self {
        let resolved = raw.iter().filter_map(|one| one.resolve(folder, gathered));
        Secrets {
            resolved: resolved.collect(),
            names: raw.iter().map(|one| one.name.get_ref()).collect(),
        }
    }

    /// Those that a plugin may use, and for what.
    pub(super) fn granted(
        &self,
        listed: &[(Text, Vec<Text>)],
        gathered: &mut Gathered<'_>,
    ) -> BTreeMap<String, SecretGrant> {
        let mut granted = BTreeMap::new();
        for (name, words) in listed {
            if !self.names.contains(&name.get_ref()) {
                let known = self.names.iter().map(|name| name.as_str());
                let kind = FaultKind::UnknownSecret {
                    name: name.get_ref().clone(),
                    near: nearest(name.get_ref(), known.clone()).map(str::to_owned),
                    known: quoted(known),
                };
                gathered.at(name.span(), kind);
            }
            let choices = [("hmac", Use::Hmac), ("attach", Use::Attach)];
            let mut uses = Vec::new();
            for word in words {
                uses.extend(choice("secrets", word, choices, gathered));
            }
            let Some(secret) = self.resolved.get(name.get_ref()) else {
                continue;
            };
            let attach = uses.contains(&Use::Attach);
            if attach && secret.attach.is_none() {
                let kind = FaultKind::CannotAttach(name.get_ref().clone());
                gathered.at(name.span(), kind);
            }
            let grant = SecretGrant {
                secret: secret.clone(),
                hmac: uses.contains(&Use::Hmac),
                attach,
            };
            granted.insert(name.get_ref().clone(), grant);
        }
        granted
    }
}
