//! The contract in `wit/`: its reference for people, and that what was released of it stays as it was.

mod reference;
mod signatures;

use std::fs;
use std::path::Path;

use wit_parser::{PackageId, Resolve};

use crate::workspace::Workspace;

/// The reference, beside the contract.
const REFERENCE: &str = "wit/REFERENCE.md";

/// Writes the reference anew.
pub(crate) fn write_reference(workspace: &Workspace) -> Result<(), String> {
    let text = reference::of(&Contract::read(&workspace.root.join("wit"))?);
    let path = workspace.root.join(REFERENCE);
    fs::write(&path, text).map_err(|error| format!("`{}`: {error}", path.display()))?;
    println!("wrote {REFERENCE}");
    Ok(())
}

/// A contract that was read.
struct Contract {
    resolve: Resolve,
    package: PackageId,
}

impl Contract {
    fn read(folder: &Path) -> Result<Self, String> {
        let mut resolve = Resolve::default();
        let (package, _) = resolve
            .push_dir(folder)
            .map_err(|error| format!("`{}`: {error:#}", folder.display()))?;
        Ok(Contract { resolve, package })
    }

    /// Its name and version.
    fn id(&self) -> String {
        let package = self.resolve.packages.get(self.package);
        package.map_or_else(String::new, |package| package.name.to_string())
    }

    /// Its interfaces with their names, in the order of the names.
    fn interfaces(&self) -> Vec<(&str, &wit_parser::Interface)> {
        let package = self.resolve.packages.get(self.package);
        let all = package.into_iter().flat_map(|package| &package.interfaces);
        let mut all: Vec<_> = all
            .filter_map(|(name, id)| Some((name.as_str(), self.resolve.interfaces.get(*id)?)))
            .collect();
        all.sort_by_key(|(name, _)| *name);
        all
    }
}

#[cfg(test)]
mod tests;
