//! One file for each language: from its sources to a component.

pub(crate) mod c;
pub(crate) mod clang;
pub(crate) mod cpp;
pub(crate) mod go;
pub(crate) mod javascript;
pub(crate) mod python;
mod quickjs;
pub mod rust;
pub(crate) mod typescript;
pub(crate) mod zig;
