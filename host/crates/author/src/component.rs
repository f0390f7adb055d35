//! From a core module to a component, and what the component says of itself.

use wasi_preview1_component_adapter_provider::{
    WASI_SNAPSHOT_PREVIEW1_ADAPTER_NAME, WASI_SNAPSHOT_PREVIEW1_REACTOR_ADAPTER,
};
use wasmparser::{Parser, Payload};
use wit_component::{ComponentEncoder, DecodedWasm};

use crate::failure::Failure;
use crate::project::Project;

/// The contract's package: a plugin imports nothing else, but for WASI where it says so.
const CONTRACT: &str = "wardlet:plugin/";

/// The package of WASI.
const WASI: &str = "wasi:";

/// Interfaces that every plugin may import; they are granted to nobody since they show only the call.
const ALWAYS: [&str; 2] = ["document", "findings"];

/// Stands in for WASI preview 1; `stub.wat` says what it answers.
const STUB: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/stub.wasm"));

/// What a core module that was built for WASI preview 1 gets in place of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wasi {
    /// Nothing: it must not import any of it.
    None,
    /// The adapter that turns its imports into those of WASI 0.2, which the sandbox gives to a plugin
    /// that was granted `wasi`.
    Adapted,
    /// A stub in the component that answers as if nothing were there, for a runtime that starts with
    /// questions but works without answers. The component then imports nothing of WASI.
    Stubbed,
}

/// An encoded component.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Component {
    /// The component.
    pub bytes: Vec<u8>,
    /// The pages of 64 KiB that its memories begin with, all together.
    pub pages: u64,
    /// The interfaces that it imports, in the order of their names, without those that hold only types.
    pub imports: Vec<String>,
}

impl Component {
    /// Wraps and validates a core module that holds the custom sections of wit-bindgen.
    ///
    /// # Errors
    /// It is no such module, or imports something that is nowhere.
    pub fn encode(module: &[u8], wasi: Wasi) -> Result<Self, Failure> {
        let bytes = ComponentEncoder::default()
            .module(module)
            .and_then(|encoder| match wasi {
                Wasi::None => Ok(encoder),
                Wasi::Adapted => encoder.adapter(
                    WASI_SNAPSHOT_PREVIEW1_ADAPTER_NAME,
                    WASI_SNAPSHOT_PREVIEW1_REACTOR_ADAPTER,
                ),
                Wasi::Stubbed => encoder.adapter(WASI_SNAPSHOT_PREVIEW1_ADAPTER_NAME, STUB),
            })
            .and_then(|encoder| encoder.validate(true).encode())
            .map_err(|error| format!("the module makes no component: {error:#}"))?;
        Self::read(bytes)
    }

    /// Reads what a component, made by a language's own tool, imports and begins with.
    ///
    /// # Errors
    /// The bytes are no component.
    pub fn read(bytes: Vec<u8>) -> Result<Self, Failure> {
        Ok(Component {
            pages: pages(&bytes)?,
            imports: imports(&bytes)?,
            bytes,
        })
    }

    /// Refuses imports that `plugin.toml` does not name: nobody should learn of them from the host.
    pub(crate) fn check(&self, project: &Project) -> Result<(), Failure> {
        let named = |name: &str| project.capabilities.iter().any(|one| one == name);
        for import in &self.imports {
            let capability = match import.strip_prefix(CONTRACT) {
                Some(interface) => interface.split('@').next().unwrap_or(interface),
                None if import.starts_with(WASI) => "wasi",
                None => {
                    return Err(Failure::failed(
                        format!("the component imports `{import}`, which no host of plugins gives"),
                        "a plugin imports the interfaces of the contract in `wit`, and no others",
                    ));
                }
            };
            if !ALWAYS.contains(&capability) && !named(capability) {
                return Err(Failure::failed(
                    format!("the component imports `{import}`, which `plugin.toml` does not name"),
                    format!(
                        "add `\"{capability}\"` to `capabilities` in `plugin.toml`, or do not use it"
                    ),
                ));
            }
        }
        Ok(())
    }
}

fn imports(component: &[u8]) -> Result<Vec<String>, String> {
    let decoded = wit_component::decode(component).map_err(|error| format!("{error:#}"))?;
    let DecodedWasm::Component(resolve, world) = decoded else {
        return Err("a package of types instead of a component".to_owned());
    };
    let world = resolve
        .worlds
        .get(world)
        .ok_or("a component without a world")?;
    let named = world.imports.iter().filter_map(|(key, item)| {
        let types_only = match item {
            wit_parser::WorldItem::Interface { id, .. } => resolve
                .interfaces
                .get(*id)
                .is_some_and(|interface| interface.functions.is_empty()),
            _ => false,
        };
        (!types_only).then(|| resolve.name_world_key(key))
    });
    let mut named: Vec<String> = named.collect();
    // Toolchains differ in their order.
    named.sort();
    Ok(named)
}

/// The pages that the memories of all modules within begin with.
fn pages(component: &[u8]) -> Result<u64, String> {
    let mut pages = 0u64;
    for payload in Parser::new(0).parse_all(component) {
        if let Payload::MemorySection(memories) = payload.map_err(|error| error.to_string())? {
            for memory in memories {
                let memory = memory.map_err(|error| error.to_string())?;
                pages = pages.saturating_add(memory.initial);
            }
        }
    }
    Ok(pages)
}
