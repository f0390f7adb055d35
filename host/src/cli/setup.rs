//! What several commands begin with: the log, the configuration, the plugins.

use std::fs::{File, OpenOptions};
use std::io::Read as _;
use std::path::Path;
use std::sync::Mutex;

use indicatif::{ProgressBar, ProgressStyle};
use tracing_subscriber::EnvFilter;
use wardlet_audit::witness::{MAX_POLICY_BYTES, Policy};
use wardlet_call::ServerName;
use wardlet_keys::VerifyingKey;
use wardlet_sandbox::{CAPABILITIES, Cache};

use super::say::{self, Failure, UNREADABLE, WRONG};
use super::{LogFormat, Logging, compile};
use crate::config::{Config, Server};
use crate::gate::PolicySet;
use crate::load::{self, Grounds};
use crate::plugins::PluginSet;
use crate::reach::Outside;
use crate::session::Launch;

/// Sends the gateway's log to standard error or a file.
pub(super) fn logging(logging: &Logging) -> Result<(), Failure> {
    let filter = EnvFilter::try_new(&logging.levels).map_err(|_| {
        Failure::new(
            WRONG,
            format!("`{}` is no list of log levels", logging.levels),
        )
        .hint(Some("write for example `info`, or `warn,wardlet=debug`"))
    })?;
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(false);
    let file = logging.log_file.as_ref().map(|path| {
        OpenOptions::new()
            .create(true)
            .append(true)
            .open(path)
            .map_err(|error| {
                Failure::new(
                    UNREADABLE,
                    format!("cannot write `{}`: {error}", path.display()),
                )
            })
    });
    match (file.transpose()?, logging.log_format) {
        (Some(file), LogFormat::Text) => builder.with_writer(Mutex::new(file)).init(),
        (Some(file), LogFormat::Json) => builder.json().with_writer(Mutex::new(file)).init(),
        (None, LogFormat::Text) => {
            builder
                .with_ansi(say::colour())
                .with_writer(std::io::stderr)
                .init();
        }
        (None, LogFormat::Json) => builder.json().with_writer(std::io::stderr).init(),
    }
    Ok(())
}

/// Reads a configuration. Everything that is wrong with it is shown at once.
pub(super) fn load(path: &Path, json: bool) -> Result<Config, Failure> {
    if !path.exists() {
        return Err(Failure::new(
            WRONG,
            format!("there is no configuration `{}`", path.display()),
        )
        .hint(Some(
            "write one with `wardlet init -- COMMAND…`, or name yours with `--config FILE`",
        )));
    }
    Config::load(path, CAPABILITIES).map_err(|faults| {
        if json {
            say::json(&faults.to_json());
            return Failure::rendered(WRONG, String::new());
        }
        Failure::rendered(WRONG, faults.render(say::colour()))
    })
}

/// Loads the plugins of a configuration, with what they reach outside, and binds its rules. Compiled
/// plugins are kept in `cache`.
pub(super) fn bind(
    config: &Config,
    cache: Option<Cache>,
    outside: Outside,
) -> Result<(Grounds, PolicySet), Failure> {
    let grounds = Grounds {
        sandbox: compile::sandbox(cache)?,
        outside,
    };
    let bar = bar(config.plugins.len() as u64, "plugins loaded");
    let set = load::policy_set(&grounds, config, &PluginSet::default(), &|_| bar.inc(1));
    bar.finish_and_clear();
    let set = set.map_err(|faults| Failure::rendered(WRONG, load::render(&faults)))?;
    Ok((grounds, set))
}

/// A bar on standard error. It draws nothing where no person looks on.
pub(super) fn bar(length: u64, what: &str) -> ProgressBar {
    let bar = ProgressBar::new(length);
    let style = ProgressStyle::with_template("{bar:30} {pos}/{len} {msg}");
    bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
    bar.set_message(what.to_owned());
    bar
}

/// The server that a command is about: the only one, or the one that is named.
pub(super) fn server<'a>(
    config: &'a Config,
    named: Option<&str>,
) -> Result<(&'a ServerName, &'a Server), Failure> {
    let names: Vec<&str> = config.servers.keys().map(ServerName::as_str).collect();
    let found = match named {
        Some(name) => config
            .servers
            .iter()
            .find(|(server, _)| server.as_str() == name),
        None if config.servers.len() == 1 => config.servers.iter().next(),
        None => None,
    };
    found.ok_or_else(|| {
        let error = match named {
            Some(name) => format!("the configuration has no server `{name}`"),
            None => "the configuration has several servers".to_owned(),
        };
        Failure::new(WRONG, error).hint(Some(format!(
            "name one with `--server`: {}",
            names.join(", ")
        )))
    })
}

/// How to start a server: by the configuration, by the command line, or by both if they agree.
pub(super) fn launch(server: &Server, command: &[String]) -> Result<Launch, Failure> {
    let command = match (&server.command, command) {
        (Some(configured), []) => configured.clone(),
        (None, []) => {
            return Err(
                Failure::new(WRONG, "no command starts the server").hint(Some(
                    "put it behind `--`, or into `command` of the server's section",
                )),
            );
        }
        (Some(configured), given) if configured != given => {
            return Err(
                Failure::new(WRONG, "the command behind `--` is not the configured one")
                    .hint(Some("leave it out: what was reviewed is what runs")),
            );
        }
        (_, given) => given.to_vec(),
    };
    Ok(Launch {
        command,
        env: server.env.clone(),
        set_env: server
            .set_env
            .iter()
            .map(|(name, value)| (name.clone(), value.as_str().to_owned()))
            .collect(),
        cwd: server.cwd.clone(),
    })
}

/// A runtime on this thread: a session has one agent and one upstream, and a second thread would
/// only make their lines change hands.
pub(super) fn runtime() -> Result<tokio::runtime::Runtime, Failure> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::new(UNREADABLE, format!("no runtime: {error}")))
}

/// The operating system's user that runs this, as principals are named.
pub(super) fn user() -> String {
    format!("uid:{}", rustix::process::getuid().as_raw())
}

/// The verifier keys in a file, one a line.
pub(super) fn keys(path: &Path) -> Result<Vec<VerifyingKey>, Failure> {
    let text = std::fs::read_to_string(path).map_err(|error| {
        Failure::new(
            UNREADABLE,
            format!("cannot read the log's key `{}`: {error}", path.display()),
        )
        .hint(Some(
            "the gateway writes it beside its log when it first runs",
        ))
    })?;
    let keys = text.lines().map(str::trim).map(str::parse);
    keys.collect::<Result<_, _>>().map_err(|error| {
        let error = format!("`{}` holds no verifier key: {error}", path.display());
        Failure::new(WRONG, error)
    })
}

/// A file of at most so many bytes, and one more of a longer one, which is refused by who reads it.
pub(super) fn read(path: &Path, most: usize) -> Result<Vec<u8>, Failure> {
    let mut bytes = Vec::new();
    let read = File::open(path).and_then(|file| {
        let most = u64::try_from(most).unwrap_or(u64::MAX);
        file.take(most.saturating_add(1)).read_to_end(&mut bytes)
    });
    let unread = |error| {
        Failure::new(
            UNREADABLE,
            format!("cannot read `{}`: {error}", path.display()),
        )
    };
    read.map(|_| bytes).map_err(unread)
}

/// The policy in a file.
pub(super) fn policy(path: &Path) -> Result<Policy, Failure> {
    let bytes = read(path, MAX_POLICY_BYTES)?;
    let wrong = |error: &dyn std::fmt::Display| {
        Failure::new(WRONG, format!("`{}` is no policy: {error}", path.display())).hint(Some(
            "the form is that of C2SP tlog-policy: lines with `witness`, `group` and `quorum`",
        ))
    };
    let text = str::from_utf8(&bytes).map_err(|error| wrong(&error))?;
    text.parse().map_err(|error| wrong(&error))
}

/// The policy of the log's witnesses, where some are named. One that asks for nobody is a mistake.
pub(super) fn witnesses(config: &Config) -> Result<Option<Policy>, Failure> {
    let Some(terms) = &config.log.witnesses else {
        return Ok(None);
    };
    let policy = policy(&terms.policy)?;
    if policy.asks_for_none() {
        let path = terms.policy.display();
        let error =
            format!("the policy `{path}` asks for no witness, so that nothing would be witnessed");
        return Err(Failure::new(WRONG, error)
            .hint(Some("say in it how many have to cosign: `quorum <name>`")));
    }
    Ok(Some(policy))
}
