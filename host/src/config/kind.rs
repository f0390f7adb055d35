//! Everything that can be wrong with a configuration, in the words that people read.

use std::io::ErrorKind;

use wardlet_call::ProjectionError;
use wardlet_reach::{HeaderError, UrlError};

use super::hint::{required_hint, type_hint};
use super::pattern::PatternError;

/// A list of names without any.
const NONE: &str = "none";

/// One kind of fault or warning. Texts in them come from the file, but never from values of
/// `set_env` or `settings`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum FaultKind {
    // The file.
    #[error("there is no such configuration file")]
    NoFile,
    #[error("the configuration cannot be read: {0}")]
    Unreadable(ErrorKind),
    #[error("the configuration is larger than 1 MiB")]
    TooLarge,
    #[error("the configuration is not UTF-8 from here on")]
    NotUtf8,
    #[error("{0}")]
    Syntax(String),

    // Its shape.
    #[error("unknown key `{key}` in {place}")]
    UnknownKey {
        key: String,
        place: String,
        known: &'static [&'static str],
        near: Option<&'static str>,
    },
    #[error("`{key}` must be {wanted}, not {given}")]
    WrongType {
        key: String,
        wanted: &'static str,
        given: &'static str,
    },
    #[error("{place} has no `{key}`")]
    Required { place: String, key: &'static str },
    #[error("`{0}` is empty")]
    Empty(String),
    #[error("`{text}` stands twice in `{key}`")]
    Repeated { key: String, text: String },
    #[error("`{0}` holds a NUL character")]
    Nul(String),
    #[error("more than {max} {what}")]
    TooMany { what: &'static str, max: usize },

    // Names and units.
    #[error("`{text}` cannot be the name of a {what}")]
    Name { what: &'static str, text: String },
    #[error("`allow-all` is the name of a built-in policy")]
    ReservedName,
    #[error("`{text}` is no time")]
    Duration { text: String },
    #[error("`{text}` is no size")]
    Size { text: String },
    #[error("`{0}` is no rate")]
    Rate(String),
    #[error("`{key}` is {text}, outside of {min} to {max}")]
    OutOfRange {
        key: &'static str,
        text: String,
        min: String,
        max: String,
    },
    #[error("`{text}` is no choice for `{key}`")]
    Choice {
        key: &'static str,
        text: String,
        choices: String,
        near: Option<String>,
    },

    // Servers.
    #[error("the configuration names no server")]
    NoServer,
    #[error("`{0}` cannot be the name of an environment variable")]
    Variable(String),
    #[error("`{0}` is both passed on by `env` and given a value by `set_env`")]
    VariableTwice(String),

    // Plugins.
    #[error("the digest of plugin `{0}` is not of the form `sha256:` and 64 hexadecimal digits")]
    DigestForm(String),
    #[error("unknown capability `{name}`")]
    Capability {
        name: String,
        known: String,
        near: Option<String>,
    },
    #[error(transparent)]
    Sees(#[from] ProjectionError),
    #[error("no bucket has the name `{name}`")]
    UnknownBucket {
        name: String,
        known: String,
        near: Option<String>,
    },
    #[error("`{text}` is no server: {why}")]
    Origin { text: String, why: UrlError },
    #[error("`{0}` is a private address, and `allow` reaches public ones only")]
    PrivateAddress(String),
    #[error("`{0}` has an address that is never connected to")]
    NoAddress(String),
    #[error("`{0}` stands in `allow` and in `allow_private`")]
    AllowedTwice(String),
    #[error("no secret has the name `{name}`")]
    UnknownSecret {
        name: String,
        known: String,
        near: Option<String>,
    },
    #[error("{0} needs one of `file`, `env` and `command`")]
    SecretSource(String),
    #[error("a secret cannot be attached as `{text}`: {why}")]
    Header { text: String, why: HeaderError },
    #[error("`prefix` cannot stand at the beginning of a header")]
    Prefix,
    #[error("secret `{0}` has no `header` that it could be attached as")]
    CannotAttach(String),
    #[error("a date cannot stand in `settings`")]
    SettingDate,
    #[error("a number in `settings` has no JSON form")]
    SettingNumber,
    /// An id that no user can have.
    #[error("`{0}` is no id of a user")]
    NoUser(u64),
    /// A user of a signer that there is not.
    #[error("`signer_uid` says as whom the signer runs, and no `signer` is named")]
    NoSigner,
    /// What is said about witnesses that there are none of.
    #[error("`{0}` is about witnesses, and no `witnesses` are named")]
    NoWitnesses(&'static str),

    // Rules.
    #[error("two rules have the name `{name}`")]
    RuleTwice { name: String, line: usize },
    #[error("`{text}` is no pattern: {why}")]
    Pattern { text: String, why: PatternError },
    #[error("no server has the name `{name}`")]
    UnknownServer {
        name: String,
        known: String,
        near: Option<String>,
    },
    #[error("no plugin has the name `{name}`")]
    UnknownPlugin {
        name: String,
        known: String,
        near: Option<String>,
    },
    #[error("`allow-all` is a policy; it redacts nothing")]
    AllowAllRedacts,
    #[error("rule `{0}` says neither for which tools nor for which methods it is")]
    NoScope(String),
    #[error("rule `{0}` has neither policies nor redactors, and asks for no approval")]
    NoEffect(String),
    #[error("rule `{name}` adds nothing to rule `{by}`")]
    Shadowed { name: String, by: String },

    // Methods.
    #[error("`{0}` cannot be the name of a method")]
    Method(String),
    #[error("`tools/call` cannot stand in `[methods]`")]
    ToolCall,
    #[error("`{0}` passes in any case and cannot stand in `[methods]`")]
    OwnRoute(String),
    #[error("no method that is to be judged matches `{0}`")]
    NotJudged(String),
    #[error("`{0}` is set to pass, so that no rule is asked about it")]
    Passes(String),

    // Warnings.
    #[error(
        "the gateway records: what plugins see of calls and answers is written in clear to `{0}`"
    )]
    Records(String),
    #[error("no rule uses plugin `{0}`")]
    UnusedPlugin(String),
    #[error("no rule is about server `{0}`: each of its tools is refused")]
    UnusedServer(String),
    #[error("only shadow rules are about server `{0}`: each of its tools is refused")]
    ShadowServer(String),
    #[error("no rule has policies: every tool call is refused")]
    NothingAllowed,
    #[error("only shadow rules have policies: every tool call is refused")]
    OnlyShadowsJudge,
    #[error("no rule with policies is about method `{0}`: it is refused")]
    NobodyJudges(String),
    #[error("only shadow rules have policies about method `{0}`: it is refused")]
    OnlyShadowsJudgeMethod(String),
    #[error("shadow rule `{name}` adds nothing to rule `{by}`")]
    TriesNothing { name: String, by: String },
    #[error("`allow-all` beside other policies turns their abstaining into allowing")]
    AllowAllBeside,
    #[error("`{0}` has no effect in a rule without redactors")]
    NothingRedacted(&'static str),
    #[error("`{0}` is not encrypted: whoever is on the way can read the secret")]
    PlainSecret(String),
    #[error("no plugin uses secret `{0}`")]
    UnusedSecret(String),
    #[error("no plugin takes from bucket `{0}`")]
    UnusedBucket(String),
    #[error("`{key}` has no effect without the grant {}", quoted_or(grants))]
    NotReached {
        key: &'static str,
        grants: &'static [&'static str],
    },
    #[error("redactor `{0}` sees nothing of arguments or results")]
    BlindRedactor(String),
}

impl FaultKind {
    /// Whether the configuration works in spite of it.
    pub(super) fn is_warning(&self) -> bool {
        matches!(
            self,
            Self::Records(_)
                | Self::UnusedPlugin(_)
                | Self::UnusedServer(_)
                | Self::ShadowServer(_)
                | Self::NothingAllowed
                | Self::OnlyShadowsJudge
                | Self::NobodyJudges(_)
                | Self::OnlyShadowsJudgeMethod(_)
                | Self::TriesNothing { .. }
                | Self::AllowAllBeside
                | Self::NothingRedacted(_)
                | Self::UnusedBucket(_)
                | Self::UnusedSecret(_)
                | Self::PlainSecret(_)
                | Self::NotReached { .. }
                | Self::BlindRedactor(_)
        )
    }

    /// Whether it says that something is absent, which nobody can tell while a part of the file
    /// could not be parsed.
    pub(super) fn is_about_absence(&self) -> bool {
        self.is_warning()
            || matches!(
                self,
                Self::Required { .. }
                    | Self::NoServer
                    | Self::UnknownServer { .. }
                    | Self::UnknownPlugin { .. }
                    | Self::UnknownBucket { .. }
                    | Self::UnknownSecret { .. }
                    | Self::SecretSource(_)
                    | Self::CannotAttach(_)
                    | Self::NoScope(_)
                    | Self::NoEffect(_)
                    | Self::Shadowed { .. }
                    | Self::NotJudged(_)
            )
    }

    /// Whether the line may show a credential: a key that a server does not have, and that no slip
    /// of the fingers explains, may be one that somebody put there.
    pub(super) fn may_show_secret(&self) -> bool {
        matches!(self, Self::UnknownKey { place, near: None, .. }
            if place.starts_with("`[server") || place.starts_with("`[secret"))
    }

    /// How to mend it.
    pub(super) fn hint(&self) -> Option<String> {
        let fixed = match self {
            Self::UnknownKey { near, known, .. } => {
                return Some(did_you_mean(
                    *near,
                    &format!("the keys here are {}", quoted(*known)),
                ));
            }
            Self::Choice { near, choices, .. } => {
                return Some(did_you_mean(
                    near.as_deref(),
                    &format!("it is one of {choices}"),
                ));
            }
            Self::Capability { near, known, .. } => {
                return Some(did_you_mean(
                    near.as_deref(),
                    &format!("the capabilities are {known}"),
                ));
            }
            Self::UnknownServer { near, known, .. } => {
                return Some(unknown("server", near.as_deref(), known));
            }
            Self::UnknownPlugin { near, known, .. } => {
                return Some(unknown("plugin", near.as_deref(), known));
            }
            Self::UnknownBucket { near, known, .. } => {
                return Some(unknown("bucket", near.as_deref(), known));
            }
            Self::UnknownSecret { near, known, .. } => {
                return Some(unknown("secret", near.as_deref(), known));
            }
            Self::RuleTwice { line, .. } => {
                return Some(format!(
                    "the other one stands in line {line}; entries and denials carry the name"
                ));
            }
            Self::Required { key, .. } => return required_hint(key).map(str::to_owned),
            Self::WrongType { key, wanted, .. } => {
                return type_hint(key, wanted).map(str::to_owned);
            }
            Self::Sees(error) => error.hint(),
            _ => return self.fixed_hint().map(str::to_owned),
        };
        Some(fixed.to_owned())
    }

    /// The hints that are the same for every fault of a kind.
    fn fixed_hint(&self) -> Option<&'static str> {
        Some(match self {
            Self::NoFile => "`wardlet init -- COMMAND…` writes one for the server that it starts",
            Self::TooLarge => "is this the right file?",
            Self::NotUtf8 => "save the file as UTF-8",
            Self::Repeated { .. } => "take one of them away",
            Self::Name { .. } => {
                "a name is 1 to 64 characters of `a-z`, `0-9` and `-`, and begins with a letter or digit"
            }
            Self::ReservedName => "choose another name for the plugin",
            Self::Duration { .. } => {
                "write a whole number and `ms`, `s`, `m` or `h`: `250ms`, `5m`"
            }
            Self::Size { .. } => {
                "write a whole number and `B`, `KiB`, `MiB` or `GiB`: `64KiB`, `16MiB`"
            }
            Self::Rate(_) => {
                "write a whole number, `/` and `s`, `m`, `h` or `d`: `10/m` is ten in a minute"
            }
            Self::NoServer => "add a table `[server.<name>]`",
            Self::Variable(_) => "letters, digits and `_`, and no digit at the beginning",
            Self::VariableTwice(_) => "take it out of one of them",
            Self::DigestForm(_) => {
                "the digits are lower case; without the line, `wardlet check` prints it as it should be"
            }
            Self::SettingDate => "write it as a string",
            Self::NoUser(_) => "`id -u <name>` prints the id of a user",
            Self::NoSigner => "add `signer = \"<path of its socket>\"`, or take `signer_uid` away",
            Self::NoWitnesses(_) => {
                "add `witnesses = \"<file with their policy>\"`, or take it away"
            }
            Self::SettingNumber => "write it as a string, or keep it finite and within 64 bits",
            Self::Pattern { .. } => {
                "write `<server>/<tool>`, for example `files/read_*` or `files/*`"
            }
            Self::AllowAllRedacts => "move it to `policies`, or name a plugin",
            Self::NoScope(_) => "add `tools = [\"<server>/*\"]`",
            Self::NoEffect(_) => {
                "add `policies`, `redactors`, `risk = \"high\"` or `approval`; `policies = [\"allow-all\"]` allows everything"
            }
            Self::Shadowed { .. } => "delete it, or narrow the other one's tools",
            Self::Method(_) => {
                "write it as MCP has it, for example `resources/read`, without wildcards"
            }
            Self::ToolCall => "tool calls are judged by the rules whose `tools` match",
            Self::OwnRoute(_) => {
                "the handshake, lists, pings, cancellation and progress belong to every session"
            }
            Self::NotJudged(_) => "name the method under `[methods]` with `\"judge\"`",
            Self::Passes(_) => {
                "set it to `\"judge\"` under `[methods]`, or take it out of the rule"
            }
            Self::Records(_) => {
                "for development alone: take `record` away where calls are those of people"
            }
            Self::UnusedPlugin(_) => "name it in the `policies` or `redactors` of a rule",
            Self::UnusedServer(_) => "add a rule with `tools = [\"<server>/*\"]`",
            Self::ShadowServer(_) | Self::OnlyShadowsJudge | Self::OnlyShadowsJudgeMethod(_) => {
                "a shadow rule never allows: take `mode = \"shadow\"` away where one is to enforce"
            }
            Self::TriesNothing { .. } => {
                "delete it: what it tries out is done or tried out by the other one"
            }
            Self::NothingAllowed => "a call passes only if a policy of a rule allows it",
            Self::NobodyJudges(_) => {
                "add a rule with policies and `methods = [\"<server>/<method>\"]`"
            }
            Self::AllowAllBeside => {
                "a rule needs one policy that allows; take `allow-all` away unless the others only refuse"
            }
            Self::NothingRedacted(_) => "add `redactors`, or take it away",
            Self::Origin { .. } => {
                "write scheme, host and port: `https://opa.example.com:443`; a name that is not in ASCII in its `xn--` form"
            }
            Self::PrivateAddress(_) => "if the plugin may reach it, list it in `allow_private`",
            Self::NoAddress(_) => {
                "link-local, multicast, reserved and metadata addresses cannot be granted"
            }
            Self::AllowedTwice(_) => "take it out of one of them",
            Self::SecretSource(_) => {
                "the secret itself does not stand in this file: name the file, the environment variable or the command that gives it"
            }
            Self::Header { .. } => "for example `header = \"authorization\"`",
            Self::Prefix => "visible ASCII: `prefix = \"Bearer \"`",
            Self::CannotAttach(_) => {
                "add `header` and `origins` to the secret, or take `\"attach\"` away"
            }
            Self::PlainSecret(_) => "write `https://`, if the server has it",
            Self::UnusedSecret(_) => "name it in the `secrets` of a plugin, or take it away",
            Self::UnusedBucket(_) => "name it in the `buckets` of a plugin, or take it away",
            Self::NotReached { .. } => "add it to `grants` of the plugin, or take the key away",
            Self::BlindRedactor(_) => "add `sees = [\"/arguments\", \"/result\"]` to the plugin",
            _ => return None,
        })
    }
}

fn did_you_mean(near: Option<&str>, otherwise: &str) -> String {
    match near {
        Some(near) => format!("did you mean `{near}`?"),
        None => otherwise.to_owned(),
    }
}

/// What to do about a name that no table of its kind has.
fn unknown(kind: &str, near: Option<&str>, known: &str) -> String {
    let otherwise = match known {
        NONE => format!("add a table `[{kind}.<name>]`"),
        _ => format!("the {kind}s are {known}"),
    };
    did_you_mean(near, &otherwise)
}

/// Names in backticks of which one is enough.
fn quoted_or(names: &[&str]) -> String {
    let names: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    names.join(" or ")
}

/// Names in backticks, separated by commas; [`NONE`] where there are none.
pub(super) fn quoted<S: AsRef<str>>(names: impl IntoIterator<Item = S>) -> String {
    let names: Vec<String> = names
        .into_iter()
        .map(|name| format!("`{}`", name.as_ref()))
        .collect();
    if names.is_empty() {
        return NONE.to_owned();
    }
    names.join(", ")
}
