//! The resolved configuration: every name refers to something, every unit is read.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use wardlet_call::{Json, Mode, PluginName, Projection, Replacement, RuleName, ServerName};

use wardlet_reach::{Attached, HttpGrant, SecretSource, Terms};
use wardlet_sandbox::Limits;

use super::fault::Faults;
use super::pattern::Pattern;

/// The gateway's name where the file gives none.
pub const DEFAULT_GATEWAY: &str = "wardlet";

/// The folder of keys, log and caches where the file names none: beside the file, out of sight.
pub const DEFAULT_STATE: &str = ".wardlet";

/// How long a call may wait for the server: builds and searches that tools run end within minutes,
/// and one that hangs must give its place back while the agent still remembers it.
pub const DEFAULT_TIMEOUT: Duration = Duration::from_secs(5 * 60);

/// How long the log may go on without its witnesses: one that restarts or is updated is back within minutes, and so
/// much of the log is all that anybody could rewrite unseen.
pub const DEFAULT_WITNESS_LAG: Duration = Duration::from_secs(5 * 60);

/// How long a held call waits for a human: MCP clients mostly give a request up after 60 s, and
/// the refusal must still reach them.
pub const DEFAULT_APPROVAL: Duration = Duration::from_secs(50);

/// The environment variables that a server gets where the file lists none: what programs need to
/// be found and started, to know the user's home and language, and where to put temporary files.
/// None of them customarily holds a credential.
pub const DEFAULT_ENV: [&str; 9] = [
    "HOME", "LANG", "LC_ALL", "LOGNAME", "PATH", "SHELL", "TMPDIR", "TZ", "USER",
];

/// A configuration without faults.
#[derive(Clone, Debug)]
pub struct Config {
    /// The file as it was named.
    pub source: PathBuf,
    /// Its folder, which relative paths begin at.
    pub folder: PathBuf,
    /// The gateway itself.
    pub gateway: Gateway,
    /// Its audit log.
    pub log: Log,
    /// The MCP servers behind it; at least one.
    pub servers: BTreeMap<ServerName, Server>,
    /// The plugins.
    pub plugins: BTreeMap<PluginName, Plugin>,
    /// The rules, in the order of the file; their names differ.
    pub rules: Vec<Rule>,
    /// What happens to methods beside tool calls; those that are not named are refused.
    pub methods: BTreeMap<String, MethodRule>,
    /// `sha256:` and the digest of the file's bytes.
    pub digest: String,
    /// What is odd but works.
    pub warnings: Faults,
}

impl Config {
    /// The rules about a tool, in the order of the file, whatever their mode.
    #[must_use]
    pub fn rules_for(&self, server: &ServerName, tool: &str) -> Vec<&Rule> {
        let is_about = |rule: &&Rule| rule.tools.iter().any(|p| p.matches(server, tool));
        self.rules.iter().filter(is_about).collect()
    }

    /// The rules about a method beside tool calls, in the order of the file, whatever their mode.
    #[must_use]
    pub fn rules_for_method(&self, server: &ServerName, method: &str) -> Vec<&Rule> {
        let is_about = |rule: &&Rule| rule.methods.iter().any(|p| p.matches(server, method));
        self.rules.iter().filter(is_about).collect()
    }
}

/// `[gateway]`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gateway {
    /// 1 to 64 characters of `a-z`, `0-9` and `-`; part of the log's origin.
    pub name: String,
    /// The folder of keys, log and caches.
    pub state: PathBuf,
    /// Whether a change of the file or of a component reloads.
    pub watch: bool,
    /// The folder in which each check is written down, in clear; none where none is. For development.
    pub record: Option<PathBuf>,
}

/// `[log]`
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Log {
    /// The process that signs checkpoints; none where a thread of the gateway does.
    pub signer: Option<Signer>,
    /// Who cosigns checkpoints; none where nobody is asked to.
    pub witnesses: Option<Witnesses>,
    /// What is kept of the values that entries commit to.
    pub keep: Keep,
}

/// What is kept in the vault: each one more than the one before.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Keep {
    /// Nothing.
    Nothing,
    /// The arguments of calls, and names that no server lists. The default: what an agent asked for is what
    /// auditors come for, and what a server answered may be anything.
    #[default]
    Arguments,
    /// Also the ids of requests, and the answers as they came from the server.
    All,
}

/// Who cosigns the log's checkpoints.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Witnesses {
    /// The file that says who and how many of them: a C2SP tlog-policy.
    pub policy: PathBuf,
    /// How long the log may go on without enough of their cosignatures: 10 s to 24 h.
    pub lag: Duration,
    /// Whether calls are refused after that, and not only an alarm is raised.
    pub stop: bool,
}

/// A process that signs checkpoints.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signer {
    /// Its socket.
    pub socket: PathBuf,
    /// The id of the user that it runs as; none for the gateway's own.
    pub uid: Option<u32>,
}

/// `[server.<name>]`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Server {
    /// The program and its arguments; none where the command line gives it. Never empty.
    pub command: Option<Vec<String>>,
    /// The names of the variables that are passed on; all others are withheld.
    pub env: Vec<String>,
    /// Variables with values of their own; none of them is in `env`.
    pub set_env: BTreeMap<String, EnvValue>,
    /// The folder it is started in; none for the gateway's own.
    pub cwd: Option<PathBuf>,
    /// How long a call may wait for its answer: 1 s to 24 h.
    pub timeout: Duration,
}

/// The value of an environment variable. It may be a credential, so that it is not shown by
/// `Debug`.
#[derive(Clone, PartialEq, Eq)]
pub struct EnvValue(pub(super) String);

impl EnvValue {
    /// The value.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for EnvValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(hidden)")
    }
}

/// `[plugin.<name>]`. By default it has no component, sees nothing and may do nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plugin {
    /// The component's file.
    pub component: PathBuf,
    /// The SHA-256 that the file must have. Without it the plugin does not load.
    pub digest: Option<[u8; 32]>,
    /// The capabilities it gets.
    pub grants: Vec<String>,
    /// The parts of a call it is shown.
    pub sees: Projection,
    /// Its settings; an object.
    pub settings: Json,
    /// What one check may use.
    pub limits: Limits,
    /// Bytes of entries and counters that it may keep between checks.
    pub quota: u64,
    /// The buckets that it may take from, with their terms.
    pub buckets: BTreeMap<String, Terms>,
    /// The servers that it may send requests to.
    pub http: Option<Http>,
    /// The folders that it may read, by their names.
    pub folders: BTreeMap<String, PathBuf>,
    /// The secrets that it may use, by their names.
    pub secrets: BTreeMap<String, SecretGrant>,
}

/// `http` of a plugin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Http {
    /// The servers and limits.
    pub grant: HttpGrant,
    /// The certificate authorities that are trusted, in PEM; none for those that Mozilla lists.
    pub ca: Option<PathBuf>,
}

/// `[secret.<name>]`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Secret {
    /// Where it comes from.
    pub source: SecretSource,
    /// As what it is attached to requests, and where to.
    pub attach: Option<Attached>,
    /// Whether signatures are of exactly the plugin's bytes.
    pub raw: bool,
}

/// A secret of a plugin, with what it may do with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SecretGrant {
    /// The secret.
    pub secret: Secret,
    /// Have bytes signed.
    pub hmac: bool,
    /// Attach it to requests.
    pub attach: bool,
}

/// `[[rule]]`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// Its name.
    pub name: RuleName,
    /// Whether it enforces, or is only tried out.
    pub mode: Mode,
    /// The tools it is about.
    pub tools: Vec<Pattern>,
    /// The methods it is about.
    pub methods: Vec<Pattern>,
    /// The policies that judge; a rule without any never allows.
    pub policies: Vec<PolicyRef>,
    /// The redactors that search.
    pub redactors: Vec<PluginName>,
    /// How long a human has to agree, where one must: 1 s to 24 h.
    pub approval: Option<Duration>,
    /// Whether the entry is on disk before the call leaves: `risk = "high"`.
    pub durable: bool,
    /// Whether a finding in the arguments is masked; otherwise it refuses the call.
    pub mask_arguments: bool,
    /// What takes the place of a finding in the answer.
    pub replacement: Replacement,
}

impl Rule {
    /// Whether it takes part in decisions; otherwise it is a shadow rule.
    #[must_use]
    pub fn enforces(&self) -> bool {
        self.mode == Mode::Enforce
    }
}

/// A policy of a rule.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum PolicyRef {
    /// One that the gateway has in itself.
    BuiltIn(BuiltIn),
    /// A plugin.
    Plugin(PluginName),
}

/// The policies that need no plugin.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum BuiltIn {
    /// `allow-all`: allows every call of the rule.
    AllowAll,
}

impl BuiltIn {
    /// Its name in the configuration, which no plugin may have.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            BuiltIn::AllowAll => "allow-all",
        }
    }

    /// The one with this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        [BuiltIn::AllowAll].into_iter().find(|b| b.name() == name)
    }
}

/// What happens to a method beside tool calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MethodRule {
    /// Rules judge it, like a tool call.
    Judge,
    /// It passes with an entry.
    Pass,
}
