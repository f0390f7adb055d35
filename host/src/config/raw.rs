//! The shape of the file: which keys stand where, as text with their places.

use toml::Spanned;
use toml::de::DeTable;
use wardlet_call::Json;

use super::bucket::{self, RawBucket};
use super::fault::{Gathered, Span};
use super::kind::FaultKind;
use super::limits::{self, RawLimits};
use super::outside::RawOutside;
use super::secret::{self, RawSecret};
use super::settings::to_json;
use super::table::{Node, Table, in_order, table_of, text_of, wrong};

/// A text with its place.
pub(super) type Text = Spanned<String>;

/// A list of texts; none where the key is absent.
pub(super) type Texts = Option<Vec<Text>>;

const ROOT: &[&str] = &[
    "gateway", "log", "server", "bucket", "secret", "plugin", "rule", "methods",
];
const GATEWAY: &[&str] = &["name", "state", "watch", "record"];
const LOG: &[&str] = &[
    "signer",
    "signer_uid",
    "witnesses",
    "witness_lag",
    "on_lag",
    "keep",
];
const SERVER: &[&str] = &["command", "env", "set_env", "cwd", "timeout"];
const PLUGIN: &[&str] = &[
    "component",
    "digest",
    "grants",
    "sees",
    "settings",
    "limits",
    "store",
    "buckets",
    "http",
    "folders",
    "secrets",
];
const STORE: &[&str] = &["quota"];
const RULE: &[&str] = &[
    "name",
    "mode",
    "tools",
    "methods",
    "policies",
    "redactors",
    "risk",
    "approval",
    "arguments",
    "replacement",
];
const APPROVAL: &[&str] = &["expires"];

/// More rules are refused: each call is held against every one of them, and each rule against
/// every other when the file is read.
pub(super) const MAX_RULES: usize = 256;

/// The whole file.
#[derive(Default)]
pub(super) struct RawConfig {
    pub(super) gateway_name: Option<Text>,
    pub(super) state: Option<Text>,
    pub(super) watch: Option<bool>,
    pub(super) record: Option<Text>,
    pub(super) log: RawLog,
    pub(super) servers: Vec<RawServer>,
    pub(super) buckets: Vec<RawBucket>,
    pub(super) secrets: Vec<RawSecret>,
    pub(super) plugins: Vec<RawPlugin>,
    pub(super) rules: Vec<RawRule>,
    /// Whether a part of the rules could not be read.
    pub(super) rules_faulty: bool,
    pub(super) methods: Vec<(Text, Text)>,
}

/// `[log]`
#[derive(Default)]
pub(super) struct RawLog {
    pub(super) signer: Option<Text>,
    pub(super) signer_uid: Option<Spanned<u64>>,
    pub(super) witnesses: Option<Text>,
    pub(super) witness_lag: Option<Text>,
    pub(super) on_lag: Option<Text>,
    pub(super) keep: Option<Text>,
}

/// One `[server.<name>]`.
pub(super) struct RawServer {
    pub(super) name: Text,
    pub(super) command: Texts,
    pub(super) env: Texts,
    pub(super) set_env: Vec<(Text, Text)>,
    pub(super) cwd: Option<Text>,
    pub(super) timeout: Option<Text>,
}

/// One `[plugin.<name>]`.
pub(super) struct RawPlugin {
    pub(super) name: Text,
    pub(super) component: Option<Text>,
    pub(super) digest: Option<Text>,
    pub(super) grants: Texts,
    pub(super) sees: Texts,
    pub(super) settings: Json,
    pub(super) limits: RawLimits,
    /// The place of `store`, and its quota.
    pub(super) store: Option<(Span, Option<Text>)>,
    /// The place of `buckets`, and what it lists.
    pub(super) buckets: Option<(Span, Vec<Text>)>,
    pub(super) outside: RawOutside,
}

impl RawPlugin {
    /// The names in `buckets`.
    pub(super) fn listed_buckets(&self) -> &[Text] {
        self.buckets.as_ref().map_or(&[], |(_, listed)| listed)
    }
}

/// One `[[rule]]`.
pub(super) struct RawRule {
    /// Whether a part of it could not be read.
    pub(super) faulty: bool,
    pub(super) name: Option<Text>,
    /// Where a fault of the rule as a whole is shown.
    pub(super) span: Span,
    pub(super) mode: Option<Text>,
    pub(super) tools: Texts,
    pub(super) methods: Texts,
    pub(super) policies: Texts,
    pub(super) redactors: Texts,
    pub(super) risk: Option<Text>,
    pub(super) approval: Option<Option<Text>>,
    pub(super) arguments: Option<Text>,
    pub(super) replacement: Option<Text>,
}

/// Reads the document.
pub(super) fn read(document: &DeTable<'_>, gathered: &mut Gathered<'_>) -> RawConfig {
    let root = Table::open(document, ("the file", 0..0), ROOT, gathered);
    let mut config = RawConfig::default();
    if let Some(gateway) = root.table(("gateway", "`[gateway]`"), GATEWAY, gathered) {
        config.gateway_name = gateway.text("name", gathered);
        config.state = gateway.text("state", gathered);
        config.watch = gateway.boolean("watch", gathered);
        config.record = gateway.text("record", gathered);
    }
    if let Some(log) = root.table(("log", "`[log]`"), LOG, gathered) {
        config.log = RawLog {
            signer: log.text("signer", gathered),
            signer_uid: log.count("signer_uid", gathered),
            witnesses: log.text("witnesses", gathered),
            witness_lag: log.text("witness_lag", gathered),
            on_lag: log.text("on_lag", gathered),
            keep: log.text("keep", gathered),
        };
    }
    for (name, node) in named(&root, "server", gathered) {
        let place = format!("`[server.{}]`", name.get_ref());
        if let Some(entries) = table_of(node, &place_key("server", &name), gathered) {
            let table = Table::open(entries, (&place, name.span()), SERVER, gathered);
            config.servers.push(server(name, &table, gathered));
        }
    }
    for (name, node) in named(&root, "bucket", gathered) {
        let place = format!("`[bucket.{}]`", name.get_ref());
        if let Some(entries) = table_of(node, &place_key("bucket", &name), gathered) {
            let table = Table::open(entries, (&place, name.span()), bucket::KEYS, gathered);
            config.buckets.push(RawBucket::read(name, &table, gathered));
        }
    }
    for (name, node) in named(&root, "secret", gathered) {
        let place = format!("`[secret.{}]`", name.get_ref());
        if let Some(entries) = table_of(node, &place_key("secret", &name), gathered) {
            let table = Table::open(entries, (&place, name.span()), secret::KEYS, gathered);
            config.secrets.push(RawSecret::read(name, &table, gathered));
        }
    }
    for (name, node) in named(&root, "plugin", gathered) {
        let place = format!("`[plugin.{}]`", name.get_ref());
        if let Some(entries) = table_of(node, &place_key("plugin", &name), gathered) {
            let table = Table::open(entries, (&place, name.span()), PLUGIN, gathered);
            config.plugins.push(plugin(name, &table, gathered));
        }
    }
    let before = gathered.errors();
    config.rules = rules(&root, gathered);
    config.rules_faulty = gathered.errors() > before;
    if let Some(methods) = root.entries("methods", gathered) {
        config.methods = pairs(methods, "methods", gathered);
    }
    config
}

fn place_key(kind: &str, name: &Text) -> String {
    format!("{kind}.{}", name.get_ref())
}

/// The members of `[kind]` with their names, in the order of the text.
fn named<'t, 'i>(
    root: &Table<'t, 'i>,
    kind: &str,
    gathered: &mut Gathered<'_>,
) -> Vec<(Text, &'t Node<'i>)> {
    let Some(entries) = root.entries(kind, gathered) else {
        return Vec::new();
    };
    in_order(entries)
        .into_iter()
        .map(|(key, node)| (Spanned::new(key.span(), key.get_ref().to_string()), node))
        .collect()
}

/// The members of a table whose values are strings, in the order of the text.
fn pairs(entries: &DeTable<'_>, place: &str, gathered: &mut Gathered<'_>) -> Vec<(Text, Text)> {
    in_order(entries)
        .into_iter()
        .filter_map(|(key, node)| {
            let name = key.get_ref();
            let value = text_of(node, &format!("{place}.{name}"), gathered)?;
            Some((Spanned::new(key.span(), name.to_string()), value))
        })
        .collect()
}

fn server(name: Text, table: &Table<'_, '_>, gathered: &mut Gathered<'_>) -> RawServer {
    let set_env = table.entries("set_env", gathered);
    table.refuse_empty("command", gathered);
    RawServer {
        name,
        command: table.texts("command", gathered),
        env: table.texts("env", gathered),
        set_env: set_env
            .map(|entries| pairs(entries, "set_env", gathered))
            .unwrap_or_default(),
        cwd: table.text("cwd", gathered),
        timeout: table.text("timeout", gathered),
    }
}

fn plugin(name: Text, table: &Table<'_, '_>, gathered: &mut Gathered<'_>) -> RawPlugin {
    let component = table.required("component", gathered);
    let settings = match table.node("settings") {
        Some(node) if node.get_ref().is_table() => to_json(node, gathered),
        Some(node) => {
            wrong(node, "settings", "a table", gathered);
            Json::Null
        }
        None => Json::Object(Vec::new()),
    };
    let limits = table.table(("limits", "`limits`"), limits::KEYS, gathered);
    let limits = limits.map(|table| RawLimits::read(&table, gathered));
    let store = table.table(("store", "`store`"), STORE, gathered);
    let store = store.map(|store| (store.span.clone(), store.text("quota", gathered)));
    let buckets = table.set("buckets", gathered);
    RawPlugin {
        name,
        component,
        digest: table.text("digest", gathered),
        grants: table.texts("grants", gathered),
        sees: table.texts("sees", gathered),
        settings,
        limits: limits.unwrap_or_default(),
        store,
        buckets: buckets.map(|listed| (table.key_span("buckets"), listed)),
        outside: RawOutside::read(table, gathered),
    }
}

fn rules(root: &Table<'_, '_>, gathered: &mut Gathered<'_>) -> Vec<RawRule> {
    let Some(node) = root.node("rule") else {
        return Vec::new();
    };
    let Some(items) = node.get_ref().as_array() else {
        wrong(node, "rule", "a list of tables, each `[[rule]]`", gathered);
        return Vec::new();
    };
    if let Some(item) = items.get(MAX_RULES) {
        let kind = FaultKind::TooMany {
            what: "rules",
            max: MAX_RULES,
        };
        gathered.at(item.span(), kind);
    }
    items
        .iter()
        .take(MAX_RULES)
        .filter_map(|item| {
            let entries = table_of(item, "rule[…]", gathered)?;
            let place = match entries.get("name").and_then(|name| name.get_ref().as_str()) {
                Some(name) => format!("rule `{name}`"),
                None => "a rule".to_owned(),
            };
            let before = gathered.errors();
            let table = Table::open(entries, (&place, item.span()), RULE, gathered);
            let rule = rule(&table, gathered);
            let faulty = gathered.errors() > before;
            Some(RawRule { faulty, ..rule })
        })
        .collect()
}

fn rule(table: &Table<'_, '_>, gathered: &mut Gathered<'_>) -> RawRule {
    let name = table.required("name", gathered);
    let approval = table.node("approval").map(|_| {
        table
            .table(("approval", "`approval`"), APPROVAL, gathered)
            .and_then(|approval| approval.text("expires", gathered))
    });
    RawRule {
        faulty: false,
        span: name.as_ref().map_or(table.span.clone(), Spanned::span),
        name,
        mode: table.text("mode", gathered),
        tools: table.set("tools", gathered),
        methods: table.set("methods", gathered),
        policies: table.set("policies", gathered),
        redactors: table.set("redactors", gathered),
        risk: table.text("risk", gathered),
        approval,
        arguments: table.text("arguments", gathered),
        replacement: table.text("replacement", gathered),
    }
}
