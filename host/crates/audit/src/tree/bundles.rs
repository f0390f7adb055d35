//! Finding the bundles of a log, also while a gateway fills and publishes them.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use super::path;

/// Where a bundle was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// Published and full.
    Full,
    /// Being filled, or full and soon published.
    Pending,
    /// Published for a checkpoint, and nothing more: the folder is a copy of the published part.
    Partial,
}

/// An open bundle.
pub(crate) struct Bundle {
    pub(crate) path: PathBuf,
    pub(crate) file: File,
    pub(crate) place: Place,
}

/// Opens the bundle `n` where it stands; none where there is no such bundle.
pub(crate) fn open(folder: &Path, n: u64) -> io::Result<Option<Bundle>> {
    let full = (path::entries(n), Place::Full);
    let pending = (path::pending(n), Place::Pending);
    // Full once more at the end: it may have been published between the first two looks.
    for (name, place) in [full.clone(), pending, full] {
        let path = folder.join(name);
        if let Some(file) = present(File::open(&path))? {
            return Ok(Some(Bundle { path, file, place }));
        }
    }
    let Some(width) = widest(folder, n)? else {
        return Ok(None);
    };
    let path = folder.join(path::partial(&path::entries(n), width));
    let file = present(File::open(&path))?;
    Ok(file.map(|file| Bundle {
        path,
        file,
        place: Place::Partial,
    }))
}

/// One more than the number of the last bundle that stands anywhere, whatever is missing before it.
pub(crate) fn end(folder: &Path) -> io::Result<u64> {
    let pending = pending(folder)?.last().map_or(0, |last| last + 1);
    Ok(pending.max(published(folder)?))
}

/// Whether a bundle has its second name already: the first one is gone, or is the same file, or,
/// in a copy of the folder, one with the same bytes.
pub(crate) fn is_linked(pending: &Path, full: &Path) -> io::Result<bool> {
    let Some(second) = present(fs::metadata(full))? else {
        return Ok(false);
    };
    let Some(first) = present(fs::metadata(pending))? else {
        return Ok(true);
    };
    let same = (first.dev(), first.ino()) == (second.dev(), second.ino());
    Ok(same || fs::read(pending)? == fs::read(full)?)
}

/// The numbers of the pending bundles, in order.
pub(crate) fn pending(folder: &Path) -> io::Result<Vec<u64>> {
    let mut numbers: Vec<u64> = names(&folder.join(path::PENDING))?
        .iter()
        .filter_map(|name| canonical(name))
        .collect();
    numbers.sort_unstable();
    Ok(numbers)
}

/// One more than the number of the last published bundle, full or partial.
pub(crate) fn published(folder: &Path) -> io::Result<u64> {
    let entries = folder.join(path::ENTRIES);
    // Each further part of the path holds later bundles than all paths without it, and the first
    // one of them is x001, x001/x000 and so on.
    let mut parts = 0;
    let mut first = entries.join("x001");
    while fs::exists(&first)? {
        parts += 1;
        first.push("x000");
    }
    let mut at = entries;
    let mut number = 0_u64;
    for left in (0..parts).rev() {
        let mut found: Vec<u64> = names(&at)?
            .into_iter()
            .filter_map(|name| three(name.strip_prefix('x')?))
            .collect();
        found.sort_unstable();
        // Others of the same part belong to shorter paths.
        let deep = |part: &u64| {
            let below = at.join(format!("x{part:03}")).join("x000/".repeat(left));
            fs::exists(below).unwrap_or(false)
        };
        let Some(last) = found.into_iter().rev().find(deep) else {
            break;
        };
        number = number.saturating_mul(1000).saturating_add(last);
        at.push(format!("x{last:03}"));
    }
    let last = names(&at)?
        .into_iter()
        .filter_map(|name| three(name.strip_suffix(".p").unwrap_or(&name)))
        .max();
    Ok(last.map_or(number.saturating_mul(1000), |last| {
        number
            .saturating_mul(1000)
            .saturating_add(last)
            .saturating_add(1)
    }))
}

/// The width of the widest partial bundle of this number.
fn widest(folder: &Path, n: u64) -> io::Result<Option<usize>> {
    let partials = folder.join(format!("{}.p", path::entries(n)));
    let names = names(&partials)?;
    Ok(names
        .iter()
        .filter_map(|name| canonical(name))
        .filter_map(|width| usize::try_from(width).ok())
        .filter(|&width| (1..path::BUNDLE_ENTRIES as usize).contains(&width))
        .max())
}

/// The names in a folder that are UTF-8; none where there is no such folder.
pub(crate) fn names(folder: &Path) -> io::Result<Vec<String>> {
    let Some(listed) = present(fs::read_dir(folder))? else {
        return Ok(Vec::new());
    };
    let mut names = Vec::new();
    for entry in listed {
        names.extend(entry?.file_name().into_string());
    }
    Ok(names)
}

/// What is not there is none, and no error.
pub(crate) fn present<T>(result: io::Result<T>) -> io::Result<Option<T>> {
    match result {
        Ok(found) => Ok(Some(found)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// A number that is written in the one way that we write it.
fn canonical(text: &str) -> Option<u64> {
    let number: u64 = text.parse().ok()?;
    (number.to_string() == text).then_some(number)
}

/// The number of exactly three digits.
fn three(text: &str) -> Option<u64> {
    let digits = text.len() == 3 && text.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| text.parse().ok())?
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::{end, open, path, published};

    #[test]
    fn the_last_bundle_is_found_at_every_depth() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path();
        assert_eq!(end(folder).unwrap(), 0);
        let make = |name: String| {
            let file = folder.join(name);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(file, "").unwrap();
        };
        make(path::pending(0));
        assert_eq!((end(folder).unwrap(), published(folder).unwrap()), (1, 0));
        make(path::partial(&path::entries(0), 7));
        assert_eq!(published(folder).unwrap(), 1);
        for n in [
            0, 9, 999, 1_000, 1_001, 4_242, 999_999, 1_000_000, 1_234_067,
        ] {
            make(path::entries(n));
            assert_eq!(end(folder).unwrap(), n + 1);
            assert!(open(folder, n).unwrap().is_some());
            assert!(open(folder, n + 1).unwrap().is_none());
        }
        make(path::pending(2_000_070));
        make(path::pending(7) + "x");
        make("pending/+9999999".to_owned());
        assert_eq!(end(folder).unwrap(), 2_000_071);
    }
}
