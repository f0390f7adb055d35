//! The test guests in `tests/guests`: one policy in each language that builds here, and a C program
//! that tries the virtual WASI.

use wardlet_author::Steps;

use super::{Guest, PROFILE, build_guest};
use crate::workspace::Workspace;

/// The plugins' folders, and their components.
const PROJECTS: [(&str, &str); 5] = [
    ("tests/guests/rust", "one-path-rust"),
    ("tests/guests/c", "one-path-c"),
    ("tests/guests/javascript", "one-path-javascript"),
    ("tests/guests/python", "one-path-python"),
    ("tests/guests/wasi", "wasi-probe"),
];

/// Builds all test guests whose toolchain is there or can be installed.
pub(crate) fn build(workspace: &Workspace) -> Result<(), String> {
    let steps = Steps::new(PROJECTS.len() as u64);
    for (folder, component) in PROJECTS {
        let guest = Guest {
            folder: folder.into(),
            component: component.to_owned(),
            profile: Some(PROFILE),
        };
        build_guest(workspace, &workspace.test_guests(), &guest, false, &steps)?;
    }
    Ok(())
}
