//! What a command does itself where no gateway runs over the state folder.

use wardlet_audit::SharedLog;

use super::say::{Failure, UNREADABLE};
use super::{Where, setup};
use crate::principals::Principals;
use crate::state::{State, StateError};

/// The log and the vault of a state folder, as a gateway has them open.
pub(super) struct Offline {
    pub(super) log: SharedLog,
    pub(super) principals: Principals,
    /// The pseudonym of who runs the command.
    pub(super) by: String,
    _state: State,
}

impl Offline {
    pub(super) fn open(place: &Where) -> Result<Self, Failure> {
        if place.state.is_some() {
            let error =
                "no gateway runs with this state folder, and the entry needs the name of one";
            return Err(Failure::new(UNREADABLE, error)
                .hint(Some("name the configuration with `--config`")));
        }
        let config = setup::load(&place.config, false)?;
        let gateway = &config.gateway;
        let unreadable = |error: StateError| {
            let hint = error.hint();
            Failure::new(UNREADABLE, error).hint(hint)
        };
        let state = State::open(&gateway.state).map_err(unreadable)?;
        let keys = state.keys(&gateway.name).map_err(unreadable)?;
        let log = state.log((&gateway.name, &config.log), &keys);
        let principals = state.principals(&config.log, &setup::user());
        let (log, principals) = (log.map_err(unreadable)?, principals.map_err(unreadable)?);
        Ok(Offline {
            log,
            by: principals.caller().pseudonym().to_owned(),
            principals,
            _state: state,
        })
    }
}
