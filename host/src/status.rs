//! What a running gateway tells of itself.

use serde::{Deserialize, Serialize};
use wardlet_audit::{WriterRole, rfc3339};

use crate::reload::{Last, Pin, Running};

/// A running gateway at one moment.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Status {
    /// Its process.
    pub pid: u32,
    /// Its program and version, as in entries.
    pub build: String,
    /// When it started: RFC 3339, UTC.
    pub since: String,
    /// Its name.
    pub gateway: String,
    /// The server that it stands in front of.
    pub server: String,
    /// Its configuration file.
    pub config: String,
    /// Whether it reloads when a file changes.
    pub watch: bool,
    /// The digest of the policy set by which calls are judged that begin now.
    pub policy_set: String,
    /// The plugins of that set.
    pub plugins: Vec<Pin>,
    /// How many rules it has.
    pub rules: usize,
    /// The last reload; none where there was none.
    pub last_reload: Option<Reload>,
    /// Calls that were begun and are not answered: judged, held, or with the server.
    pub calls_under_way: u64,
    /// Calls among them that wait for a human.
    pub calls_waiting: usize,
    /// Whether it writes the log itself, and for the other gateways over the folder.
    pub writes_log: bool,
    /// How many entries the last checkpoint of the log covers; none before the first one.
    pub log_published: Option<u64>,
    /// Why the log is not published any further; none where it is.
    pub log_problem: Option<String>,
    /// How many entries the witnesses of the policy have cosigned; none where none are named, or nothing was cosigned.
    pub log_witnessed: Option<u64>,
    /// What is wrong with the witnesses; none where nothing is.
    pub witness_problem: Option<String>,
    /// How many values that entries commit to were kept since it started.
    pub values_kept: u64,
    /// How many were not: too long, or lost.
    pub values_not_kept: u64,
    /// Why values are not kept any more; none where they are.
    pub vault_problem: Option<String>,
}

/// A reload.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Reload {
    /// When it ended: RFC 3339, UTC.
    pub time: String,
    /// Who asked for it: `command`, `signal` or `watch`.
    pub trigger: String,
    /// Whether the configuration was taken.
    pub taken: bool,
    /// What it changed, or what is wrong, for people.
    pub lines: Vec<String>,
}

impl Status {
    /// Looks at a gateway.
    #[must_use]
    pub fn of(running: &Running) -> Self {
        let (config, set) = (running.config(), running.gate().policy_set());
        let path = std::path::absolute(&config.source);
        let published = running.gate().log().published();
        let standing = running.gate().witnesses().map(|all| all.standing());
        let standing = standing.unwrap_or_default();
        let kept = running.gate().principals().kept();
        let plugins = set.plugins().iter().map(|bound| Pin {
            name: bound.name.to_string(),
            digest: bound.digest.clone(),
        });
        Status {
            pid: std::process::id(),
            build: crate::state::build(),
            since: rfc3339(running.since_ms()),
            gateway: config.gateway.name.clone(),
            server: running.fixed().server.to_string(),
            config: path
                .as_ref()
                .unwrap_or(&config.source)
                .display()
                .to_string(),
            watch: config.gateway.watch,
            policy_set: set.digest().to_owned(),
            plugins: plugins.collect(),
            rules: config.rules.len(),
            last_reload: running.last().map(Reload::from),
            calls_under_way: running.gate().under_way(),
            calls_waiting: running.approvals().list().len(),
            writes_log: running.gate().log().role() == WriterRole::Owner,
            log_published: published.size,
            log_problem: published.error,
            log_witnessed: standing.witnessed,
            witness_problem: standing.problem,
            values_kept: kept.written,
            values_not_kept: kept.too_long + kept.lost,
            vault_problem: kept.problem,
        }
    }
}

impl From<Last> for Reload {
    fn from(last: Last) -> Self {
        Reload {
            time: rfc3339(last.time_ms),
            trigger: last.trigger.word().to_owned(),
            taken: last.taken,
            lines: last.lines,
        }
    }
}
