//! Wardlet: a zero-trust gateway for the tool calls of AI agents.
//!
//! The modules in the order in which a call meets them; `ARCHITECTURE.md` beside this crate tells
//! the flow, the rooms and what is absent.
#![forbid(unsafe_code)]

pub mod config;
pub mod load;
pub mod measure;
pub mod plugins;
pub mod reach;
pub mod state;

pub mod session;

pub mod gate;
pub mod lane;
pub mod principals;
pub mod quarantine;
pub mod token;

pub mod record;
pub mod trial;

pub mod control;
pub mod probe;
pub mod problems;
pub mod reload;
pub mod status;
pub mod watch;
pub mod witnesses;

pub mod cli;
