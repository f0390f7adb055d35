//! What a Wardlet plugin in Rust is written with.
//!
//! A plugin implements [`Plugin`] and one or both of [`Policy`] and [`Redactor`], and names itself
//! in one of the macros [`export_policy!`], [`export_redactor!`] and
//! [`export_policy_and_redactor!`]. It reads the call through [`document`] and its own
//! configuration through [`settings`]; it imports only what it calls, and what it imports is the
//! list of what it can do. A plugin that has the host search for patterns declares them in
//! [`Plugin::patterns`] and says `patterns` in its macro; see [`scan`].
//!
//! ```
//! use wardlet_sdk::{Description, Part, Plugin, Policy, SettingFault, Subject, Value, Verdict, document};
//!
//! struct NoForce;
//!
//! impl Plugin for NoForce {
//!     fn describe() -> Description {
//!         Description::new("no-force", "1.0.0", "Refuses calls that force.")
//!             .reason("forced", "The call asks to overrule a check.")
//!             .need(Part::Arguments, "/force")
//!     }
//!     fn configure() -> Result<(), Vec<SettingFault>> {
//!         Ok(())
//!     }
//! }
//!
//! impl Policy for NoForce {
//!     fn evaluate(_: &Subject) -> Result<Verdict, String> {
//!         Ok(match document::get(Part::Arguments, "/force")? {
//!             None | Some(Value::Boolean(false)) => Verdict::allow(),
//!             Some(_) => Verdict::deny("forced"),
//!         })
//!     }
//! }
//!
//! wardlet_sdk::export_policy!(NoForce);
//!
//! # #[cfg(not(target_arch = "wasm32"))] {
//! use wardlet_sdk::testing::Check;
//! let answer = Check::new().arguments(r#"{"force":true}"#).evaluate::<NoForce>().answer;
//! assert_eq!(answer.unwrap(), Verdict::deny("forced"));
//! # }
//! ```
#![deny(unsafe_code)]

#[cfg(target_arch = "wasm32")]
mod arena;
mod export;
mod host;
mod roles;
mod words;

#[doc(hidden)]
pub mod bindings;
pub mod clock;
pub mod counter;
pub mod document;
pub mod findings;
pub mod fs_read;
pub mod http_fetch;
pub mod key_value;
pub mod log;
pub mod random;
pub mod rate_limit;
pub mod scan;
pub mod secret_use;
pub mod settings;
#[cfg(not(target_arch = "wasm32"))]
pub mod testing;

pub use bindings::exports::wardlet::plugin::plugin::{Code, Description, Need, SettingFault};
pub use bindings::patterns::exports::wardlet::plugin::patterns::{Pattern, PatternSet};
pub use bindings::wardlet::plugin::document::{Failure, Leaf, Value};
pub use bindings::wardlet::plugin::types::{
    Decision, Edit, Obligation, Part, Phase, Subject, Verdict,
};
pub use roles::{Plugin, Policy, Redactor};

/// What the export macros expand to. Not for use by hand.
#[doc(hidden)]
pub mod __private {
    pub use crate::roles::Exported;
}
