//! `wasi:filesystem` without a folder. To open a file takes a folder that is open already, and there
//! is none: every function of a descriptor is there to be imported and cannot be reached.

use wasmtime::component::{Linker, LinkerInstance, ResourceType, Val};
use wasmtime::{Result, StoreContextMut};

use crate::check::State;

/// The interfaces, in the version that `wasi.wit` has.
const TYPES: &str = "wasi:filesystem/types@0.2.12";
const PREOPENS: &str = "wasi:filesystem/preopens@0.2.12";

/// The functions of an open file or folder.
const OF_A_DESCRIPTOR: [&str; 27] = [
    "read-via-stream",
    "write-via-stream",
    "append-via-stream",
    "advise",
    "sync-data",
    "get-flags",
    "get-type",
    "set-size",
    "set-times",
    "read",
    "write",
    "read-directory",
    "sync",
    "create-directory-at",
    "stat",
    "stat-at",
    "set-times-at",
    "link-at",
    "open-at",
    "readlink-at",
    "remove-directory-at",
    "rename-at",
    "symlink-at",
    "unlink-file-at",
    "is-same-object",
    "metadata-hash",
    "metadata-hash-at",
];

/// Stands for the handles that nobody can get.
struct Descriptor;
struct DirectoryEntryStream;

pub(super) fn link<T: 'static>(
    linker: &mut Linker<T>,
    state: fn(&mut T) -> &mut State,
) -> Result<()> {
    let take_back =
        move |mut store: StoreContextMut<'_, T>, _: u32| state(store.data_mut()).take_back();
    let mut types = linker.instance(TYPES)?;
    types.resource("descriptor", ResourceType::host::<Descriptor>(), take_back)?;
    let entries = ResourceType::host::<DirectoryEntryStream>();
    types.resource("directory-entry-stream", entries, take_back)?;
    for function in OF_A_DESCRIPTOR {
        unreachable(&mut types, &format!("[method]descriptor.{function}"), state)?;
    }
    let entry = "[method]directory-entry-stream.read-directory-entry";
    unreachable(&mut types, entry, state)?;
    // No error of a stream came from a file.
    answer(
        &mut types,
        "filesystem-error-code",
        Val::Option(None),
        state,
    )?;
    let mut preopens = linker.instance(PREOPENS)?;
    let none = Val::List(Vec::new());
    answer(&mut preopens, "get-directories", none, state)
}

/// A function that takes a handle which does not exist.
fn unreachable<T: 'static>(
    interface: &mut LinkerInstance<'_, T>,
    name: &str,
    state: fn(&mut T) -> &mut State,
) -> Result<()> {
    interface.func_new(name, move |mut store, _, _, _| {
        let state = state(store.data_mut());
        state.meter.host_call()?;
        Err(state.end("it uses a file, and there is none"))
    })
}

/// A function that always answers the same.
fn answer<T: 'static>(
    interface: &mut LinkerInstance<'_, T>,
    name: &str,
    with: Val,
    state: fn(&mut T) -> &mut State,
) -> Result<()> {
    interface.func_new(name, move |mut store, _, _, results| {
        state(store.data_mut()).meter.host_call()?;
        if let Some(result) = results.first_mut() {
            result.clone_from(&with);
        }
        Ok(())
    })
}
