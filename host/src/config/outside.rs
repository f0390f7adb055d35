//! `http`, `folders` and `secrets` of `[plugin.<name>]`: what the plugin reaches outside of its sandbox.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use toml::Spanned;
use wardlet_call::ServerName;
use wardlet_reach::{
    DEFAULT_REQUESTS, DEFAULT_RESPONSE, HttpGrant, MAX_REQUESTS, MAX_RESPONSE, Origin,
};

use super::fault::{Gathered, Span};
use super::kind::FaultKind;
use super::model::Http;
use super::raw::{Text, Texts};
use super::resolve::{bad_name, refuse_unusable, size, within};
use super::table::{Table, in_order, text_of, texts_of};

/// The keys of `http`, in the order in which errors list them.
const HTTP: &[&str] = &["allow", "allow_private", "ca", "max_response", "requests"];

/// Smaller answers than this no server gives.
const MIN_RESPONSE: u64 = 1024;

/// Members of a table whose keys are the operator's own, in the order of the text.
type Members<T> = Vec<(Text, T)>;

/// What stands in the file, each with its place.
#[derive(Default)]
pub(super) struct RawOutside {
    http: Option<(Span, RawHttp)>,
    folders: Option<(Span, Members<Text>)>,
    secrets: Option<(Span, Members<Vec<Text>>)>,
}

struct RawHttp {
    allow: Texts,
    allow_private: Texts,
    ca: Option<Text>,
    max_response: Option<Text>,
    requests: Option<Spanned<u64>>,
}

impl RawOutside {
    /// Reads the tables.
    pub(super) fn read(plugin: &Table<'_, '_>, gathered: &mut Gathered<'_>) -> Self {
        let http = plugin.table(("http", "`http`"), HTTP, gathered);
        let http = http.map(|table| {
            if table.node("allow").is_none() && table.node("allow_private").is_none() {
                table.required("allow", gathered);
            }
            let raw = RawHttp {
                allow: table.set("allow", gathered),
                allow_private: table.set("allow_private", gathered),
                ca: table.text("ca", gathered),
                max_response: table.text("max_response", gathered),
                requests: table.count("requests", gathered),
            };
            (table.span.clone(), raw)
        });
        RawOutside {
            http,
            folders: members(plugin, "folders", gathered, text_of),
            secrets: members(plugin, "secrets", gathered, texts_of),
        }
    }

    /// The keys that are there, with their places.
    pub(super) fn keys(&self) -> [(Option<&Span>, &'static str); 3] {
        [
            (self.http.as_ref().map(|(at, _)| at), "http"),
            (self.folders.as_ref().map(|(at, _)| at), "folders"),
            (self.secrets.as_ref().map(|(at, _)| at), "secrets"),
        ]
    }

    /// The secrets that it names, each with the words for what it is used.
    pub(super) fn secrets(&self) -> &[(Text, Vec<Text>)] {
        self.secrets.as_ref().map_or(&[], |(_, listed)| listed)
    }

    /// The servers that the plugin may connect to.
    pub(super) fn http(&self, folder: &Path, gathered: &mut Gathered<'_>) -> Option<Http> {
        let (_, raw) = self.http.as_ref()?;
        let list = |texts: &'_ Texts| texts.clone().unwrap_or_default();
        let (public, private) = (list(&raw.allow), list(&raw.allow_private));
        let allow = origins(&public, false, gathered);
        let allow_private = origins(&private, true, gathered);
        for text in &private {
            // Also where one has its port and the other has not.
            if Origin::parse(text.get_ref()).is_ok_and(|origin| allow.contains(&origin)) {
                let kind = FaultKind::AllowedTwice(text.get_ref().clone());
                gathered.at(text.span(), kind);
            }
        }
        let bounds = (MIN_RESPONSE, MAX_RESPONSE as u64);
        let max_response = raw.max_response.as_ref();
        let max_response =
            max_response.and_then(|text| size("max_response", text, bounds, gathered));
        let requests = raw.requests.as_ref().and_then(|count| {
            let kind = FaultKind::OutOfRange {
                key: "requests",
                text: count.get_ref().to_string(),
                min: "1".to_owned(),
                max: MAX_REQUESTS.to_string(),
            };
            let kind = Spanned::new(count.span(), kind);
            within(*count.get_ref(), (1, MAX_REQUESTS.into()), kind, gathered)
        });
        let ca = raw.ca.as_ref();
        let ca = ca.filter(|path| refuse_unusable(path, "ca", gathered));
        Some(Http {
            grant: HttpGrant {
                allow,
                allow_private,
                max_response: max_response
                    .and_then(|bytes| usize::try_from(bytes).ok())
                    .unwrap_or(DEFAULT_RESPONSE),
                requests: requests
                    .and_then(|count| u32::try_from(count).ok())
                    .unwrap_or(DEFAULT_REQUESTS),
            },
            ca: ca.map(|path| folder.join(path.get_ref())),
        })
    }

    /// The folders that the plugin may read, by their names.
    pub(super) fn folders(
        &self,
        folder: &Path,
        gathered: &mut Gathered<'_>,
    ) -> BTreeMap<String, PathBuf> {
        let listed = self.folders.iter().flat_map(|(_, listed)| listed);
        listed
            .filter_map(|(name, path)| {
                let named = ServerName::parse(name.get_ref()).is_ok();
                if !named {
                    gathered.at(name.span(), bad_name("folder", name));
                }
                let key = format!("folders.{}", name.get_ref());
                let usable = refuse_unusable(path, &key, gathered);
                (named && usable).then(|| (name.get_ref().clone(), folder.join(path.get_ref())))
            })
            .collect()
    }
}

/// The members of the table at a key, with its place.
fn members<T>(
    plugin: &Table<'_, '_>,
    key: &'static str,
    gathered: &mut Gathered<'_>,
    value: impl Fn(&super::table::Node<'_>, &str, &mut Gathered<'_>) -> Option<T>,
) -> Option<(Span, Members<T>)> {
    let entries = plugin.entries(key, gathered)?;
    let members = in_order(entries).into_iter().filter_map(|(name, node)| {
        let value = value(node, &format!("{key}.{}", name.get_ref()), gathered)?;
        Some((Spanned::new(name.span(), name.get_ref().to_string()), value))
    });
    Some((plugin.key_span(key), members.collect()))
}

/// Servers by scheme, host and port. One that could never be reached is refused here.
pub(super) fn origins(listed: &[Text], private: bool, gathered: &mut Gathered<'_>) -> Vec<Origin> {
    let parsed = listed.iter().filter_map(|text| {
        let origin = match Origin::parse(text.get_ref()) {
            Ok(origin) => origin,
            Err(why) => {
                let text_of = text.get_ref().clone();
                gathered.at(text.span(), FaultKind::Origin { text: text_of, why });
                return None;
            }
        };
        if !origin.may_be_reached(private) {
            let text_of = text.get_ref().clone();
            let kind = if origin.may_be_reached(true) {
                FaultKind::PrivateAddress(text_of)
            } else {
                FaultKind::NoAddress(text_of)
            };
            gathered.at(text.span(), kind);
        }
        Some(origin)
    });
    parsed.collect()
}
