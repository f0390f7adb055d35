//! The hidden command that compiles one component for the gateway that started it.

use wardlet_sandbox::{Artifacts, Cache, Child, Compiler, Sandbox};

use super::say::{Failure, UNREADABLE};

/// Its name on the command line. It is not for people: it speaks to its parent.
pub(super) const COMMAND: &str = "compile-component";

/// A sandbox whose components are compiled by a child process of this program, and kept in `cache`.
pub(super) fn sandbox(cache: Option<Cache>) -> Result<Sandbox, Failure> {
    let child = Child::this_program(vec![COMMAND.into()]).map_err(|error| {
        Failure::new(
            UNREADABLE,
            format!("the system does not say which program this is: {error}"),
        )
    })?;
    let sandbox = Sandbox::new()
        .map_err(|error| Failure::new(UNREADABLE, &error).hint(Some(error.hint())))?;
    Ok(sandbox.with(Artifacts::new(Compiler::Child(child), cache)))
}
