//! Guests for the tests: a core module in WebAssembly text for each, made into a component with the
//! contract in `wit/`. No toolchain for plugins is needed, and a guest can be as hostile as bytes
//! allow.

use std::fmt::Write as _;

use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};
use wit_parser::Resolve;

// Named by its path, since the fuzz targets take this file from elsewhere.
#[path = "standard.rs"]
pub(crate) mod standard;

/// Where the static data of a guest begin. What a host function returns through memory is put below.
const DATA: u32 = 1024;

/// Where the guests let the host put what it returns.
pub(crate) const RET: u32 = 16;

/// Its short name, its name in the contract, and its functions with their core types.
pub(crate) type Interface = (
    &'static str,
    &'static str,
    &'static [(&'static str, &'static str)],
);

/// The core imports of each interface, as the canonical ABI flattens them.
const INTERFACES: &[Interface] = &[
    (
        "document",
        "wardlet:plugin/document@0.1.0",
        &[
            ("get", "(param i32 i32 i32 i32)"),
            ("names", "(param i32 i32 i32 i32 i32)"),
            ("strings", "(param i32 i32 i32 i32 i32)"),
            ("locate", "(param i32 i32 i32)"),
            ("text", "(param i32 i32)"),
        ],
    ),
    (
        "findings",
        "wardlet:plugin/findings@0.1.0",
        &[("list", "(param i32)")],
    ),
    (
        "log",
        "wardlet:plugin/log@0.1.0",
        &[("write", "(param i32 i32 i32 i32 i32)")],
    ),
    (
        "clock",
        "wardlet:plugin/clock@0.1.0",
        &[("now", "(result i64)")],
    ),
    (
        "random",
        "wardlet:plugin/random@0.1.0",
        &[("bytes", "(param i32 i32)")],
    ),
    (
        "scan",
        "wardlet:plugin/scan@0.1.0",
        &[
            ("run", "(param i32 i32 i32 i32 i32 i32 i32)"),
            ("read", "(param i32 i32 i32 i32 i32)"),
        ],
    ),
    (
        "key-value",
        "wardlet:plugin/key-value@0.1.0",
        &[
            ("get", "(param i32 i32 i32)"),
            ("set", "(param i32 i32 i32 i32 i32 i64 i32)"),
            ("insert", "(param i32 i32 i32 i32 i32 i64 i32)"),
            ("delete", "(param i32 i32 i32)"),
        ],
    ),
    (
        "counter",
        "wardlet:plugin/counter@0.1.0",
        &[
            ("add", "(param i32 i32 i64 i32 i64 i32)"),
            ("get", "(param i32 i32 i32)"),
        ],
    ),
    (
        "rate-limit",
        "wardlet:plugin/rate-limit@0.1.0",
        &[("take", "(param i32 i32 i32 i32)")],
    ),
    (
        "http-fetch",
        "wardlet:plugin/http-fetch@0.1.0",
        &[("fetch", "(param i32 i32 i32 i32 i32 i32 i32 i32 i32)")],
    ),
    (
        "fs-read",
        "wardlet:plugin/fs-read@0.1.0",
        &[
            ("read", "(param i32 i32 i32 i32 i32)"),
            ("list", "(param i32 i32 i32 i32 i32)"),
            ("stat", "(param i32 i32 i32 i32 i32)"),
        ],
    ),
    (
        "secret-use",
        "wardlet:plugin/secret-use@0.1.0",
        &[
            ("hmac", "(param i32 i32 i32 i32 i32)"),
            ("attach", "(param i32 i32 i32)"),
        ],
    ),
    (
        "wasi:sockets/tcp@0.2.0",
        "wasi:sockets/tcp@0.2.0",
        &[("now", "(result i64)")],
    ),
    (
        "network",
        "wardlet:plugin/network@0.1.0",
        &[("now", "(result i64)")],
    ),
];

/// Interfaces that a hostile world names and no host has.
const STRANGERS: &str = "
    interface network { now: func() -> u64; }
    package wasi:sockets@0.2.0 { interface tcp { now: func() -> u64; } }";

/// What a guest's `describe` gives.
#[derive(Clone)]
pub(crate) struct Declared {
    pub(crate) name: String,
    pub(crate) version: String,
    pub(crate) summary: String,
    pub(crate) reasons: Vec<(String, String)>,
    pub(crate) entities: Vec<(String, String)>,
    /// The part's number in the contract, and a pointer.
    pub(crate) needs: Vec<(u8, String)>,
}

/// A guest to be built. What is not set is harmless: it takes its settings and allows everything.
pub(crate) struct Guest {
    roles: Vec<&'static str>,
    version: &'static str,
    /// The version of the virtual WASI that it was built with.
    pub(crate) wasi: &'static str,
    imports: Vec<&'static str>,
    pub(crate) declared: Declared,
    pub(crate) pages: u32,
    /// Fields of the module: functions, globals, tables.
    pub(crate) fields: String,
    pub(crate) evaluate: String,
    pub(crate) find: String,
    pub(crate) configure: String,
    /// The body of `describe`, where it is not to give what is declared.
    pub(crate) describe: Option<String>,
    pub(crate) realloc: String,
    /// The body of `declare`, where it has pattern sets.
    pub(crate) declare: Option<String>,
    data: Vec<u8>,
}

/// A bump allocator that grows the memory.
const REALLOC: &str = "
    (global.set $next (i32.and
        (i32.sub (i32.add (global.get $next) (local.get $align)) (i32.const 1))
        (i32.sub (i32.const 0) (local.get $align))))
    (local.set $at (global.get $next))
    (global.set $next (i32.add (local.get $at) (local.get $size)))
    (if (i32.gt_u (global.get $next) (i32.mul (memory.size) (i32.const 65536))) (then
        (if (i32.eq (i32.const -1) (memory.grow (i32.div_u
                (i32.add (local.get $size) (i32.const 65535)) (i32.const 65536))))
            (then unreachable))))
    (local.get $at)";

impl Guest {
    pub(crate) fn policy() -> Self {
        Guest::with_roles(vec!["policy"])
    }

    pub(crate) fn redactor() -> Self {
        Guest::with_roles(vec!["redactor"])
    }

    pub(crate) fn with_roles(roles: Vec<&'static str>) -> Self {
        let mut guest = Guest {
            roles,
            version: "0.1.0",
            wasi: standard::VERSION,
            imports: Vec::new(),
            declared: Declared {
                name: "guest".into(),
                version: "1.2.3".into(),
                summary: "A guest.".into(),
                reasons: vec![("outside".into(), "It is outside.".into())],
                entities: vec![("secret".into(), "A secret.".into())],
                needs: Vec::new(),
            },
            pages: 1,
            fields: String::new(),
            evaluate: String::new(),
            find: String::new(),
            configure: String::new(),
            describe: None,
            realloc: REALLOC.into(),
            declare: None,
            data: Vec::new(),
        };
        let allow = guest.verdict(1, "", &[]);
        guest.evaluate = format!("(i32.const {allow})");
        let nothing = guest.words(&[0, 0, 0]);
        guest.find = format!("(i32.const {nothing})");
        guest.configure = guest.find.clone();
        guest
    }

    /// Built for another version of the contract.
    pub(crate) fn of_version(mut self, version: &'static str) -> Self {
        self.version = version;
        self
    }

    /// Built with another version of WASI.
    pub(crate) fn with_wasi(mut self, version: &'static str) -> Self {
        self.wasi = version;
        self
    }

    /// Imports all functions of an interface, as `$<interface>_<function>`.
    pub(crate) fn importing(mut self, interface: &'static str) -> Self {
        self.imports.push(interface);
        self
    }

    pub(crate) fn evaluating(mut self, body: impl Into<String>) -> Self {
        self.evaluate = body.into();
        self
    }

    pub(crate) fn finding(mut self, body: impl Into<String>) -> Self {
        self.find = body.into();
        self
    }

    /// Declares pattern sets: names, each with ids and regexes.
    pub(crate) fn declaring(mut self, sets: &[(&str, &[(&str, &str)])]) -> Self {
        let mut list = Vec::new();
        for (name, patterns) in sets {
            let mut words = Vec::new();
            for (id, regex) in *patterns {
                words.extend(self.text(id));
                words.extend(self.text(regex));
            }
            list.extend(self.text(name));
            list.extend([self.words(&words), u32::try_from(patterns.len()).unwrap()]);
        }
        let list = [self.words(&list), u32::try_from(sets.len()).unwrap()];
        let at = self.words(&list);
        self.declare = Some(format!("(i32.const {at})"));
        self
    }

    pub(crate) fn with_pages(mut self, pages: u32) -> Self {
        self.pages = pages;
        self
    }

    pub(crate) fn with(mut self, fields: &str) -> Self {
        self.fields.push_str(fields);
        self
    }

    /// Puts bytes into the static data, and says where they are.
    pub(crate) fn bytes(&mut self, bytes: &[u8]) -> u32 {
        self.data.resize(self.data.len().next_multiple_of(8), 0);
        let at = DATA + u32::try_from(self.data.len()).unwrap();
        self.data.extend_from_slice(bytes);
        at
    }

    pub(crate) fn words(&mut self, words: &[u32]) -> u32 {
        let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
        self.bytes(&bytes)
    }

    /// A string in the static data: pointer and length.
    pub(crate) fn text(&mut self, text: impl AsRef<[u8]>) -> [u32; 2] {
        let bytes = text.as_ref();
        [self.bytes(bytes), u32::try_from(bytes.len()).unwrap()]
    }

    /// `result<verdict, string>`: the case of the decision (0 abstain, 1 allow, 2 deny, 3 require
    /// approval), its code, and obligations.
    pub(crate) fn verdict(
        &mut self,
        case: u32,
        code: impl AsRef<[u8]>,
        obligations: &[(&str, &str, bool)],
    ) -> u32 {
        let mut list = Vec::new();
        for (kind, parameters, must) in obligations {
            list.extend(self.text(kind));
            list.extend(self.text(parameters));
            list.push(u32::from(*must));
        }
        let [code, code_len] = self.text(code);
        let at = self.words(&list);
        self.words(&[
            0,
            case,
            code,
            code_len,
            at,
            u32::try_from(obligations.len()).unwrap(),
        ])
    }

    /// The same, as the body of `evaluate`.
    pub(crate) fn answering(
        mut self,
        case: u32,
        code: impl AsRef<[u8]>,
        obligations: &[(&str, &str, bool)],
    ) -> Self {
        let at = self.verdict(case, code, obligations);
        self.evaluating(format!("(i32.const {at})"))
    }

    /// `evaluate` gives these words.
    pub(crate) fn evaluating_to(mut self, words: &[u32]) -> Self {
        let at = self.words(words);
        self.evaluating(format!("(i32.const {at})"))
    }

    /// `find` gives these words.
    pub(crate) fn finding_as(mut self, words: &[u32]) -> Self {
        let at = self.words(words);
        self.finding(format!("(i32.const {at})"))
    }

    fn codes(&mut self, codes: &[(String, String)]) -> [u32; 2] {
        let mut list = Vec::new();
        for (code, sentence) in codes {
            list.extend(self.text(code));
            list.extend(self.text(sentence));
        }
        [self.words(&list), u32::try_from(codes.len()).unwrap()]
    }

    fn description(&mut self) -> u32 {
        let declared = self.declared.clone();
        let mut words = Vec::new();
        words.extend(self.text(declared.name));
        words.extend(self.text(declared.version));
        words.extend(self.text(declared.summary));
        words.extend(self.codes(&declared.reasons));
        words.extend(self.codes(&declared.entities));
        let mut needs = Vec::new();
        for (part, pointer) in &declared.needs {
            needs.push(u32::from(*part));
            needs.extend(self.text(pointer));
        }
        words.extend([
            self.words(&needs),
            u32::try_from(declared.needs.len()).unwrap(),
        ]);
        self.words(&words)
    }

    fn module_text(&mut self) -> String {
        let declared = format!("(i32.const {})", self.description());
        let heap = (DATA + u32::try_from(self.data.len()).unwrap()).next_multiple_of(16);
        let mut text = String::from("(module\n");
        for (interface, name, functions) in INTERFACES.iter().chain(standard::INTERFACES) {
            if self.imports.contains(interface) {
                for (function, signature) in *functions {
                    let short = interface.split([':', '/']).next().unwrap_or_default();
                    let id = function.replace(['[', ']', '.'], "_");
                    writeln!(
                        text,
                        "(import \"{name}\" \"{function}\" (func ${short}_{id} {signature}))"
                    )
                    .unwrap();
                }
            }
        }
        let pages = self.pages.max(heap / 65536 + 1);
        writeln!(text, "(memory (export \"memory\") {pages})").unwrap();
        writeln!(text, "(global $next (mut i32) (i32.const {heap}))").unwrap();
        let data: String = self.data.iter().fold(String::new(), |mut hex, byte| {
            write!(hex, "\\{byte:02x}").unwrap();
            hex
        });
        writeln!(text, "(data (i32.const {DATA}) \"{data}\")").unwrap();
        let subject = "(param $phase i32) (param $method i32) (param $method_len i32) (param $server i32) (param $server_len i32) (param $name i32) (param $name_len i32)";
        let locals = "(local $a i32) (local $b i32) (local $c i32)";
        writeln!(
            text,
            "{fields}
            (func (export \"cabi_realloc\") (param $old i32) (param $old_size i32) (param $align i32) (param $size i32) (result i32) (local $at i32) {realloc})
            (func (export \"wardlet:plugin/plugin@0.1.0#describe\") (result i32) {describe})
            (func (export \"wardlet:plugin/plugin@0.1.0#configure\") (result i32) {configure})",
            describe = self.describe.as_deref().unwrap_or(&declared),
            fields = self.fields,
            realloc = self.realloc,
            configure = self.configure,
        )
        .unwrap();
        if self.roles.contains(&"policy") {
            writeln!(text, "(func (export \"wardlet:plugin/policy@0.1.0#evaluate\") {subject} (result i32) {locals} {})", self.evaluate).unwrap();
        }
        if self.roles.contains(&"redactor") {
            writeln!(text, "(func (export \"wardlet:plugin/redactor@0.1.0#find\") {subject} (param $part i32) (result i32) {locals} {})", self.find).unwrap();
        }
        if let Some(declare) = &self.declare {
            writeln!(
                text,
                "(func (export \"wardlet:plugin/patterns@0.1.0#declare\") (result i32) {declare})"
            )
            .unwrap();
        }
        text.push(')');
        text.replace("@HEAP", &heap.to_string())
            .replace("@0.1.0", &format!("@{}", self.version))
            .replace(
                &format!("@{}", standard::VERSION),
                &format!("@{}", self.wasi),
            )
    }

    /// The core module.
    pub(crate) fn module(&mut self) -> Vec<u8> {
        let text = self.module_text();
        wat::parse_str(&text).unwrap_or_else(|error| panic!("{error}\n{text}"))
    }

    /// The component.
    pub(crate) fn component(mut self) -> Vec<u8> {
        let mut module = self.module();
        let mut world = String::from("\nworld guest { export plugin;\n");
        for (interface, name, _) in INTERFACES.iter().chain(standard::INTERFACES) {
            if self.imports.contains(interface) {
                let named = if name.starts_with("wasi:") {
                    name
                } else {
                    interface
                };
                writeln!(world, "import {named};").unwrap();
            }
        }
        for role in &self.roles {
            writeln!(world, "export {role};").unwrap();
        }
        if self.declare.is_some() {
            world.push_str("export patterns;\n");
        }
        let wit = standard::contract().replace("@0.1.0", &format!("@{}", self.version));
        let mut resolve = Resolve::default();
        let versioned = |wit: &str| {
            wit.replace(
                &format!("@{}", standard::VERSION),
                &format!("@{}", self.wasi),
            )
        };
        resolve
            .push_str("wasi.wit", &versioned(&standard::wasi()))
            .unwrap();
        let world = versioned(&world);
        let package = resolve
            .push_str("guest.wit", &format!("{wit}{world}}}{STRANGERS}"))
            .unwrap();
        let world = resolve.select_world(&[package], Some("guest")).unwrap();
        embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8).unwrap();
        ComponentEncoder::default()
            .module(&module)
            .unwrap()
            .validate(true)
            .encode()
            .unwrap()
    }
}
