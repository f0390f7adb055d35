//! From bytes and a grant to a plugin. Whatever a component wants beyond its grant refuses the load.

use std::sync::{Arc, OnceLock};

use wardlet_call::{Code, Document, Json, PluginName, Projection, Reach};
use wasmtime::component::{Component, InstancePre};

use crate::artifact::CompileError;
use crate::bindings::{declares, judges, redacts};
use crate::capability::{ALWAYS, CAPABILITIES, CONTRACT, CONTRACT_VERSION, Capability, linker};
use crate::check::{Standing, State, wasi};
use crate::description::{Description, shown};
use crate::engine::{Chamber, Sandbox, SandboxError};
use crate::limits::Limits;
use crate::patterns;
use crate::plugin::{ConfigureError, Linked, Loaded, Plugin, check_types, configure, declare};
use crate::structure::{Import, Structure};

/// A component of QuickJS is 1.6 MB, one of CPython 18 MB; compiling more than this is refused.
pub const MAX_COMPONENT_BYTES: usize = 64 << 20;

/// What an operator lets a plugin have.
#[derive(Clone, Debug, Default)]
pub struct Grant {
    /// What it may do.
    pub capabilities: Vec<Capability>,
    /// What it is shown.
    pub projection: Projection,
    /// Its settings: an object.
    pub settings: Option<Json>,
    /// The limits of its checks.
    pub limits: Limits,
    /// What its capabilities reach outside of the sandbox.
    pub reach: Reach,
}

/// Why a component is not loaded.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// A core module, precompiled code, or no WebAssembly at all.
    #[error("not a component: {0}")]
    NotAComponent(&'static str),
    /// Over the limit of size.
    #[error("larger than {} MiB", MAX_COMPONENT_BYTES >> 20)]
    TooLarge,
    /// wasmtime refuses it.
    #[error("not a valid component: {0}")]
    Invalid(String),
    /// It was not compiled.
    #[error("cannot be compiled: {0}")]
    Compile(CompileError),
    /// It imports a capability that is not granted.
    #[error("imports `{}`, which is not granted", .0.name())]
    NotGranted(Capability),
    /// It imports a capability that is granted, and nothing stands behind it.
    #[error("imports `{}`, which is granted and not set up", .0.name())]
    NotSetUp(Capability),
    /// It makes handles of its own, which nobody counts.
    #[error("makes handles of its own")]
    OwnHandles,
    /// The second engine, for plugins that wait, cannot be had.
    #[error(transparent)]
    Sandbox(#[from] SandboxError),
    /// It imports something that no host of this contract has.
    #[error("imports `{0}`, which Wardlet does not offer")]
    UnknownImport(String),
    /// It was built for another version of the contract.
    #[error("built for `{0}`, and this host speaks `{CONTRACT}@{CONTRACT_VERSION}`")]
    OtherContract(String),
    /// It exports neither a policy nor a redactor, or does not describe itself.
    #[error("exports no `{0}`")]
    NoRole(&'static str),
    /// Its declaration is bad.
    #[error("describes itself badly: {0}")]
    BadDescription(String),
    /// It imports `scan` and declares no pattern sets.
    #[error("imports `scan` and exports no `patterns`")]
    NoPatterns,
    /// It declares pattern sets and imports no `scan`.
    #[error("exports `patterns` and does not import `scan`")]
    NoScan,
    /// Its pattern sets are bad.
    #[error("declares bad patterns: {0}")]
    Patterns(String),
    /// It reads what its grant does not show.
    #[error("reads {0}, which its grant does not show")]
    NotShown(String),
    /// It does not take its settings.
    #[error("does not take its settings: {}", list(.0))]
    Settings(Vec<(String, String)>),
    /// It failed in `configure`.
    #[error("fails while it looks at its settings: {0}")]
    Configure(crate::Fault),
}

fn list(faults: &[(String, String)]) -> String {
    let faults: Vec<String> = faults
        .iter()
        .map(|(pointer, message)| format!("`{pointer}`: {message}"))
        .collect();
    faults.join("; ")
}

impl LoadError {
    /// How to mend it. `name` is the plugin's in the configuration.
    #[must_use]
    pub fn hint(&self, name: &PluginName) -> Option<String> {
        Some(match self {
            Self::NotAComponent("a core module") => {
                "turn it into a component, for example with `wasm-tools component new`".into()
            }
            Self::NotAComponent("machine code") => {
                "give the component itself; code that was compiled before is never accepted".into()
            }
            Self::NotAComponent(_) => {
                "give a component, the `.wasm` file that `wardlet plugin build` makes of a plugin's sources".into()
            }
            Self::NotGranted(capability) => format!(
                "if it may have that, add `\"{}\"` to `grants` of `[plugin.{name}]`",
                capability.name()
            ),
            Self::NotSetUp(Capability::RateLimit) => format!(
                "name in `[plugin.{name}]` the buckets that it may take from: `buckets = [\"…\"]`"
            ),
            Self::NotSetUp(capability) => format!(
                "set up in `[plugin.{name}]` what `{}` is to reach",
                capability.name()
            ),
            Self::OwnHandles => {
                "build it without resources of its own; the contract has none".into()
            }
            Self::Sandbox(error) => error.hint().into(),
            Self::UnknownImport(import) if import.starts_with("wasi:") => {
                "of WASI there are the io, cli, clocks, random and filesystem of 0.2, and that without a folder; build it without the rest".into()
            }
            Self::UnknownImport(_) => {
                format!("the capabilities are: {}", CAPABILITIES.join(", "))
            }
            Self::OtherContract(_) => "build it with the SDK of this version".into(),
            Self::NoRole(_) => format!(
                "build it for a world that includes `{CONTRACT}/policy-plugin` or `{CONTRACT}/redactor-plugin`"
            ),
            Self::NotShown(needs) => {
                format!("if it may see that, set `sees = [{needs}]` in `[plugin.{name}]`")
            }
            Self::Compile(error) => error.hint()?.into(),
            Self::Settings(_) => format!("mend `settings` of `[plugin.{name}]`"),
            Self::NoPatterns => {
                format!(
                    "build it for a world that exports `{CONTRACT}/patterns` beside its import of `scan`"
                )
            }
            Self::NoScan => "build it without the export `patterns`: nothing in it searches".into(),
            Self::Patterns(_) => {
                "its author has to mend that; the limits stand in the contract, `wit/scan.wit`"
                    .into()
            }
            Self::TooLarge | Self::Invalid(_) | Self::BadDescription(_) | Self::Configure(_) => {
                return None;
            }
        })
    }
}

/// What a component wants and offers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inspected {
    /// The capabilities that it imports.
    pub capabilities: Vec<Capability>,
    /// Whether it judges.
    pub policy: bool,
    /// Whether it redacts.
    pub redactor: bool,
}

/// A component that is compiled and linked, and has declared itself.
struct Prepared {
    linked: Linked,
    indices: declares::DeclaresIndices,
    description: Description,
    capabilities: Vec<Capability>,
    policy: Option<judges::JudgesIndices>,
    redactor: Option<redacts::RedactsIndices>,
}

/// What a component says of itself.
#[derive(Debug)]
pub struct Described {
    /// Its declaration.
    pub description: Description,
    /// The names of its pattern sets, with the number of patterns in each.
    pub patterns: Vec<(Code, usize)>,
    /// Whether it takes the settings of the grant; none where the grant has none.
    pub settings: Option<Result<(), LoadError>>,
}

impl Sandbox {
    /// Compiles a component, or takes what is kept of it, and makes it ready to judge. Takes from
    /// milliseconds to seconds, depending on its size. Can be called from any thread at any time, also
    /// while other plugins judge.
    ///
    /// # Errors
    /// [`LoadError`]: nothing of it runs afterwards.
    pub fn load(&self, name: &PluginName, bytes: &[u8], grant: Grant) -> Result<Plugin, LoadError> {
        let Prepared {
            linked,
            indices,
            description,
            capabilities,
            policy,
            redactor,
        } = self.prepare(name, bytes, grant, |capabilities, grant| {
            let missing = capabilities.iter().find(|c| !c.is_within(&grant.reach));
            missing.map_or(Ok(()), |missing| Err(LoadError::NotSetUp(*missing)))
        })?;
        check_needs(&description, &linked.standing.projection)?;
        check_settings(&linked, &indices)?;
        Ok(Plugin(Arc::new(Loaded {
            linked,
            description,
            capabilities,
            policy,
            redactor,
        })))
    }

    /// What a component says of itself, whatever it needs and is shown: what its capabilities reach may be
    /// missing, and they answer that it is. No check can be run with this.
    ///
    /// # Errors
    /// [`LoadError`], but for those about needs, settings and what is not set up.
    pub fn describe(
        &self,
        name: &PluginName,
        bytes: &[u8],
        grant: Grant,
    ) -> Result<Described, LoadError> {
        let with_settings = grant.settings.is_some();
        let prepared = self.prepare(name, bytes, grant, |_, _| Ok(()))?;
        let sets = prepared.linked.standing.patterns.get();
        let sets = sets.into_iter().flat_map(|sets| sets.iter());
        Ok(Described {
            patterns: sets
                .map(|set| (set.name().clone(), set.ids().len()))
                .collect(),
            settings: with_settings.then(|| check_settings(&prepared.linked, &prepared.indices)),
            description: prepared.description,
        })
    }

    /// Everything of a load before it is asked whether it suits its grant.
    fn prepare(
        &self,
        name: &PluginName,
        bytes: &[u8],
        grant: Grant,
        allow: impl FnOnce(&[Capability], &Grant) -> Result<(), LoadError>,
    ) -> Result<Prepared, LoadError> {
        check_kind(bytes)?;
        let structure = Structure::of(bytes)?;
        let capabilities = check_imports(&structure, &grant.capabilities)?;
        allow(&capabilities, &grant)?;
        let waits = capabilities.iter().any(|capability| capability.waits());
        let chamber = self.chamber(waits)?;
        check_exports(&structure)?;
        let component = self
            .artifacts()
            .component(&chamber.engine, bytes)
            .map_err(|error| match error {
                CompileError::Refused(message) => LoadError::Invalid(message),
                error => LoadError::Compile(error),
            })?;
        let linked = link(chamber, name, &component, (grant, waits))?;
        let indices =
            declares::DeclaresIndices::new(&linked.pre).map_err(|_| LoadError::NoRole("plugin"))?;
        let policy = judges::JudgesIndices::new(&linked.pre).ok();
        let redactor = redacts::RedactsIndices::new(&linked.pre).ok();
        if policy.is_none() && redactor.is_none() {
            return Err(LoadError::NoRole("policy or redactor"));
        }
        let roles = (policy.as_ref(), redactor.as_ref());
        check_types(&linked, &indices, roles).map_err(LoadError::Invalid)?;
        let description = declare(&linked, &indices).map_err(LoadError::BadDescription)?;
        patterns::compile(&linked, &capabilities)?;
        Ok(Prepared {
            linked,
            indices,
            description,
            capabilities,
            policy,
            redactor,
        })
    }
}

fn check_settings(linked: &Linked, indices: &declares::DeclaresIndices) -> Result<(), LoadError> {
    configure(linked, indices).map_err(|error| match error {
        ConfigureError::Fault(fault) => LoadError::Configure(fault),
        ConfigureError::Settings(faults) => LoadError::Settings(faults),
    })
}

/// What a component wants and offers, without compiling any of it.
///
/// # Errors
/// [`LoadError`], as far as it can be told without a grant.
pub fn inspect(bytes: &[u8]) -> Result<Inspected, LoadError> {
    check_kind(bytes)?;
    let structure = Structure::of(bytes)?;
    let capabilities = check_imports(&structure, &Capability::ALL)?;
    let exports = |role: &str| {
        let name = format!("{CONTRACT}/{role}@{CONTRACT_VERSION}");
        structure.exports.contains(&name.as_str())
    };
    Ok(Inspected {
        capabilities,
        policy: exports("policy"),
        redactor: exports("redactor"),
    })
}

/// The capabilities among the imports, all of them granted. Told from the bytes alone, before anything
/// is compiled.
pub(crate) fn check_imports(
    structure: &Structure<'_>,
    granted: &[Capability],
) -> Result<Vec<Capability>, LoadError> {
    let mut capabilities = Vec::new();
    for import in &structure.imports {
        for capability in needed(import)? {
            if !granted.contains(&capability) {
                return Err(LoadError::NotGranted(capability));
            }
            if !capabilities.contains(&capability) {
                capabilities.push(capability);
            }
        }
    }
    Ok(capabilities)
}

/// What has to be granted for one import.
pub(crate) fn needed(import: &Import<'_>) -> Result<Vec<Capability>, LoadError> {
    let Import { name, .. } = import;
    let unknown = || LoadError::UnknownImport(shown(name));
    if !import.instance {
        return Err(unknown());
    }
    if name.starts_with("wasi:") {
        let needed = wasi::needs(name, import.types_only).ok_or_else(unknown)?;
        return Ok(needed.to_vec());
    }
    let (interface, version) = name
        .strip_prefix(CONTRACT)
        .and_then(|rest| rest.strip_prefix('/'))
        .map(|rest| rest.split_once('@').unwrap_or((rest, "")))
        .ok_or_else(unknown)?;
    if version != CONTRACT_VERSION {
        return Err(LoadError::OtherContract(shown(name)));
    }
    if ALWAYS.contains(&interface) {
        return Ok(Vec::new());
    }
    let capability = Capability::from_name(interface).filter(|c| *c != Capability::Wasi);
    capability
        .map(|capability| vec![capability])
        .ok_or_else(unknown)
}

/// A plugin that imports nothing shows only by its exports that it was built for another version.
pub(crate) fn check_exports(structure: &Structure<'_>) -> Result<(), LoadError> {
    for export in &structure.exports {
        let ours = export
            .strip_prefix(CONTRACT)
            .and_then(|rest| rest.strip_prefix('/'));
        let version = ours.map(|rest| rest.split_once('@').map_or("", |(_, version)| version));
        if version.is_some_and(|version| version != CONTRACT_VERSION) {
            return Err(LoadError::OtherContract(shown(export)));
        }
    }
    Ok(())
}

fn link(
    chamber: &Chamber,
    name: &PluginName,
    component: &Component,
    (grant, waits): (Grant, bool),
) -> Result<Linked, LoadError> {
    let invalid = |error: wasmtime::Error| LoadError::Invalid(one_line(&error));
    let linker = linker(&chamber.engine, &grant.capabilities).map_err(invalid)?;
    let pre: InstancePre<State> = linker.instantiate_pre(component).map_err(invalid)?;
    let settings = grant.settings.unwrap_or_else(|| Json::Object(Vec::new()));
    let standing = Standing {
        name: name.clone(),
        projection: grant.projection,
        settings: Arc::new(Document::new(settings)),
        limits: grant.limits,
        reach: grant.reach,
        patterns: OnceLock::new(),
    };
    Ok(Linked {
        pre,
        ticker: Arc::clone(&chamber.ticker),
        standing: Arc::new(standing),
        waits,
    })
}

fn check_needs(description: &Description, shown: &Projection) -> Result<(), LoadError> {
    if shown.includes(&description.needs) {
        return Ok(());
    }
    Err(LoadError::NotShown(description.needs.to_string()))
}

/// A component's preamble is `\0asm`, version 13, layer 1; a core module's version 1, layer 0.
pub(crate) fn check_kind(bytes: &[u8]) -> Result<(), LoadError> {
    if bytes.len() > MAX_COMPONENT_BYTES {
        return Err(LoadError::TooLarge);
    }
    match bytes.get(..8) {
        Some([0, b'a', b's', b'm', 0x0d, 0, 1, 0]) => Ok(()),
        Some([0, b'a', b's', b'm', 1, 0, 0, 0]) => Err(LoadError::NotAComponent("a core module")),
        Some([0x7f, b'E', b'L', b'F', ..]) => Err(LoadError::NotAComponent("machine code")),
        _ => Err(LoadError::NotAComponent("no WebAssembly")),
    }
}

/// wasmtime's messages span lines; errors here are one.
pub(crate) fn one_line(error: &wasmtime::Error) -> String {
    let text = format!("{error:#}");
    let words: Vec<&str> = text.split_whitespace().collect();
    shown(&words.join(" "))
}
