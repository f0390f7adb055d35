//! What a plugin's world looks like to TypeScript, and to editors of JavaScript: a module for each
//! interface, with the contract's own documentation.
//!
//! The shapes are those that QuickJS is given by `componentize-qjs`: an option that is none is `null`,
//! a variant is `{ tag, val }`, an enum is a text. The host's errors are thrown as the `payload` of an
//! `Error`; a plugin throws its own as they are.

use std::fmt::Write as _;

use wit_parser::{
    Docs, Field, Function, InterfaceId, Resolve, Type, TypeDefKind, TypeId, TypeOwner, Variant,
    WorldId, WorldItem,
};

/// Above the declarations.
const NOTE: &str = "// What the host gives, and what the plugin has to export.\n\
                    // `wardlet plugin build` writes this file from the world in `wit`.\n";

/// The declarations of a world.
pub(crate) fn text(resolve: &Resolve, world: WorldId) -> Result<String, String> {
    let world = resolve.worlds.get(world).ok_or("a world that is nowhere")?;
    let mut out = NOTE.to_owned();
    for (items, exported) in [(&world.imports, false), (&world.exports, true)] {
        for item in items.values() {
            let WorldItem::Interface { id, .. } = item else {
                return Err("the world has functions or types outside of an interface".to_owned());
            };
            Module { resolve, id: *id }.write(exported, &mut out)?;
        }
    }
    Ok(out)
}

/// One interface.
struct Module<'a> {
    resolve: &'a Resolve,
    id: InterfaceId,
}

impl Module<'_> {
    fn write(&self, exported: bool, out: &mut String) -> Result<(), String> {
        let interface = self.resolve.interfaces.get(self.id);
        let interface = interface.ok_or("an interface that is nowhere")?;
        let name = interface.name.as_deref().ok_or("an unnamed interface")?;
        out.push('\n');
        comment(&interface.docs, None, "", out);
        let _ = writeln!(out, "declare module \"{}\" {{", self.specifier(self.id)?);
        for (name, id) in &interface.types {
            self.write_type(name, *id, out)?;
        }
        let functions = interface.functions.values();
        if exported {
            let _ = writeln!(out, "  export interface {} {{", pascal(name));
            for function in functions {
                comment(
                    &function.docs,
                    self.thrown(function)?.as_deref(),
                    "    ",
                    out,
                );
                let signature = self.signature(function)?;
                let _ = writeln!(out, "    {}{signature};", camel(&function.name));
            }
            out.push_str("  }\n");
        } else {
            for function in functions {
                let thrown = self.thrown(function)?;
                let thrown = thrown.map(|shape| format!("Error & {{ payload: {shape} }}"));
                comment(&function.docs, thrown.as_deref(), "  ", out);
                let name = camel(&function.name);
                let signature = self.signature(function)?;
                if is_reserved(&name) {
                    let _ = writeln!(out, "  function {name}_{signature};");
                    let _ = writeln!(out, "  export {{ {name}_ as {name} }};");
                } else {
                    let _ = writeln!(out, "  export function {name}{signature};");
                }
            }
        }
        // Without an export of its own a module would export everything that stands in it.
        out.push_str("  export {};\n}\n");
        Ok(())
    }

    fn specifier(&self, id: InterfaceId) -> Result<String, String> {
        let specifier = self.resolve.id_of(id);
        specifier.ok_or_else(|| "an interface without a name".to_owned())
    }

    fn write_type(&self, name: &str, id: TypeId, out: &mut String) -> Result<(), String> {
        let one = self.resolve.types.get(id).ok_or("a type that is nowhere")?;
        let name = pascal(name);
        comment(&one.docs, None, "  ", out);
        if let TypeDefKind::Record(record) = &one.kind {
            let _ = writeln!(out, "  export interface {name} {{");
            for field in &record.fields {
                comment(&field.docs, None, "    ", out);
                let _ = writeln!(out, "    {};", self.field(field)?);
            }
            out.push_str("  }\n");
            return Ok(());
        }
        let shape = match &one.kind {
            TypeDefKind::Type(Type::Id(of)) => self.elsewhere(*of)?,
            kind => self.kind(kind)?,
        };
        let space = if shape.starts_with('\n') { "" } else { " " };
        let _ = writeln!(out, "  export type {name} ={space}{shape};");
        Ok(())
    }

    /// A type of another interface, which this one uses.
    fn elsewhere(&self, id: TypeId) -> Result<String, String> {
        let one = self.resolve.types.get(id).ok_or("a type that is nowhere")?;
        match (&one.name, one.owner) {
            (Some(name), TypeOwner::Interface(owner)) if owner != self.id => {
                let specifier = self.specifier(owner)?;
                Ok(format!("import(\"{specifier}\").{}", pascal(name)))
            }
            _ => self.shape(Type::Id(id)),
        }
    }

    fn field(&self, field: &Field) -> Result<String, String> {
        Ok(format!("{}: {}", camel(&field.name), self.shape(field.ty)?))
    }

    fn signature(&self, function: &Function) -> Result<String, String> {
        let mut parameters = Vec::new();
        for parameter in &function.params {
            let mut name = camel(&parameter.name);
            if is_reserved(&name) {
                name.push('_');
            }
            parameters.push(format!("{name}: {}", self.shape(parameter.ty)?));
        }
        let (result, _) = self.outcome(function);
        let result = result.map_or(Ok("void".to_owned()), |one| self.shape(one))?;
        Ok(format!("({}): {result}", parameters.join(", ")))
    }

    /// What a function throws.
    fn thrown(&self, function: &Function) -> Result<Option<String>, String> {
        let (_, error) = self.outcome(function);
        error.map(|one| self.shape(one)).transpose()
    }

    /// What a function gives, and what it throws.
    fn outcome(&self, function: &Function) -> (Option<Type>, Option<Type>) {
        if let Some(Type::Id(id)) = function.result
            && let Some(one) = self.resolve.types.get(id)
            && let TypeDefKind::Result(result) = &one.kind
        {
            return (result.ok, result.err);
        }
        (function.result, None)
    }

    fn shape(&self, of: Type) -> Result<String, String> {
        let shape = match of {
            Type::Bool => "boolean",
            Type::Char | Type::String => "string",
            Type::ErrorContext => return Err("an error context has no declaration".to_owned()),
            Type::Id(id) => {
                let one = self.resolve.types.get(id).ok_or("a type that is nowhere")?;
                return match &one.name {
                    Some(name) => Ok(pascal(name)),
                    None => self.kind(&one.kind),
                };
            }
            _ => "number",
        };
        Ok(shape.to_owned())
    }

    fn kind(&self, kind: &TypeDefKind) -> Result<String, String> {
        let inner = |one: &Option<Type>| match one {
            Some(one) => self.shape(*one).map(|shape| format!(", val: {shape}")),
            None => Ok(String::new()),
        };
        Ok(match kind {
            TypeDefKind::Enum(one) => {
                let cases = one.cases.iter().map(|case| format!("\"{}\"", case.name));
                cases.collect::<Vec<_>>().join(" | ")
            }
            TypeDefKind::Flags(flags) => {
                let names = flags.flags.iter();
                let names: Vec<_> = names
                    .map(|flag| format!("{}: boolean", camel(&flag.name)))
                    .collect();
                format!("{{ {} }}", names.join(", "))
            }
            TypeDefKind::List(Type::U8) => "Uint8Array".to_owned(),
            TypeDefKind::List(one) | TypeDefKind::FixedLengthList(one, _) => {
                format!("Array<{}>", self.shape(*one)?)
            }
            TypeDefKind::Map(key, value) => {
                format!("Map<{}, {}>", self.shape(*key)?, self.shape(*value)?)
            }
            TypeDefKind::Option(one) => format!("{} | null", self.shape(*one)?),
            TypeDefKind::Result(result) => format!(
                "{{ tag: \"ok\"{} }} | {{ tag: \"err\"{} }}",
                inner(&result.ok)?,
                inner(&result.err)?
            ),
            TypeDefKind::Tuple(tuple) => {
                let types = tuple.types.iter().map(|one| self.shape(*one));
                format!("[{}]", types.collect::<Result<Vec<_>, _>>()?.join(", "))
            }
            TypeDefKind::Type(one) => self.shape(*one)?,
            TypeDefKind::Variant(variant) => self.variant(variant)?,
            other => return Err(format!("a {} has no declaration", other.as_str())),
        })
    }

    /// A case each on a line, since each may have documentation.
    fn variant(&self, variant: &Variant) -> Result<String, String> {
        let mut out = String::new();
        for case in &variant.cases {
            out.push('\n');
            comment(&case.docs, None, "    ", &mut out);
            let _ = write!(out, "    | {{ tag: \"{}\"", case.name);
            if let Some(one) = case.ty {
                let _ = write!(out, "; val: {}", self.shape(one)?);
            }
            out.push_str(" }");
        }
        Ok(out)
    }
}

/// Documentation as TypeScript has it, with what is thrown.
fn comment(docs: &Docs, thrown: Option<&str>, indent: &str, out: &mut String) {
    let mut lines: Vec<String> = docs
        .contents
        .iter()
        .flat_map(|text| text.lines())
        .map(str::to_owned)
        .collect();
    lines.extend(thrown.map(|thrown| format!("@throws {{{thrown}}}")));
    match lines.as_slice() {
        [] => {}
        [line] => {
            let _ = writeln!(out, "{indent}/** {} */", closed(line));
        }
        _ => {
            let _ = writeln!(out, "{indent}/**");
            for line in &lines {
                let _ = writeln!(out, "{}", format!("{indent} * {}", closed(line)).trim_end());
            }
            let _ = writeln!(out, "{indent} */");
        }
    }
}

/// A line that does not end the comment it stands in.
fn closed(line: &str) -> String {
    line.replace("*/", "* /")
}

fn camel(name: &str) -> String {
    let mut words = name.split('-');
    let mut out = words.next().unwrap_or_default().to_owned();
    words.for_each(|word| out.push_str(&capital(word)));
    out
}

fn pascal(name: &str) -> String {
    name.split('-').map(capital).collect()
}

fn capital(word: &str) -> String {
    let mut letters = word.chars();
    let first = letters.next().map(|letter| letter.to_ascii_uppercase());
    first.into_iter().chain(letters).collect()
}

/// Whether a name is a word of the language, by which no function and no parameter can be called.
fn is_reserved(name: &str) -> bool {
    const WORDS: [&str; 22] = [
        "break", "case", "catch", "class", "const", "continue", "default", "delete", "do", "else",
        "enum", "export", "finally", "for", "function", "if", "import", "in", "new", "return",
        "switch", "with",
    ];
    WORDS.contains(&name)
}

#[cfg(test)]
mod tests;
