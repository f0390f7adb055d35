//! Types and functions of the contract, written as WIT has them.

use wit_parser::{Function, Resolve, Type, TypeDef, TypeDefKind, TypeId, TypeOwner};

/// A function without its documentation.
pub(super) fn function(resolve: &Resolve, function: &Function) -> String {
    let parameters = function.params.iter();
    let parameters: Vec<String> = parameters
        .map(|one| format!("{}: {}", one.name, of(resolve, &one.ty)))
        .collect();
    let result = function.result.as_ref();
    let result = result.map(|result| format!(" -> {}", of(resolve, result)));
    format!(
        "{}: func({}){};",
        function.name,
        parameters.join(", "),
        result.unwrap_or_default()
    )
}

/// A type where it is used.
pub(super) fn of(resolve: &Resolve, one: &Type) -> String {
    match one {
        Type::Id(id) => named(resolve, *id),
        Type::Bool => "bool".into(),
        Type::U8 => "u8".into(),
        Type::U16 => "u16".into(),
        Type::U32 => "u32".into(),
        Type::U64 => "u64".into(),
        Type::S8 => "s8".into(),
        Type::S16 => "s16".into(),
        Type::S32 => "s32".into(),
        Type::S64 => "s64".into(),
        Type::F32 => "f32".into(),
        Type::F64 => "f64".into(),
        Type::Char => "char".into(),
        Type::String => "string".into(),
        Type::ErrorContext => "error-context".into(),
    }
}

fn named(resolve: &Resolve, id: TypeId) -> String {
    let Some(definition) = resolve.types.get(id) else {
        return String::new();
    };
    match &definition.name {
        Some(name) => name.clone(),
        None => structure(resolve, definition),
    }
}

/// What a type without a name of its own is made of.
fn structure(resolve: &Resolve, definition: &TypeDef) -> String {
    let inner = |one: &Option<Type>| one.as_ref().map_or("_".to_owned(), |one| of(resolve, one));
    match &definition.kind {
        TypeDefKind::Option(one) => format!("option<{}>", of(resolve, one)),
        TypeDefKind::List(one) => format!("list<{}>", of(resolve, one)),
        TypeDefKind::Result(result) => match (&result.ok, &result.err) {
            (None, None) => "result".into(),
            (ok, None) => format!("result<{}>", inner(ok)),
            (ok, err) => format!("result<{}, {}>", inner(ok), inner(err)),
        },
        TypeDefKind::Tuple(tuple) => {
            let types: Vec<String> = tuple.types.iter().map(|one| of(resolve, one)).collect();
            format!("tuple<{}>", types.join(", "))
        }
        // The contract has no other; a new one fails the test that all of it is told.
        other => format!("({})", other.as_str()),
    }
}

/// What a named type is made of: its kind, and its members with their types and documentation.
pub(super) struct Members<'a> {
    pub(super) kind: &'static str,
    /// Name, type (may be empty) and documentation.
    pub(super) members: Vec<(&'a str, String, Option<&'a str>)>,
}

/// The members of a named type; none where it is another name for a type.
pub(super) fn members<'a>(resolve: &Resolve, definition: &'a TypeDef) -> Option<Members<'a>> {
    let kind = definition.kind.as_str();
    let members = match &definition.kind {
        TypeDefKind::Record(record) => {
            let fields = record.fields.iter();
            fields
                .map(|field| {
                    let docs = field.docs.contents.as_deref();
                    (field.name.as_str(), of(resolve, &field.ty), docs)
                })
                .collect()
        }
        TypeDefKind::Variant(variant) => {
            let cases = variant.cases.iter();
            cases
                .map(|case| {
                    let ty = case.ty.as_ref().map(|ty| of(resolve, ty));
                    let docs = case.docs.contents.as_deref();
                    (case.name.as_str(), ty.unwrap_or_default(), docs)
                })
                .collect()
        }
        TypeDefKind::Enum(cases) => {
            let cases = cases.cases.iter();
            cases
                .map(|case| {
                    let docs = case.docs.contents.as_deref();
                    (case.name.as_str(), String::new(), docs)
                })
                .collect()
        }
        TypeDefKind::Flags(flags) => {
            let flags = flags.flags.iter();
            flags
                .map(|flag| {
                    let docs = flag.docs.contents.as_deref();
                    (flag.name.as_str(), String::new(), docs)
                })
                .collect()
        }
        _ => return None,
    };
    Some(Members { kind, members })
}

/// The interface from which another name for a type takes it.
pub(super) fn taken_from<'a>(resolve: &'a Resolve, definition: &TypeDef) -> Option<&'a str> {
    let TypeDefKind::Type(Type::Id(id)) = &definition.kind else {
        return None;
    };
    let TypeOwner::Interface(owner) = resolve.types.get(*id)?.owner else {
        return None;
    };
    resolve.interfaces.get(owner)?.name.as_deref()
}
