//! What `build.rs` put into this library.

include!(concat!(env!("OUT_DIR"), "/embedded.rs"));

/// The files below an embedded folder: their paths within it, in order, and what they hold.
pub(crate) fn below(folder: &str) -> impl Iterator<Item = (&'static str, &'static [u8])> {
    FILES.iter().filter_map(move |(name, bytes)| {
        let path = name.strip_prefix(folder)?.strip_prefix('/')?;
        Some((path, *bytes))
    })
}

/// One embedded text; empty where there is none of this name, which the tests rule out.
pub(crate) fn text(name: &str) -> &'static str {
    FILES
        .iter()
        .find(|(file, _)| *file == name)
        .and_then(|(_, bytes)| std::str::from_utf8(bytes).ok())
        .unwrap_or_default()
}

/// The contract: the names of its files and their texts.
pub(crate) fn contract() -> impl Iterator<Item = (&'static str, &'static [u8])> {
    // Beside them lie their documentation and what was released before.
    below("wit").filter(|(path, _)| path.ends_with(".wit") && !path.contains('/'))
}
