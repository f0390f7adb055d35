//! What a component is made of, for whoever looks at it: read from its bytes alone, also where it would
//! not load.

use std::collections::BTreeSet;

use wasmparser_bounded::{
    BinaryReaderError, CustomSectionReader, KnownCustom, MemorySectionReader, Parser, Payload,
};

use crate::capability::{CONTRACT, Capability};
use crate::description::shown;
use crate::load::{LoadError, check_exports, check_imports, check_kind, needed};
use crate::structure::Structure;

/// Imports, exports, tools and versions that are told of each component: Python's has some thirty of
/// the first. What is beyond is counted.
pub const MAX_LISTED: usize = 256;

/// What kind of file it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A component.
    Component,
    /// A core module, which a component is made from.
    CoreModule,
    /// Anything else.
    Other,
}

/// Something that a component imports.
#[derive(Debug)]
pub struct Imported {
    /// Its name, bounded and without what would steer a terminal.
    pub name: String,
    /// What has to be granted for it, or why nobody can grant it.
    pub needs: Result<Vec<Capability>, LoadError>,
    /// Whether it brings nothing but types.
    pub types_only: bool,
}

/// A tool that took part in making it, as the tool itself says: the custom section `producers`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Producer {
    /// `language`, `sdk` or `processed-by`.
    pub field: String,
    /// The language's or tool's name, bounded and without what would steer a terminal.
    pub name: String,
    /// Its version in the same form; may be empty.
    pub version: String,
}

/// What a component is made of.
#[derive(Debug)]
pub struct Anatomy {
    /// What kind of file it is.
    pub kind: Kind,
    /// What it imports; at most [`MAX_LISTED`].
    pub imports: Vec<Imported>,
    /// Imports beyond those.
    pub more_imports: usize,
    /// The names of what it exports; at most [`MAX_LISTED`].
    pub exports: Vec<String>,
    /// Exports beyond those.
    pub more_exports: usize,
    /// The versions of the contract that its imports and exports name.
    pub contracts: Vec<String>,
    /// The tools that made it.
    pub producers: Vec<Producer>,
    /// Core modules within it.
    pub modules: usize,
    /// Functions that they define.
    pub functions: usize,
    /// Memories that they define.
    pub memories: usize,
    /// Pages of 64 KiB that all of them begin with.
    pub pages: u64,
    /// Why it would not load, as far as its bytes tell.
    pub refusal: Option<LoadError>,
}

impl Anatomy {
    /// Reads it. Whatever the bytes are, this takes time and memory in proportion to their number, and
    /// nothing of them is compiled or run.
    #[must_use]
    pub fn read(bytes: &[u8]) -> Self {
        let mut structure = Structure::default();
        let (kind, wrong) = match check_kind(bytes) {
            Ok(()) => (Kind::Component, structure.read(bytes).err()),
            Err(error @ LoadError::NotAComponent("a core module")) => {
                (Kind::CoreModule, Some(error))
            }
            Err(error) => (Kind::Other, Some(error)),
        };
        let mut parts = Parts::default();
        if kind != Kind::Other {
            // Where the bytes are wrong, `refusal` says so; what stands before that was counted.
            let _ = parts.count(bytes);
        }
        let names = structure.imports.iter().map(|import| import.name);
        let names = names.chain(structure.exports.iter().copied());
        let contracts: BTreeSet<String> = names.filter_map(contract).map(shown).collect();
        Anatomy {
            kind,
            refusal: wrong.or_else(|| refusal(&structure)),
            more_imports: structure.imports.len().saturating_sub(MAX_LISTED),
            more_exports: structure.exports.len().saturating_sub(MAX_LISTED),
            imports: structure
                .imports
                .iter()
                .take(MAX_LISTED)
                .map(|import| Imported {
                    name: shown(import.name),
                    needs: needed(import),
                    types_only: import.types_only,
                })
                .collect(),
            exports: structure
                .exports
                .iter()
                .take(MAX_LISTED)
                .map(|name| shown(name))
                .collect(),
            contracts: contracts.into_iter().take(MAX_LISTED).collect(),
            producers: parts.producers.into_iter().collect(),
            modules: parts.modules,
            functions: parts.functions,
            memories: parts.memories,
            pages: parts.pages,
        }
    }

    /// The capabilities that have to be granted, in the order in which it imports them.
    #[must_use]
    pub fn capabilities(&self) -> Vec<Capability> {
        let mut all = Vec::new();
        let granted = self.imports.iter().flat_map(|import| &import.needs);
        for capability in granted.flatten() {
            if !all.contains(capability) {
                all.push(*capability);
            }
        }
        all
    }

    /// Whether it exports this interface of the contract, in whatever version.
    #[must_use]
    pub fn exports(&self, role: &str) -> bool {
        self.exports.iter().any(|name| {
            let ours = name.strip_prefix(CONTRACT);
            let interface = ours.and_then(|rest| rest.strip_prefix('/'));
            interface.is_some_and(|rest| rest.split('@').next() == Some(role))
        })
    }
}

/// Why a well-formed component would not load with every grant there is.
fn refusal(structure: &Structure<'_>) -> Option<LoadError> {
    let exports = |role: &str| {
        let mut names = structure.exports.iter();
        names.any(|name| {
            let rest = name.strip_prefix(CONTRACT);
            rest.is_some_and(|rest| rest.starts_with(&format!("/{role}@")))
        })
    };
    let wrong = check_imports(structure, &Capability::ALL).and_then(|_| check_exports(structure));
    wrong.err().or_else(|| match () {
        () if !exports("plugin") => Some(LoadError::NoRole("plugin")),
        () if !exports("policy") && !exports("redactor") => {
            Some(LoadError::NoRole("policy or redactor"))
        }
        () => None,
    })
}

/// The version of the contract in a name of it.
fn contract(name: &str) -> Option<&str> {
    let rest = name.strip_prefix(CONTRACT)?.strip_prefix('/')?;
    Some(rest.split_once('@').map_or("", |(_, version)| version))
}

/// What stands within the core modules, wherever they are nested.
#[derive(Default)]
struct Parts {
    producers: BTreeSet<Producer>,
    modules: usize,
    functions: usize,
    memories: usize,
    pages: u64,
}

impl Parts {
    fn count(&mut self, bytes: &[u8]) -> Result<(), BinaryReaderError> {
        for payload in Parser::new(0).parse_all(bytes) {
            match payload? {
                Payload::ModuleSection { .. } => self.modules += 1,
                // Counted one by one: a section may claim to have more than it has bytes.
                Payload::FunctionSection(section) => {
                    self.functions += section.into_iter().take_while(Result::is_ok).count();
                }
                Payload::MemorySection(section) => self.memories(section)?,
                // A tool that writes this section badly is only not named.
                Payload::CustomSection(section) => drop(self.producers(&section)),
                _ => {}
            }
        }
        Ok(())
    }

    fn memories(&mut self, section: MemorySectionReader<'_>) -> Result<(), BinaryReaderError> {
        for memory in section {
            self.memories += 1;
            self.pages = self.pages.saturating_add(memory?.initial);
        }
        Ok(())
    }

    fn producers(&mut self, section: &CustomSectionReader<'_>) -> Result<(), BinaryReaderError> {
        let KnownCustom::Producers(fields) = section.as_known() else {
            return Ok(());
        };
        for field in fields {
            let field = field?;
            for value in field.values {
                let value = value?;
                if self.producers.len() < MAX_LISTED {
                    self.producers.insert(Producer {
                        field: field.name.to_owned(),
                        name: shown(value.name),
                        version: shown(value.version),
                    });
                }
            }
        }
        Ok(())
    }
}
