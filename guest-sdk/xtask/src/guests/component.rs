//! From a core module to a component, and what the component says of itself.

use wasi_preview1_component_adapter_provider::{
    WASI_SNAPSHOT_PREVIEW1_ADAPTER_NAME, WASI_SNAPSHOT_PREVIEW1_REACTOR_ADAPTER,
};
use wasmparser::{Parser, Payload};
use wit_component::{ComponentEncoder, DecodedWasm};

/// The contract's package: a plugin imports nothing else.
const CONTRACT: &str = "wardlet:plugin/";

/// An encoded component.
pub(super) struct Component {
    pub(super) bytes: Vec<u8>,
    /// The pages of 64 KiB that the core module's memory begins with.
    pub(super) pages: u64,
    /// The interfaces that it imports, without those that hold only types.
    pub(super) imports: Vec<String>,
}

impl Component {
    /// Wraps and validates a core module that holds the custom sections of wit-bindgen.
    pub(super) fn encode(name: &str, module: &[u8]) -> Result<Self, String> {
        let bytes = ComponentEncoder::default()
            .module(module)
            .and_then(|encoder| encoder.validate(true).encode())
            .map_err(|error| format!("`{name}` is no component: {error:#}"))?;
        let imports = imports(&bytes)?;
        if let Some(other) = imports.iter().find(|import| !import.starts_with(CONTRACT)) {
            return Err(format!(
                "`{name}` imports `{other}`, which no host of plugins gives"
            ));
        }
        Ok(Component {
            pages: pages(module)?,
            bytes,
            imports,
        })
    }

    /// Wraps a core module that was built for WASI preview 1, with the adapter that turns what it
    /// imports of that into imports of WASI 0.2.
    pub(super) fn encode_with_wasi(name: &str, module: &[u8]) -> Result<Self, String> {
        let (adapter, code) = (
            WASI_SNAPSHOT_PREVIEW1_ADAPTER_NAME,
            WASI_SNAPSHOT_PREVIEW1_REACTOR_ADAPTER,
        );
        let bytes = ComponentEncoder::default()
            .module(module)
            .and_then(|encoder| encoder.adapter(adapter, code))
            .and_then(|encoder| encoder.validate(true).encode())
            .map_err(|error| format!("`{name}` is no component: {error:#}"))?;
        Ok(Component {
            pages: pages(module)?,
            imports: imports(&bytes)?,
            bytes,
        })
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
    Ok(named.collect())
}

fn pages(module: &[u8]) -> Result<u64, String> {
    for payload in Parser::new(0).parse_all(module) {
        if let Payload::MemorySection(memories) = payload.map_err(|error| error.to_string())? {
            let first = memories.into_iter().next().ok_or("no memory")?;
            return Ok(first.map_err(|error| error.to_string())?.initial);
        }
    }
    Ok(0)
}
