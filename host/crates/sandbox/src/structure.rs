//! What a component is made of, read from its bytes before anything of it is compiled.

use wasmparser_bounded::{
    BinaryReaderError, CanonicalFunction, ComponentAlias, ComponentExternalKind,
    ComponentOuterAliasKind, ComponentType, ComponentTypeRef, InstanceTypeDeclaration, Parser,
    Payload, TypeBounds,
};

use crate::description::shown;
use crate::load::LoadError;

/// Bytes of all sections of types of the outermost component: Python's has some tens of thousands. They
/// are read within the gateway, where a byte of them can take thirty of memory.
const MAX_TYPE_BYTES: u64 = 1 << 20;

/// Something that the component imports.
pub(crate) struct Import<'a> {
    pub(crate) name: &'a str,
    /// Whether it is an instance of an interface; anything else nobody offers.
    pub(crate) instance: bool,
    /// Whether it is an interface that brings nothing but types: nothing can be called through it.
    pub(crate) types_only: bool,
}

/// The outside of a component.
#[derive(Default)]
pub(crate) struct Structure<'a> {
    pub(crate) imports: Vec<Import<'a>>,
    /// The names of what it exports.
    pub(crate) exports: Vec<&'a str>,
}

impl<'a> Structure<'a> {
    /// Reads it. A component within the component imports from its surroundings, so that only the
    /// outermost one's imports count; what makes handles counts wherever it stands, since the host
    /// keeps a table of them that no limit bounds.
    ///
    /// # Errors
    /// [`LoadError::Invalid`] and [`LoadError::OwnHandles`]
    pub(crate) fn of(bytes: &'a [u8]) -> Result<Self, LoadError> {
        let mut structure = Structure::default();
        structure.read(bytes)?;
        Ok(structure)
    }

    /// Adds what the bytes hold up to where they are wrong.
    ///
    /// # Errors
    /// Those of [`Structure::of`].
    pub(crate) fn read(&mut self, bytes: &'a [u8]) -> Result<(), LoadError> {
        let invalid = |error: BinaryReaderError| LoadError::Invalid(shown(error.message()));
        let Structure { imports, exports } = self;
        let mut types = Types::default();
        let mut own_handles = false;
        let (mut depth, mut type_bytes) = (0_usize, 0_u64);
        for payload in Parser::new(0).parse_all(bytes) {
            let payload = payload.map_err(invalid)?;
            if depth == 0 {
                if let Payload::ComponentTypeSection(section) = &payload {
                    let range = section.range();
                    type_bytes += range.end.saturating_sub(range.start);
                }
                if type_bytes > MAX_TYPE_BYTES {
                    return Err(LoadError::Invalid(format!(
                        "its types take more than {} MiB",
                        MAX_TYPE_BYTES >> 20
                    )));
                }
                types.note(&payload).map_err(invalid)?;
            }
            match payload {
                Payload::ModuleSection { .. } | Payload::ComponentSection { .. } => depth += 1,
                Payload::End(_) => depth = depth.saturating_sub(1),
                Payload::ComponentImportSection(section) if depth == 0 => {
                    for import in section {
                        let import = import.map_err(invalid)?;
                        imports.push(Import {
                            name: import.name.name,
                            instance: matches!(import.ty, ComponentTypeRef::Instance(_)),
                            types_only: types.is_types_only(import.ty),
                        });
                    }
                }
                Payload::ComponentExportSection(section) if depth == 0 => {
                    for export in section {
                        exports.push(export.map_err(invalid)?.name.name);
                    }
                }
                Payload::ComponentCanonicalSection(section) => {
                    for function in section {
                        if matches!(
                            function.map_err(invalid)?,
                            CanonicalFunction::ResourceNew { .. }
                        ) {
                            own_handles = true;
                        }
                    }
                }
                _ => {}
            }
        }
        if own_handles {
            return Err(LoadError::OwnHandles);
        }
        Ok(())
    }
}

/// The types of the outermost component by their indices: whether each is an interface that brings
/// nothing but types.
#[derive(Default)]
struct Types(Vec<bool>);

impl Types {
    /// Counts the types that a section adds, whatever kind of section it is.
    fn note(&mut self, payload: &Payload<'_>) -> Result<(), BinaryReaderError> {
        match payload {
            Payload::ComponentTypeSection(section) => {
                for one in section.clone() {
                    self.0.push(brings_only_types(&one?));
                }
            }
            Payload::ComponentAliasSection(section) => {
                for alias in section.clone() {
                    self.add_other(matches!(
                        alias?,
                        ComponentAlias::InstanceExport {
                            kind: ComponentExternalKind::Type,
                            ..
                        } | ComponentAlias::Outer {
                            kind: ComponentOuterAliasKind::Type,
                            ..
                        }
                    ));
                }
            }
            Payload::ComponentImportSection(section) => {
                for import in section.clone() {
                    self.add_other(matches!(import?.ty, ComponentTypeRef::Type(_)));
                }
            }
            Payload::ComponentExportSection(section) => {
                for export in section.clone() {
                    self.add_other(export?.kind == ComponentExternalKind::Type);
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn add_other(&mut self, is_type: bool) {
        if is_type {
            self.0.push(false);
        }
    }

    fn is_types_only(&self, import: ComponentTypeRef) -> bool {
        let ComponentTypeRef::Instance(index) = import else {
            return false;
        };
        self.0.get(index as usize).copied().unwrap_or_default()
    }
}

/// A resource is more than a type here: whoever imports one is given it.
fn brings_only_types(one: &ComponentType<'_>) -> bool {
    let ComponentType::Instance(declarations) = one else {
        return false;
    };
    declarations.iter().all(|declaration| match declaration {
        InstanceTypeDeclaration::Export { ty, .. } => {
            matches!(ty, ComponentTypeRef::Type(TypeBounds::Eq(_)))
        }
        _ => true,
    })
}
