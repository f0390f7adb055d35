//! The reference: every interface, function and type with what the contract says about it.

use std::fmt::Write as _;

use wit_parser::{Docs, Interface, Resolve, TypeDef, WorldItem};

use super::Contract;
use super::signatures::{function, members, taken_from};

/// What a plugin may always import.
const ALWAYS: [&str; 3] = ["types", "document", "findings"];

/// How the documentation of a capability begins.
const CAPABILITY: &str = "Capability `";

/// The parts of the reference, with what they have in common.
const GROUPS: [(&str, &str); 3] = [
    (
        "What a plugin exports",
        "The host calls these. A plugin exports `plugin`, and `policy`, `redactor` or both; and `patterns` where it imports `scan`.",
    ),
    (
        "What every plugin may import",
        "They show what `sees` in the configuration shows, and need no grant.",
    ),
    (
        "Capabilities",
        "Each has to be granted by its name: `grants` in the configuration. A plugin that imports one that is not granted does not load.",
    ),
];

fn of_group(name: &str, interface: &Interface) -> usize {
    let docs = interface.docs.contents.as_deref().unwrap_or_default();
    match name {
        _ if ALWAYS.contains(&name) => 1,
        _ if docs.starts_with(CAPABILITY) => 2,
        _ => 0,
    }
}

pub(super) fn of(contract: &Contract) -> String {
    let mut page = format!("# The contract `{}`\n\n", contract.id());
    page.push_str(
        "<!-- Written by `cargo xtask reference` from the files beside it: change those. -->\n\n",
    );
    let package = contract.resolve.packages.get(contract.package);
    if let Some(package) = package {
        docs(&mut page, &package.docs);
    }
    page.push_str("What may change and what may not: [`COMPATIBILITY.md`](COMPATIBILITY.md).\n\n");
    let interfaces = contract.interfaces();
    for (group, (title, _)) in GROUPS.iter().enumerate() {
        let of_it = interfaces
            .iter()
            .filter(|(name, one)| of_group(name, one) == group);
        let links: Vec<String> = of_it
            .map(|(name, _)| format!("[`{name}`](#{name})"))
            .collect();
        line(&mut page, format_args!("- {title}: {}", links.join(", ")));
    }
    page.push_str("- [Worlds](#worlds)\n");
    for (group, (title, words)) in GROUPS.iter().enumerate() {
        line(&mut page, format_args!("\n# {title}\n\n{words}"));
        for (name, one) in &interfaces {
            if of_group(name, one) == group {
                interface(&mut page, &contract.resolve, name, one);
            }
        }
    }
    worlds(&mut page, contract);
    // What ends with an empty line may be followed by what begins with one.
    while page.contains("\n\n\n") {
        page = page.replace("\n\n\n", "\n\n");
    }
    page.trim_end().to_owned() + "\n"
}

fn line(page: &mut String, text: std::fmt::Arguments<'_>) {
    // A string takes whatever is written to it.
    let _ = writeln!(page, "{text}");
}

fn docs(page: &mut String, docs: &Docs) {
    if let Some(text) = &docs.contents {
        line(page, format_args!("{}\n", text.trim()));
    }
}

fn interface(page: &mut String, resolve: &Resolve, name: &str, one: &Interface) {
    line(page, format_args!("\n## `{name}`\n"));
    docs(page, &one.docs);
    let types = one
        .types
        .iter()
        .filter_map(|(name, id)| Some((name, resolve.types.get(*id)?)));
    let types: Vec<(&String, &TypeDef)> = types.collect();
    let taken: Vec<String> = types
        .iter()
        .filter_map(|(name, definition)| {
            let from = taken_from(resolve, definition)?;
            Some(format!("`{name}` of [`{from}`](#{from})"))
        })
        .collect();
    if !taken.is_empty() {
        line(page, format_args!("Uses {}.\n", taken.join(", ")));
    }
    for (_, one) in &one.functions {
        line(
            page,
            format_args!("```wit\n{}\n```\n", function(resolve, one)),
        );
        docs(page, &one.docs);
    }
    for (name, definition) in types {
        if taken_from(resolve, definition).is_none() {
            type_of(page, resolve, name, definition);
        }
    }
}

fn type_of(page: &mut String, resolve: &Resolve, name: &str, definition: &TypeDef) {
    let Some(all) = members(resolve, definition) else {
        line(page, format_args!("**type `{name}`**\n"));
        return docs(page, &definition.docs);
    };
    line(page, format_args!("**{} `{name}`**\n", all.kind));
    docs(page, &definition.docs);
    let typed = all.members.iter().any(|(_, ty, _)| !ty.is_empty());
    let told = all.members.iter().any(|(_, _, docs)| docs.is_some());
    if !typed && !told {
        let names = all.members.iter().map(|(name, ..)| format!("`{name}`"));
        let names: Vec<String> = names.collect();
        line(page, format_args!("{}\n", names.join(", ")));
        return;
    }
    page.push_str(if typed {
        "| | type | |\n|---|---|---|\n"
    } else {
        "| | |\n|---|---|\n"
    });
    for (name, ty, docs) in all.members {
        let ty = match ty.as_str() {
            _ if !typed => String::new(),
            "" => " |".to_owned(),
            ty => format!(" `{ty}` |"),
        };
        let words: Vec<&str> = docs.unwrap_or_default().split_whitespace().collect();
        let words = words.join(" ").replace('|', "\\|");
        line(page, format_args!("| `{name}` |{ty} {words} |"));
    }
    page.push('\n');
}

fn worlds(page: &mut String, contract: &Contract) {
    let resolve = &contract.resolve;
    page.push_str("\n# Worlds\n\n");
    let package = resolve.packages.get(contract.package);
    for (name, id) in package.into_iter().flat_map(|package| &package.worlds) {
        let Some(world) = resolve.worlds.get(*id) else {
            continue;
        };
        line(page, format_args!("## `{name}`\n"));
        docs(page, &world.docs);
        for (what, items) in [("imports", &world.imports), ("exports", &world.exports)] {
            let names = items.values().filter_map(|item| match item {
                WorldItem::Interface { id, .. } => {
                    let name = resolve.interfaces.get(*id)?.name.as_deref()?;
                    Some(format!("[`{name}`](#{name})"))
                }
                _ => None,
            });
            let names: Vec<String> = names.collect();
            line(page, format_args!("- {what} {}", names.join(", ")));
        }
        page.push('\n');
    }
}
