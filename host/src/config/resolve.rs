//! From the file's shape to its meaning.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use toml::Spanned;
use wardlet_call::ServerName;
use wardlet_mcp::{Route, name};

use super::bucket::Buckets;
use super::fault::{Faults, Gathered};
use super::folder_of;
use super::kind::{FaultKind, quoted};
use super::model::{
    Config, DEFAULT_ENV, DEFAULT_GATEWAY, DEFAULT_STATE, DEFAULT_TIMEOUT, EnvValue, Gateway,
    MethodRule, Server,
};
use super::nearest::nearest;
use super::raw::{RawConfig, RawServer, Text};
use super::secret::Secrets;
use super::table::refuse_repeated;
use super::units;
use super::{log, plugin, rule, scope};

/// Below a second no server that is started answers; a call that has waited for a day has lost its
/// agent.
const TIMEOUT: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(24 * 60 * 60));

/// Longer method names are refused, as in messages.
const MAX_METHOD: usize = wardlet_mcp::MAX_METHOD_BYTES;

/// Resolves everything, whatever is wrong with it.
pub(super) fn resolve(
    raw: RawConfig,
    path: &Path,
    capabilities: &[&str],
    gathered: &mut Gathered<'_>,
) -> Config {
    let folder = folder_of(path);
    let gateway = gateway(&raw, &folder, gathered);
    let log = log::resolve(&raw, &folder, gathered);
    if raw.servers.is_empty() {
        gathered.push(None, FaultKind::NoServer);
    }
    let servers: BTreeMap<_, _> = raw
        .servers
        .iter()
        .filter_map(|server| resolve_server(server, &folder, gathered))
        .collect();
    let terms = raw.buckets.iter();
    let buckets = Buckets {
        terms: terms
            .filter_map(|bucket| bucket.resolve(gathered))
            .collect(),
        names: raw.buckets.iter().map(|b| b.name.get_ref()).collect(),
    };
    let secrets = Secrets::resolve(&raw.secrets, &folder, gathered);
    let named = (capabilities, &buckets, &secrets);
    let plugins: BTreeMap<_, _> = raw
        .plugins
        .iter()
        .filter_map(|plugin| plugin::resolve(plugin, &folder, named, gathered))
        .collect();
    let methods = methods(&raw, gathered);
    let names = rule::Names {
        // Also those with a fault of their own: one fault is enough for them.
        servers: raw.servers.iter().map(|s| s.name.get_ref()).collect(),
        plugins: raw.plugins.iter().map(|p| p.name.get_ref()).collect(),
        methods: &methods,
    };
    let rule::Rules { rules, faulty } = rule::resolve(&raw.rules, &names, gathered);
    let config = Config {
        source: path.to_owned(),
        folder,
        gateway,
        log,
        servers,
        plugins,
        rules,
        methods,
        digest: String::new(),
        warnings: Faults::default(),
    };
    scope::look(&config, &raw, &faulty, gathered);
    config
}

fn gateway(raw: &RawConfig, folder: &Path, gathered: &mut Gathered<'_>) -> Gateway {
    if let Some(name) = &raw.gateway_name
        && ServerName::parse(name.get_ref()).is_err()
    {
        gathered.at(name.span(), bad_name("gateway", name));
    }
    let name = raw.gateway_name.as_ref().map(|name| name.get_ref().clone());
    let state = match &raw.state {
        Some(state) if refuse_unusable(state, "state", gathered) => state.get_ref(),
        _ => DEFAULT_STATE,
    };
    let record = raw.record.as_ref();
    let record = record.filter(|record| refuse_unusable(record, "record", gathered));
    if let Some(record) = record {
        let kind = FaultKind::Records(record.get_ref().clone());
        gathered.at(record.span(), kind);
    }
    Gateway {
        record: record.map(|record| folder.join(record.get_ref())),
        name: name.unwrap_or_else(|| DEFAULT_GATEWAY.to_owned()),
        state: folder.join(state),
        watch: raw.watch.unwrap_or(true),
    }
}

fn resolve_server(
    raw: &RawServer,
    folder: &Path,
    gathered: &mut Gathered<'_>,
) -> Option<(ServerName, Server)> {
    let command = raw.command.as_ref().map(|command| {
        if let Some(program) = command.first() {
            refuse_unusable(program, "command", gathered);
        }
        for argument in command.iter().skip(1) {
            refuse_nul(argument, "command", gathered);
        }
        command.iter().map(|text| text.get_ref().clone()).collect()
    });
    let (env, set_env) = environment(raw, gathered);
    let cwd = raw
        .cwd
        .as_ref()
        .and_then(|cwd| refuse_unusable(cwd, "cwd", gathered).then(|| folder.join(cwd.get_ref())));
    let timeout = raw.timeout.as_ref();
    let timeout = timeout.and_then(|text| duration("timeout", text, TIMEOUT, gathered));
    let name = ServerName::parse(raw.name.get_ref());
    if name.is_err() {
        gathered.at(raw.name.span(), bad_name("server", &raw.name));
    }
    let server = Server {
        command,
        env,
        set_env,
        cwd,
        timeout: timeout.unwrap_or(DEFAULT_TIMEOUT),
    };
    Some((name.ok()?, server))
}

fn environment(
    raw: &RawServer,
    gathered: &mut Gathered<'_>,
) -> (Vec<String>, BTreeMap<String, EnvValue>) {
    let mut env: Vec<String> = DEFAULT_ENV.map(str::to_owned).to_vec();
    if let Some(listed) = &raw.env {
        refuse_variables(listed.iter(), gathered);
        refuse_repeated(listed, "env", gathered);
        env = listed.iter().map(|name| name.get_ref().clone()).collect();
    }
    refuse_variables(raw.set_env.iter().map(|(name, _)| name), gathered);
    for (name, value) in &raw.set_env {
        refuse_nul(value, &format!("set_env.{}", name.get_ref()), gathered);
        if raw.env.is_some() && env.contains(name.get_ref()) {
            let kind = FaultKind::VariableTwice(name.get_ref().clone());
            gathered.at(name.span(), kind);
        }
    }
    let set_env: BTreeMap<String, EnvValue> = raw
        .set_env
        .iter()
        .map(|(name, value)| (name.get_ref().clone(), EnvValue(value.get_ref().clone())))
        .collect();
    env.retain(|name| !set_env.contains_key(name));
    (env, set_env)
}

pub(super) fn refuse_variables<'a>(
    names: impl Iterator<Item = &'a Text>,
    gathered: &mut Gathered<'_>,
) {
    for name in names {
        let text = name.get_ref();
        let is_name = text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
        if text.is_empty() || !is_name || text.starts_with(|c: char| c.is_ascii_digit()) {
            gathered.at(name.span(), FaultKind::Variable(text.clone()));
        }
    }
}

fn methods(raw: &RawConfig, gathered: &mut Gathered<'_>) -> BTreeMap<String, MethodRule> {
    let mut methods = BTreeMap::new();
    for (method, word) in &raw.methods {
        let text = method.get_ref();
        let odd = |c: char| c.is_whitespace() || c.is_control() || c == '*';
        let fault = if text.is_empty() || text.len() > MAX_METHOD || text.contains(odd) {
            Some(FaultKind::Method(text.clone()))
        } else if text == name::TOOLS_CALL {
            Some(FaultKind::ToolCall)
        } else if Route::of_client(text) != Route::Other || Route::of_server(text) != Route::Other {
            Some(FaultKind::OwnRoute(text.clone()))
        } else {
            None
        };
        if let Some(fault) = fault {
            gathered.at(method.span(), fault);
        }
        let choices = [("judge", MethodRule::Judge), ("pass", MethodRule::Pass)];
        if let Some(rule) = choice("methods", word, choices, gathered) {
            methods.insert(text.clone(), rule);
        }
    }
    methods
}

/// One of a few words.
pub(super) fn choice<T: Copy, const N: usize>(
    key: &'static str,
    word: &Text,
    choices: [(&'static str, T); N],
    gathered: &mut Gathered<'_>,
) -> Option<T> {
    let found = choices.iter().find(|(name, _)| name == word.get_ref());
    if found.is_none() {
        let names = choices.map(|(name, _)| name);
        let kind = FaultKind::Choice {
            key,
            text: word.get_ref().clone(),
            choices: quoted(names),
            near: nearest(word.get_ref(), names).map(str::to_owned),
        };
        gathered.at(word.span(), kind);
    }
    found.map(|(_, value)| *value)
}

/// A time between two bounds.
pub(super) fn duration(
    key: &'static str,
    text: &Text,
    (min, max): (Duration, Duration),
    gathered: &mut Gathered<'_>,
) -> Option<Duration> {
    let Some(value) = units::duration(text.get_ref()) else {
        let text_of = text.get_ref().clone();
        gathered.at(text.span(), FaultKind::Duration { text: text_of });
        return None;
    };
    let kind = FaultKind::OutOfRange {
        key,
        text: text.get_ref().clone(),
        min: units::show_duration(min),
        max: units::show_duration(max),
    };
    within(value, (min, max), Spanned::new(text.span(), kind), gathered)
}

/// A size between two bounds, in bytes.
pub(super) fn size(
    key: &'static str,
    text: &Text,
    (min, max): (u64, u64),
    gathered: &mut Gathered<'_>,
) -> Option<u64> {
    let Some(value) = units::size(text.get_ref()) else {
        let text_of = text.get_ref().clone();
        gathered.at(text.span(), FaultKind::Size { text: text_of });
        return None;
    };
    let kind = FaultKind::OutOfRange {
        key,
        text: text.get_ref().clone(),
        min: units::show_size(min),
        max: units::show_size(max),
    };
    within(value, (min, max), Spanned::new(text.span(), kind), gathered)
}

/// A value between two bounds, or the fault that says that it is not.
pub(super) fn within<T: PartialOrd>(
    value: T,
    (min, max): (T, T),
    kind: Spanned<FaultKind>,
    gathered: &mut Gathered<'_>,
) -> Option<T> {
    if min <= value && value <= max {
        return Some(value);
    }
    gathered.at(kind.span(), kind.into_inner());
    None
}

/// A name of the operator's that is not of the form of names.
pub(super) fn bad_name(what: &'static str, name: &Text) -> FaultKind {
    FaultKind::Name {
        what,
        text: name.get_ref().clone(),
    }
}

/// Whether a path or program is neither empty nor holds a NUL, with a fault if not.
pub(super) fn refuse_unusable(text: &Text, key: &str, gathered: &mut Gathered<'_>) -> bool {
    if text.get_ref().is_empty() {
        gathered.at(text.span(), FaultKind::Empty(key.to_owned()));
        return false;
    }
    refuse_nul(text, key, gathered)
}

/// Whether a text can be handed to the operating system, which ends texts at a NUL.
fn refuse_nul(text: &Text, key: &str, gathered: &mut Gathered<'_>) -> bool {
    let has_nul = text.get_ref().contains('\0');
    if has_nul {
        gathered.at(text.span(), FaultKind::Nul(key.to_owned()));
    }
    !has_nul
}
