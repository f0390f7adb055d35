//! The gate: what a call passes through, in this order, which the types hold.
//!
//! ```text
//! Call ── screen ──> Cleared ──────────────> permit ──> Permit ── forward ──> Forwarded
//!            │  └──> Held ── a human ──┘        │ (the decision entry is written)   │
//!            └─────> Refused <──────────────────┘                                answer
//!                       │                                                           │ clean_answer, redact
//!                       └── seal ──> Sealed <── seal (the outcome entry) ── Redacted ┘
//! ```
//!
//! Each step takes the value of the one before it, and none of these types can be made or copied
//! outside of its module. So nothing is forwarded that was not judged, nothing is judged once and
//! forwarded twice, and no answer leaves without its entry.
//!
//! A permit cannot be forged:
//! ```compile_fail,E0451
//! let permit = wardlet::gate::Permit { written: todo!(), facts: todo!(), arguments: None };
//! ```
//! nor copied:
//! ```compile_fail,E0599
//! fn twice(permit: wardlet::gate::Permit) -> (wardlet::gate::Permit, wardlet::gate::Permit) {
//!     (permit.clone(), permit)
//! }
//! ```
//! nor used twice:
//! ```compile_fail,E0382
//! fn twice(permit: wardlet::gate::Permit) {
//!     let first = permit.forwarded(None);
//!     let second = permit.forwarded(None);
//! }
//! ```
//! A call that is held cannot be permitted without an approval of it:
//! ```compile_fail,E0308
//! fn skip(gate: &wardlet::gate::Gate, held: wardlet::gate::Held) {
//!     let permit = gate.permit(held);
//! }
//! ```
//! and only a sealed answer can be sent:
//! ```compile_fail,E0451
//! let reply = wardlet::gate::Sealed { reply: todo!() };
//! ```
//! What the redactors left of a message is not made up either:
//! ```compile_fail,E0451
//! let cleaned = wardlet::gate::Cleaned { text: todo!(), is_error: None, redactions: vec![], runs: vec![], came: todo!(), took: todo!() };
//! ```
//! The same code with what the gate itself gives out compiles:
//! ```no_run
//! fn once(gate: &wardlet::gate::Gate, cleared: wardlet::gate::Cleared) {
//!     if let Ok(permit) = gate.permit(cleared) {
//!         let forwarded = permit.forwarded(None);
//!     }
//! }
//! ```

mod answer;
mod ask;
mod call;
mod clean;
mod facts;
mod faults;
mod find;
mod hold;
mod notice;
mod permit;
mod policy_set;
mod rules;
mod screen;
mod seal;
mod shadow;
mod statement;
mod swap;
mod under_way;

use std::sync::Arc;

use wardlet_audit::{Clock, SharedLog};
use wardlet_call::{Caller, ServerName};
use wardlet_keys::Keys;
use wardlet_vault::Subject;

pub use answer::{Answer, Redacted};
pub use call::{Call, Tool};
pub use clean::Cleaned;
pub use hold::{ApprovalError, Approvals, Asked, Held, Pending};
pub use notice::Passed;
pub use permit::{Forwarded, Permit};
pub use policy_set::PolicySet;
pub use rules::Rules;
pub use screen::{Cleared, Refused, Screened};
pub(crate) use seal::{NO_ANSWER, REFUSED};
pub use seal::{Reply, Sealed};
pub use statement::Statement;

use crate::lane::Lanes;
use crate::principals::Principals;
use crate::quarantine::{self, Quarantine};
use crate::record::Recorder;
use crate::witnesses::Witnesses;

/// One gateway's judge: its policy set, its keys and its log.
pub struct Gate {
    name: String,
    server: ServerName,
    current: swap::Current,
    keys: Keys,
    log: Arc<SharedLog>,
    clock: Box<dyn Clock>,
    principals: Principals,
    under_way: under_way::UnderWay,
    /// Whom faults are counted against that belong to no call.
    upstream: String,
    quarantine: Quarantine,
    /// Who has to have seen the log, where somebody has.
    witnesses: Option<Arc<Witnesses>>,
    lanes: Lanes,
    /// Apart, so that what a plugin does in shadow never puts off its checks that enforce.
    shadow_lanes: Lanes,
}

impl Gate {
    /// Takes what it judges with. `name` is the gateway's; `principals` knows the authenticated caller,
    /// who stands in entries under a pseudonym.
    #[must_use]
    pub fn new(
        (name, server): (String, ServerName),
        set: Arc<PolicySet>,
        keys: Keys,
        log: Arc<SharedLog>,
        clock: Box<dyn Clock>,
        principals: Principals,
        quarantine: Quarantine,
    ) -> Self {
        Gate {
            upstream: quarantine::upstream(&server),
            name,
            server,
            current: swap::Current::new(set),
            keys,
            log,
            clock,
            principals,
            under_way: under_way::UnderWay::default(),
            quarantine,
            witnesses: None,
            lanes: Lanes::default(),
            shadow_lanes: Lanes::default(),
        }
    }

    /// The same, and calls may be refused where these have not seen the log.
    #[must_use]
    pub fn witnessed(self, witnesses: Arc<Witnesses>) -> Self {
        Gate {
            witnesses: Some(witnesses),
            ..self
        }
    }

    /// Who has to have seen the log.
    #[must_use]
    pub fn witnesses(&self) -> Option<&Arc<Witnesses>> {
        self.witnesses.as_ref()
    }

    /// The same, and each check of a plugin is written down.
    #[must_use]
    pub fn recording(self, recorder: &Arc<Recorder>) -> Self {
        Gate {
            lanes: Lanes::recording(Arc::clone(recorder)),
            shadow_lanes: Lanes::recording(Arc::clone(recorder)),
            ..self
        }
    }

    /// The upstream that it stands in front of.
    #[must_use]
    pub fn server(&self) -> &ServerName {
        &self.server
    }

    /// The caller as it stands in entries.
    #[must_use]
    pub fn principal(&self) -> Arc<Subject> {
        self.principals.caller()
    }

    /// Everybody who stands in entries.
    #[must_use]
    pub fn principals(&self) -> &Principals {
        &self.principals
    }

    /// Calls that were begun and are not sealed: judged, held, or with the upstream.
    #[must_use]
    pub fn under_way(&self) -> u64 {
        self.under_way.count()
    }

    /// Who is refused what.
    #[must_use]
    pub fn quarantine(&self) -> &Quarantine {
        &self.quarantine
    }

    /// Who calls what, as plugins' buckets are counted.
    fn caller(&self, method: &str, tool: &str) -> Arc<Caller> {
        Arc::new(Caller {
            principal: self.principal().pseudonym().to_owned(),
            server: self.server.to_string(),
            tool: if tool.is_empty() { method } else { tool }.to_owned(),
        })
    }

    /// The log that it writes.
    #[must_use]
    pub fn log(&self) -> &Arc<SharedLog> {
        &self.log
    }
}
