//! One file for each language: from its sources to a component.

pub(crate) mod c;
pub(crate) mod clang;
pub(crate) mod cpp;
pub mod rust;
