//! What a gateway keeps from its start to its end, whatever its configuration says meanwhile.

use wardlet_call::ServerName;

use crate::config::{Config, Server};
use crate::load::LoadFault;
use crate::session::Launch;

/// What a running gateway was started with.
#[derive(Debug)]
pub struct Fixed {
    /// The server that it stands in front of.
    pub server: ServerName,
    /// How that server was started.
    pub launch: Launch,
}

/// What mends all of these.
const HINT: &str = "undo the change, or end the gateway and start it again";

impl Fixed {
    /// What another configuration would change that cannot be changed, a sentence for each.
    pub(super) fn compare(&self, old: &Config, new: &Config) -> Vec<LoadFault> {
        let mut wrong = Vec::new();
        if old.gateway.name != new.gateway.name {
            wrong.push("the name of the gateway cannot change while it runs".to_owned());
        }
        if old.gateway.state != new.gateway.state {
            wrong.push("the state folder cannot change while the gateway runs".to_owned());
        }
        if old.gateway.record != new.gateway.record {
            wrong.push("the folder of records cannot change while the gateway runs".to_owned());
        }
        if old.log != new.log {
            wrong.push("`[log]` cannot change while the gateway runs".to_owned());
        }
        let name = &self.server;
        match new.servers.get(name) {
            None => wrong.push(format!(
                "server `{name}`, which the gateway runs, is not there"
            )),
            Some(server) => {
                let differs = self.differs(old.servers.get(name), server);
                let sentence = |what| {
                    format!("server `{name}`: its {what} cannot change while the gateway runs")
                };
                wrong.extend(differs.into_iter().map(sentence));
            }
        }
        let fault = |message| LoadFault::new(message, Some(HINT));
        wrong.into_iter().map(fault).collect()
    }

    /// What a server's section says of how it is started, where that is not how it was started. A
    /// command that only the command line gave may go on standing in no section.
    fn differs(&self, old: Option<&Server>, server: &Server) -> Vec<&'static str> {
        let Launch {
            command,
            env,
            set_env,
            cwd,
        } = &self.launch;
        let mut differs = Vec::new();
        let other_command = match &server.command {
            Some(other) => other != command,
            None => old.is_some_and(|old| old.command.is_some()),
        };
        if other_command {
            differs.push("command");
        }
        let values = server
            .set_env
            .iter()
            .map(|(name, value)| (name, value.as_str()));
        if server.env != *env || !values.eq(set_env.iter().map(|(name, value)| (name, &**value))) {
            differs.push("environment");
        }
        if server.cwd != *cwd {
            differs.push("folder");
        }
        differs
    }
}
