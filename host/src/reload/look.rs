//! What files look like from outside, to tell whether they changed.

use std::collections::BTreeMap;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use crate::config::Config;

/// What tells one content of a file from another without reading it: device, inode, length, and when
/// it was written and changed, in seconds and nanoseconds; none where there is no file.
type Print = Option<[i64; 7]>;

/// What some files looked like at one moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Look(BTreeMap<PathBuf, Print>);

impl Look {
    /// Looks at a configuration file, before it is read.
    #[must_use]
    pub fn at(path: &Path) -> Self {
        Look(BTreeMap::from([(path.to_owned(), print(path))]))
    }

    /// Looks at the components of a configuration too, before they are read.
    #[must_use]
    pub fn and_components(mut self, config: &Config) -> Self {
        for plugin in config.plugins.values() {
            let component = &plugin.component;
            self.0.insert(component.clone(), print(component));
        }
        self
    }

    /// What of the other look is about files that this one is not about is added.
    #[must_use]
    pub fn or(mut self, other: Look) -> Self {
        for (path, print) in other.0 {
            self.0.entry(path).or_insert(print);
        }
        self
    }

    /// Whether a file that is in both looks another way in the later one.
    #[must_use]
    pub fn differs(&self, later: &Look) -> bool {
        let differs = |(path, print)| later.0.get(path).is_some_and(|later| later != print);
        self.0.iter().any(differs)
    }
}

/// Follows the link, where the path is one.
fn print(path: &Path) -> Print {
    let file = std::fs::metadata(path).ok()?;
    let [device, inode, bytes] = [file.dev(), file.ino(), file.len()].map(u64::cast_signed);
    let written = [file.mtime(), file.mtime_nsec()];
    let changed = [file.ctime(), file.ctime_nsec()];
    Some([
        device, inode, bytes, written[0], written[1], changed[0], changed[1],
    ])
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::Look;

    #[test]
    fn what_changes_a_look() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        let other = folder.path().join("other");
        let change = |what: &str, change: &dyn Fn()| {
            let before = Look::at(&path);
            assert!(!before.differs(&Look::at(&path)), "before {what}");
            change();
            assert!(before.differs(&Look::at(&path)), "{what}");
        };
        change("it comes", &|| fs::write(&path, "a").unwrap());
        change("it grows", &|| fs::write(&path, "ab").unwrap());
        change("another takes its place", &|| {
            fs::write(&other, "ab").unwrap();
            fs::rename(&other, &path).unwrap();
        });
        change("it is a link now", &|| {
            fs::rename(&path, &other).unwrap();
            std::os::unix::fs::symlink(&other, &path).unwrap();
            fs::write(&other, "abc").unwrap();
        });
        change("what the link points to grows", &|| {
            fs::write(&other, "abcd").unwrap()
        });
        change("it goes", &|| fs::remove_file(&path).unwrap());
        assert!(
            !Look::default().differs(&Look::at(&path)),
            "nothing is in both"
        );
    }
}
