//! What a component is made of, read from its bytes before anything of it is compiled.

use wasmparser::{CanonicalFunction, ComponentTypeRef, Parser, Payload};

use crate::description::shown;
use crate::load::LoadError;

/// Something that the component imports.
pub(crate) struct Import<'a> {
    pub(crate) name: &'a str,
    /// Whether it is an instance of an interface; anything else nobody offers.
    pub(crate) instance: bool,
}

/// The outside of a component.
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
        let invalid =
            |error: wasmparser::BinaryReaderError| LoadError::Invalid(shown(error.message()));
        let mut imports = Vec::new();
        let mut exports = Vec::new();
        let mut depth = 0_usize;
        for payload in Parser::new(0).parse_all(bytes) {
            match payload.map_err(invalid)? {
                Payload::ModuleSection { .. } | Payload::ComponentSection { .. } => depth += 1,
                Payload::End(_) => depth = depth.saturating_sub(1),
                Payload::ComponentImportSection(section) if depth == 0 => {
                    for import in section {
                        let import = import.map_err(invalid)?;
                        imports.push(Import {
                            name: import.name.name,
                            instance: matches!(import.ty, ComponentTypeRef::Instance(_)),
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
                            return Err(LoadError::OwnHandles);
                        }
                    }
                }
                _ => {}
            }
        }
        Ok(Structure { imports, exports })
    }
}
