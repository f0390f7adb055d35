//! The first configuration, for a server whose tools are known: what `wardlet init` writes.

use std::collections::BTreeSet;
use std::path::PathBuf;

use wardlet_call::{PluginName, ServerName};
use wardlet_keys::digest::pin;

mod text;

use super::rule::MAX_PATTERNS;
use text::{list, string};

/// The plugin that holds file paths against roots.
const PATH_GUARD: &str = "path-guard";

/// The plugin that lets listed tools through.
const TOOL_ALLOW: &str = "tool-allow";

/// The argument names that path-guard takes for paths when it is not told otherwise. All of them:
/// a `keys` that a starter writes replaces path-guard's own.
const PATH_ARGUMENTS: [&str; 25] = [
    "path",
    "paths",
    "source",
    "destination",
    "src",
    "dst",
    "from",
    "to",
    "file",
    "files",
    "file_path",
    "file_paths",
    "filename",
    "filenames",
    "directory",
    "directories",
    "dir",
    "dirs",
    "folder",
    "uri",
    "uris",
    "root",
    "repo_path",
    "cwd",
    "working_directory",
];

/// Endings of argument names (in lower case) that stand for paths too, in the styles of many servers.
const PATH_ENDINGS: [&str; 7] = [
    "path",
    "paths",
    "_file",
    "_files",
    "_dir",
    "directory",
    "folder",
];

/// Tools beyond this number are left out: a list that long is nobody's to read, and a server could
/// fill the file with them.
const MAX_TOOLS: usize = 1000;

/// At most this many argument names are added to those that path-guard knows.
const MAX_KEYS: usize = 32;

/// Longer argument names are left out: they come from the server.
const MAX_KEY_BYTES: usize = 64;

/// What a starter is made from.
#[derive(Clone, Debug)]
pub struct Starter<'a> {
    /// The server's name in the configuration.
    pub server: &'a ServerName,
    /// The program and its arguments.
    pub command: &'a [String],
    /// What the server says of its tools.
    pub tools: &'a [StarterTool],
    /// The plugins at hand.
    pub plugins: &'a [StarterPlugin],
    /// The absolute folders among the command's arguments that exist.
    pub roots: &'a [PathBuf],
}

/// A tool as the server describes it (MCP, `Tool` with `ToolAnnotations`).
#[derive(Clone, Debug, Default)]
pub struct StarterTool {
    /// Its name, as the server gave it.
    pub name: String,
    /// `readOnlyHint`
    pub read_only: Option<bool>,
    /// `destructiveHint`
    pub destructive: Option<bool>,
    /// The names of the arguments in its schema.
    pub arguments: Vec<String>,
}

/// A plugin at hand.
#[derive(Clone, Debug)]
pub struct StarterPlugin {
    /// The name it is to have in the configuration.
    pub name: PluginName,
    /// The path of its component, relative to the configuration or absolute.
    pub component: String,
    /// The component's SHA-256.
    pub digest: [u8; 32],
    /// The capabilities that its component imports, without which it does not load.
    pub grants: Vec<String>,
    /// What it exports.
    pub kind: StarterKind,
}

/// What a plugin at hand exports.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StarterKind {
    /// A policy. Used if it is named `path-guard` or `tool-allow`: of others the settings are not
    /// known.
    Policy,
    /// A redactor.
    Redactor,
}

/// The text of a starter configuration. It resolves without faults.
///
/// Tools that claim to be read-only are allowed; all others wait for a human, also those that
/// claim to change things without destroying any. Tools with paths among their arguments go through
/// `path-guard` if it is at hand and there are roots, the rest through `tool-allow`, or the built-in
/// `allow-all` where that is not at hand. Every redactor at hand is bound to every tool. Tools whose
/// names cannot stand in a pattern are left out, so that a server cannot smuggle a wildcard in, and
/// so are those after the first 1000.
#[must_use]
pub fn starter(of: &Starter<'_>) -> String {
    let plan = Plan::new(of);
    let mut out = String::from(HEAD);
    plan.server(&mut out);
    plan.plugins(&mut out);
    plan.rules(&mut out);
    out.push_str(TAIL);
    out
}

const HEAD: &str = "\
# What agents may do with the tools of this server. `wardlet check` says what is wrong with this file,
# and who sees what; until it is right, the gateway does not start.

[gateway]
name = \"wardlet\"       # part of the audit log's name
state = \".wardlet\"     # keys, audit log and caches, beside this file

";

const TAIL: &str = "
# Methods beside tool calls are refused unless they are named here: \"judge\" asks the rules whose
# `methods` match, for example methods = [\"<server>/resources/read\"]; \"pass\" lets them through,
# with an entry in the audit log.
# [methods]
# \"resources/read\" = \"judge\"
# \"logging/setLevel\" = \"pass\"
";

/// Which tool goes where.
struct Plan<'a> {
    of: &'a Starter<'a>,
    /// The tools that path-guard judges, with the arguments that it takes for paths.
    guarded: Vec<&'a StarterTool>,
    /// All others.
    listed: Vec<&'a StarterTool>,
    /// Those of both that a human must agree to.
    changing: Vec<&'a StarterTool>,
    left_out: usize,
    roots: Vec<&'a str>,
    redactors: Vec<&'a StarterPlugin>,
    guard: Option<&'a StarterPlugin>,
    allow: Option<&'a StarterPlugin>,
}

impl<'a> Plan<'a> {
    fn new(of: &'a Starter<'a>) -> Self {
        let policy = |name: &str| {
            of.plugins
                .iter()
                .find(|p| p.kind == StarterKind::Policy && p.name.as_str() == name)
        };
        let mut seen = BTreeSet::new();
        let is_new = |tool: &&'a StarterTool| is_usable(of.server, tool) && seen.insert(&tool.name);
        let usable = of.tools.iter().filter(is_new).take(MAX_TOOLS);
        let usable: Vec<&StarterTool> = usable.collect();
        let roots: Vec<&str> = of.roots.iter().filter_map(|root| root.to_str()).collect();
        let has_paths = |tool: &&StarterTool| tool.arguments.iter().any(|name| is_path(name));
        let guard =
            policy(PATH_GUARD).filter(|_| !roots.is_empty() && usable.iter().any(has_paths));
        let changing = usable
            .iter()
            .copied()
            .filter(|tool| tool.read_only != Some(true) || tool.destructive == Some(true));
        let changing = changing.collect();
        let (guarded, listed): (Vec<_>, Vec<_>) = usable
            .iter()
            .partition(|tool| guard.is_some() && has_paths(tool));
        let mut names = BTreeSet::new();
        let redactors = of.plugins.iter();
        let redactors =
            redactors.filter(|p| p.kind == StarterKind::Redactor && names.insert(&p.name));
        Plan {
            of,
            allow: policy(TOOL_ALLOW).filter(|_| !listed.is_empty()),
            guarded,
            listed,
            changing,
            left_out: of.tools.len() - usable.len(),
            roots,
            redactors: redactors.filter(|_| !usable.is_empty()).collect(),
            guard,
        }
    }

    fn server(&self, out: &mut String) {
        out.push_str(&format!("[server.{}]\n", self.of.server));
        if self.of.command.is_empty() {
            out.push_str("# The command is given after `wardlet run --`.\n");
        } else {
            let command = self.of.command.iter();
            out.push_str(&format!("command = {}\n", list(command)));
        }
        out.push_str(
            "# The server gets a few harmless variables such as PATH and HOME. Listing others here replaces\n\
             # that list; `set_env` sets values.\n\
             # env = [\"PATH\", \"HOME\"]\n\
             # set_env = { LOG_LEVEL = \"info\" }\n\
             # timeout = \"5m\"      # how long one call may take\n",
        );
    }

    fn plugins(&self, out: &mut String) {
        if let Some(guard) = self.guard {
            head(
                guard,
                "Judges file paths: whatever lies outside of the roots is refused.",
                out,
            );
            out.push_str("sees = [\"/arguments\"]\n");
            out.push_str(&format!("\n[plugin.{}.settings]\n", guard.name));
            out.push_str(&format!("roots = {}\n", list(&self.roots)));
            let found: BTreeSet<&str> = self
                .guarded
                .iter()
                .flat_map(|tool| tool.arguments.iter().map(String::as_str))
                .filter(|name| is_path(name) && !PATH_ARGUMENTS.contains(name))
                .take(MAX_KEYS)
                .collect();
            if !found.is_empty() {
                let keys = PATH_ARGUMENTS.into_iter().chain(found);
                out.push_str("# The arguments that hold paths, judged by their names.\n");
                out.push_str(&format!("keys = {}\n", list(keys)));
            }
        }
        if let Some(allow) = self.allow {
            head(
                allow,
                "Lets the tools of its list through and refuses others, also ones that the server adds later.",
                out,
            );
            out.push_str("sees = [\"/arguments\"]\n");
            out.push_str(&format!("\n[plugin.{}.settings.tools]\n", allow.name));
            for tool in &self.listed {
                let name = string(&tool.name);
                out.push_str(&format!("{name} = {{ other_arguments = \"allow\" }}\n"));
            }
        }
        for redactor in &self.redactors {
            head(
                redactor,
                "Searches arguments and answers for what must not pass, such as credentials.",
                out,
            );
            out.push_str("sees = [\"/arguments\", \"/result\"]\n");
        }
    }

    fn rules(&self, out: &mut String) {
        out.push_str(
            "\n# Each rule that matches a tool concludes by itself, and the strictest conclusion holds. A tool\n\
             # that no rule with policies is about is refused.\n",
        );
        if !self.guarded.is_empty() || !self.listed.is_empty() {
            out.push_str(
                "# Which tools only read is what the server claims of itself in its annotations; nobody checked it.\n",
            );
        }
        self.allowing_rules(out);
        if !self.changing.is_empty() {
            out.push_str(
                "\n# These tools change things, or do not claim that they only read: a human agrees to each call first.\n\
                 # Add a tool whose claim you doubt, and take one out to let it through without asking.\n",
            );
            self.rule(
                "people-agree-to-changes",
                &self.changing,
                "risk = \"high\"\n",
                out,
            );
        }
        if !self.redactors.is_empty() {
            out.push_str(
                "\n# A finding in the arguments refuses the call; in the answer it is masked.\n",
            );
            let names = self.redactors.iter().map(|p| p.name.as_str());
            let effect = format!("redactors = {}\n", list(names));
            let all: Vec<_> = self.guarded.iter().chain(&self.listed).copied().collect();
            self.rule("nothing-secret-passes", &all, &effect, out);
        }
        if self.left_out > 0 {
            out.push_str(&format!(
                "\n# Left out, since their names cannot stand in a rule or stand twice in the server's list: {}.\n",
                self.left_out
            ));
        }
    }

    fn allowing_rules(&self, out: &mut String) {
        if let Some(guard) = self.guard {
            let effect = format!("policies = [\"{}\"]\n", guard.name);
            out.push_str("\n# Tools with file paths among their arguments.\n");
            self.rule("files-inside-roots", &self.guarded, &effect, out);
        }
        if !self.listed.is_empty() {
            let policy = self.allow.map_or("allow-all", |allow| allow.name.as_str());
            let effect = format!("policies = [\"{policy}\"]\n");
            let of = if self.guard.is_some() {
                "\n# The other tools. What is in their arguments is not judged.\n"
            } else {
                "\n# The tools of the server. What is in their arguments is not judged.\n"
            };
            out.push_str(of);
            self.rule("listed-tools", &self.listed, &effect, out);
        }
    }

    fn rule(&self, name: &str, tools: &[&StarterTool], effect: &str, out: &mut String) {
        for (count, tools) in tools.chunks(MAX_PATTERNS).enumerate() {
            let number = if count == 0 {
                String::new()
            } else {
                format!("-{}", count + 1)
            };
            let patterns = tools.iter().map(|tool| pattern(self.of.server, tool));
            out.push_str(&format!(
                "[[rule]]\nname = \"{name}{number}\"\ntools = {}\n{effect}",
                list(patterns)
            ));
        }
    }
}

fn head(plugin: &StarterPlugin, what: &str, out: &mut String) {
    out.push_str(&format!(
        "\n# {what}\n[plugin.{}]\ncomponent = {}\ndigest = \"{}\"\n",
        plugin.name,
        string(&plugin.component),
        pin(&plugin.digest)
    ));
    if !plugin.grants.is_empty() {
        out.push_str(&format!("grants = {}\n", list(&plugin.grants)));
    }
}

fn pattern(server: &ServerName, tool: &StarterTool) -> String {
    format!("{server}/{}", tool.name)
}

/// Whether a rule can be about exactly this tool.
fn is_usable(server: &ServerName, tool: &StarterTool) -> bool {
    !tool.name.contains('*') && super::Pattern::parse(&pattern(server, tool)).is_ok()
}

fn is_path(argument: &str) -> bool {
    if argument.len() > MAX_KEY_BYTES {
        return false;
    }
    let lower = argument.to_ascii_lowercase();
    PATH_ARGUMENTS.contains(&lower.as_str()) || PATH_ENDINGS.iter().any(|end| lower.ends_with(end))
}

#[cfg(test)]
mod tests;
