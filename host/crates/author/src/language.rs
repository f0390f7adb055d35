//! The languages that plugins are written in.

use crate::build::Job;
use crate::component::Component;
use crate::failure::Failure;
use crate::languages::{c, cpp, go, javascript, python, rust, typescript, zig};

/// A language with a template, a toolchain and an example.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Language {
    /// Rust, with the SDK.
    Rust,
    /// C, with the bindings of `wit-bindgen`.
    C,
    /// C++, with the bindings of `wit-bindgen`.
    Cpp,
    /// Zig, over the bindings for C.
    Zig,
    /// Go, with the bindings of `wit-bindgen`.
    Go,
    /// JavaScript, in QuickJS.
    JavaScript,
    /// TypeScript, in QuickJS.
    TypeScript,
    /// Python, in CPython.
    Python,
}

/// What a language's file gives.
pub(crate) trait Recipe: Sync {
    /// Compiles the sources of `job.project` and encodes a component. What is made on the way goes
    /// into `job.work`. A tool that is not there is a [`Failure`] of kind `Missing` whose hint says how to
    /// get it, or is installed where `job.tools` may.
    fn build(&self, job: &Job<'_>) -> Result<Component, Failure>;
}

impl Language {
    /// All of them.
    pub const ALL: [Language; 8] = [
        Language::Rust,
        Language::C,
        Language::Cpp,
        Language::Zig,
        Language::Go,
        Language::JavaScript,
        Language::TypeScript,
        Language::Python,
    ];

    /// Its short name, which is that of its folder in `plugins/examples`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Language::Rust => "rust",
            Language::C => "c",
            Language::Cpp => "cpp",
            Language::Zig => "zig",
            Language::Go => "go",
            Language::JavaScript => "js",
            Language::TypeScript => "ts",
            Language::Python => "python",
        }
    }

    /// Its name, for people.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Language::Rust => "Rust",
            Language::C => "C",
            Language::Cpp => "C++",
            Language::Zig => "Zig",
            Language::Go => "Go",
            Language::JavaScript => "JavaScript",
            Language::TypeScript => "TypeScript",
            Language::Python => "Python",
        }
    }

    /// The language of this short name.
    ///
    /// # Errors
    /// There is none; the hint names those that there are.
    pub fn named(name: &str) -> Result<Self, Failure> {
        let found = Language::ALL.into_iter().find(|one| one.name() == name);
        found.ok_or_else(|| Failure::unknown("language", name, &Language::ALL.map(Language::name)))
    }

    pub(crate) fn recipe(self) -> &'static dyn Recipe {
        match self {
            Language::Rust => &rust::Rust,
            Language::C => &c::C,
            Language::Cpp => &cpp::Cpp,
            Language::Zig => &zig::Zig,
            Language::Go => &go::Go,
            Language::JavaScript => &javascript::JavaScript,
            Language::TypeScript => &typescript::TypeScript,
            Language::Python => &python::Python,
        }
    }

    /// Whether a plugin has a world of its own, in `wit`. For Rust the SDK has one with all
    /// capabilities, of which the linker drops what is not called.
    pub(crate) const fn has_wit(self) -> bool {
        !matches!(self, Language::Rust)
    }
}
