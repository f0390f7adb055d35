//! JSON-RPC and MCP as a gate meets them, without any input or output of its own.
//!
//! The way of a message: [`Lines`] cuts a stream into lines, [`Message::decode`] reads one line's
//! envelope, [`Route`] says what the gate has to do with its method, [`CallParams`], [`ToolPage`],
//! [`notice`] and [`era`] read the few members that the gate needs, and [`encode`] writes what goes
//! on. Nothing is forwarded as the bytes that came: the envelope is rebuilt from what was parsed, so
//! that no two readers can see two messages in it; values that nobody judges are spliced into it
//! as they were written.
#![forbid(unsafe_code)]

pub mod capabilities;
pub mod encode;
pub mod era;
pub mod notice;

mod flaw;
mod id;
mod line;
mod members;
mod message;
mod method;
mod params;
mod tools;
mod unique;

pub use flaw::{Flaw, WireError};
pub use id::{Id, MAX_ID_BYTES};
pub use line::{Line, Lines, MAX_LINE_BYTES};
pub use members::{Member, Members};
pub use message::{MAX_METHOD_BYTES, Message};
pub use method::{Direction, Route, name};
pub use params::{CallParams, MAX_TOOL_NAME_BYTES};
pub use tools::{Annotations, Tool, ToolPage};
pub use unique::check_unique;
