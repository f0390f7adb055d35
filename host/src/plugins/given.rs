//! What a plugin is given when it is loaded, as one value: the one place that takes its configuration apart.

use std::path::Path;
use std::time::Duration;

use wardlet_call::Json;
use wardlet_reach::{Attached, HttpGrant, Origin, SecretSource, Terms};
use wardlet_sandbox::{Limit, Limits};

use crate::config;

/// Two plugins that are given the same are the same plugin, but for what was opened for them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Given {
    json: Json,
    /// Whether something was opened or fetched for it, that may be another by now where its configuration is
    /// the same: a file, a folder, a secret.
    opens: bool,
}

// Each struct is taken apart by its fields, so that a new one cannot be left out.

impl Given {
    /// What a plugin with this component is given by its configuration. Where the component's file lies makes
    /// no difference.
    pub(crate) fn of(digest: &str, plugin: &config::Plugin) -> Self {
        let config::Plugin {
            component: _,
            // What the file has is what was loaded.
            digest: _,
            grants,
            sees,
            settings,
            limits,
            quota,
            buckets,
            http,
            folders,
            secrets,
        } = plugin;
        let ca = http.as_ref().and_then(|http| http.ca.as_ref());
        let opens = ca.is_some() || !folders.is_empty() || !secrets.is_empty();
        let folders = folders
            .iter()
            .map(|(name, path)| (name.as_str(), of_path(path)));
        let secrets = secrets
            .iter()
            .map(|(name, grant)| (name.as_str(), of_secret(grant)));
        let buckets = buckets
            .iter()
            .map(|(name, terms)| (name.as_str(), of_bucket(terms)));
        let json = Json::object([
            ("digest", Json::text(digest)),
            ("grants", list(grants, |name| Json::text(name))),
            ("sees", Json::text(&sees.to_string())),
            ("settings", settings.clone()),
            ("limits", of_limits(limits)),
            ("quota", Json::number(*quota)),
            ("buckets", Json::object(buckets)),
            ("http", http.as_ref().map_or(Json::Null, of_http)),
            ("folders", Json::object(folders)),
            ("secrets", Json::object(secrets)),
        ]);
        Given { json, opens }
    }

    /// All of it, for a digest. A secret is named by where it comes from.
    pub(crate) fn into_json(self) -> Json {
        self.json
    }

    /// Whether what was loaded with it would be the same if it were loaded again. A secret that was changed
    /// takes effect with the next reload.
    pub(crate) fn stays(&self) -> bool {
        !self.opens
    }
}

fn of_http(http: &config::Http) -> Json {
    let config::Http { grant, ca } = http;
    let HttpGrant {
        allow,
        allow_private,
        max_response,
        requests,
    } = grant;
    Json::object([
        ("allow", list(allow, of_origin)),
        ("allow_private", list(allow_private, of_origin)),
        ("max_response", Json::number(*max_response as u64)),
        ("requests", Json::number((*requests).into())),
        ("ca", ca.as_deref().map_or(Json::Null, of_path)),
    ])
}

/// Where a secret comes from and what may be done with it; not what it is.
fn of_secret(grant: &config::SecretGrant) -> Json {
    let config::SecretGrant {
        secret: config::Secret {
            source,
            attach,
            raw,
        },
        hmac,
        attach: may_attach,
    } = grant;
    let source = match source {
        SecretSource::File(path) => ("file", of_path(path)),
        SecretSource::Env(name) => ("env", Json::text(name)),
        SecretSource::Command(words) => ("command", list(words, |word| Json::text(word))),
    };
    let attach = attach.as_ref().map_or(Json::Null, |attach| {
        let Attached {
            header,
            prefix,
            origins,
        } = attach;
        Json::object([
            ("header", Json::text(header)),
            ("prefix", Json::text(prefix)),
            ("origins", list(origins, of_origin)),
        ])
    });
    Json::object([
        source,
        ("attach", attach),
        ("raw", Json::Bool(*raw)),
        ("may_hmac", Json::Bool(*hmac)),
        ("may_attach", Json::Bool(*may_attach)),
    ])
}

fn of_origin(origin: &Origin) -> Json {
    Json::text(&origin.to_string())
}

fn of_path(path: &Path) -> Json {
    Json::text(&path.display().to_string())
}

fn of_bucket(terms: &Terms) -> Json {
    let Terms {
        tokens,
        period,
        burst,
        per,
    } = terms;
    Json::object([
        ("tokens", Json::number((*tokens).into())),
        ("period_us", micros(*period)),
        ("burst", Json::number((*burst).into())),
        ("per", Json::text(config::per_word(*per))),
    ])
}

fn of_limits(limits: &Limits) -> Json {
    let Limits {
        deadline,
        cpu,
        memory,
        table,
        payload,
        handles,
        log,
        result,
        edits,
        host_calls,
        concurrency,
    } = limits;
    let bytes = |bytes: usize| Json::number(bytes as u64);
    let count = |count: u32| Json::number(count.into());
    Json::object([
        (Limit::Deadline.name(), micros(*deadline)),
        (Limit::Cpu.name(), micros(*cpu)),
        (Limit::Memory.name(), bytes(*memory)),
        (Limit::Table.name(), count(*table)),
        (Limit::Payload.name(), bytes(*payload)),
        (Limit::Handles.name(), count(*handles)),
        (Limit::Log.name(), bytes(*log)),
        (Limit::Result.name(), bytes(*result)),
        (Limit::Edits.name(), count(*edits)),
        (Limit::HostCalls.name(), count(*host_calls)),
        (Limit::Concurrency.name(), count(*concurrency)),
    ])
}

/// Whole microseconds.
pub(crate) fn micros(time: Duration) -> Json {
    Json::number(u64::try_from(time.as_micros()).unwrap_or(u64::MAX))
}

/// An array of what `one` makes of each.
pub(crate) fn list<T>(items: &[T], one: impl Fn(&T) -> Json) -> Json {
    Json::Array(items.iter().map(one).collect())
}
