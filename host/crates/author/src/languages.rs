//! One file for each language: from its sources to a component.

pub(crate) mod c;
pub(crate) mod clang;
pub(crate) mod cpp;
pub(crate) mod go;
pub mod rust;
pub(crate) mod zig;
