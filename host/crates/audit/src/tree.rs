//! The files of a log as C2SP tlog-tiles lays them out, and how they are read.

pub(crate) mod bundles;
pub(crate) mod frames;
pub(crate) mod levels;
pub(crate) mod path;
pub(crate) mod tiles;

pub use path::BUNDLE_ENTRIES;
