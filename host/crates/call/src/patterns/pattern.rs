//! One pattern: its syntax, its size, and the literal texts that it may begin with.

use regex_automata::nfa::thompson::{Compiler, Config, NFA, WhichCaptures, pikevm::PikeVM};
use regex_syntax::ast::{self, Ast, Flag, GroupKind, Visitor};
use regex_syntax::hir::Hir;
use regex_syntax::hir::literal::{ExtractKind, Extractor, Seq};
use regex_syntax::hir::translate::TranslatorBuilder;

use super::{MAX_COMPILED_PATTERN, MAX_PATTERN_BYTES, SPAN_GROUP};

/// Groups within groups: deeper patterns are no one's own writing, and reading them recurses.
const MAX_NESTING: u32 = 50;

/// Bytes of a literal: `https://hooks.s` still tells one service from another, where `https://` would
/// have the automaton run for each of them at each address.
pub(super) const MAX_LITERAL: usize = 16;

/// Literals of one pattern. One with more is searched for by shorter ones.
const MAX_LITERALS: usize = 32;

/// Bytes of a class that literals are made for; larger ones end a literal.
const MAX_CHOICES: usize = 6;

/// A pattern that was read and compiled by itself.
pub(super) struct Pattern {
    pub(super) hir: Hir,
    pub(super) group: Option<Group>,
    /// None of them the beginning of another.
    pub(super) literals: Vec<Literal>,
    /// Bytes of what it keeps beside the automaton of its set.
    pub(super) size: usize,
}

/// A text that a match may begin with.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Literal {
    /// In small letters.
    pub(super) folded: Vec<u8>,
    /// As the pattern has it, where it has it in one way only.
    pub(super) exact: Option<Vec<u8>>,
}

impl Literal {
    fn new(bytes: &[u8]) -> Self {
        Literal {
            folded: bytes.to_ascii_lowercase(),
            exact: Some(bytes.to_vec()),
        }
    }

    /// Whether this one stands wherever the other one does, which then need not be searched for. It
    /// may have to give up its letters' case for that.
    fn takes_over(&mut self, other: &Literal) -> bool {
        let begins = other.folded.starts_with(&self.folded);
        if begins
            && let Some(exact) = &self.exact
            && !other
                .exact
                .as_ref()
                .is_some_and(|other| other.starts_with(exact))
        {
            self.exact = None;
        }
        begins
    }
}

/// Finds the group of a match.
#[derive(Debug)]
pub(crate) struct Group {
    pub(crate) vm: PikeVM,
    /// The slot of the group's start; that of its end follows.
    pub(crate) slot: usize,
}

impl Pattern {
    /// Reads a pattern. The error says what is wrong with it, for the plugin's author.
    pub(super) fn read(regex: &str) -> Result<Self, String> {
        if regex.len() > MAX_PATTERN_BYTES {
            return Err(format!("over {MAX_PATTERN_BYTES} bytes"));
        }
        let ast = ast::parse::ParserBuilder::new()
            .nest_limit(MAX_NESTING)
            .build()
            .parse(regex)
            .map_err(|error| at_byte(error.kind(), error.span().start.offset))?;
        let group = ast::visit(&ast, Groups::default())?;
        let hir = TranslatorBuilder::new()
            .unicode(false)
            .utf8(false)
            .build()
            .translate(regex, &ast)
            .map_err(|error| at_byte(error.kind(), error.span().start.offset))?;
        match hir.properties().minimum_len() {
            None => return Err("it can never match".into()),
            Some(0) => return Err("it matches the empty text".into()),
            Some(_) => {}
        }
        // Compiled by itself first, so that a pattern that is too large is told by its name.
        let with_groups = group.is_some();
        let nfa = compile(&[&hir], MAX_COMPILED_PATTERN, with_groups).map_err(|()| {
            format!(
                "it takes more than {} KiB compiled",
                MAX_COMPILED_PATTERN >> 10
            )
        })?;
        let size = if with_groups { nfa.memory_usage() } else { 0 };
        let vm = || PikeVM::new_from_nfa(nfa).map_err(|error| error.to_string());
        let group = group.map(|index| {
            Ok::<_, String>(Group {
                vm: vm()?,
                slot: index * 2,
            })
        });
        Ok(Pattern {
            literals: literals(&hir),
            group: group.transpose()?,
            hir,
            size,
        })
    }
}

fn at_byte(what: &dyn std::fmt::Display, offset: usize) -> String {
    format!("{what} (at byte {offset})")
}

/// The automaton of some patterns, where it is not larger than `limit` bytes.
pub(super) fn compile(hirs: &[&Hir], limit: usize, groups: bool) -> Result<NFA, ()> {
    let captures = if groups {
        WhichCaptures::All
    } else {
        WhichCaptures::None
    };
    let config = Config::new()
        .utf8(false)
        .nfa_size_limit(Some(limit))
        .which_captures(captures);
    Compiler::new()
        .configure(config)
        .build_many_from_hir(hirs)
        .map_err(|_| ())
}

/// Finds the index of the group that is the span, and refuses the Unicode mode.
#[derive(Default)]
struct Groups {
    span: Option<usize>,
}

impl Visitor for Groups {
    type Output = Option<usize>;
    type Err = String;

    fn finish(self) -> Result<Option<usize>, String> {
        Ok(self.span)
    }

    fn visit_pre(&mut self, ast: &Ast) -> Result<(), String> {
        let flags = match ast {
            Ast::Flags(set) => Some(&set.flags),
            Ast::Group(group) => match &group.kind {
                GroupKind::NonCapturing(flags) => Some(flags),
                GroupKind::CaptureName { name, .. } => {
                    if name.name == SPAN_GROUP {
                        self.span = usize::try_from(name.index).ok();
                    }
                    None
                }
                GroupKind::CaptureIndex(_) => None,
            },
            _ => None,
        };
        match flags.and_then(|flags| flags.flag_state(Flag::Unicode)) {
            Some(true) => Err("the Unicode mode is not there; patterns match bytes".into()),
            _ => Ok(()),
        }
    }
}

/// The literals that a match may begin with: as long as a few of them say it all. Look-around takes
/// no text, so that a match begins where its literal does.
fn literals(hir: &Hir) -> Vec<Literal> {
    let mut extractor = Extractor::new();
    extractor.kind(ExtractKind::Prefix).limit_class(MAX_CHOICES);
    let long = extractor.extract(hir);
    for length in [MAX_LITERAL, 12, 8, 6, 5, 4, 3, 2] {
        if let Some(literals) = folded(&long, length)
            && literals.len() <= MAX_LITERALS
        {
            return literals;
        }
    }
    let first = extractor.limit_class(256).limit_literal_len(1);
    let first = first.limit_total(256).extract(hir);
    // Where even that cannot be told, the pattern is tried at each byte.
    folded(&first, 1).unwrap_or_else(|| (0..=u8::MAX).map(|byte| Literal::new(&[byte])).collect())
}

/// Cut, and without those that another one begins. None where there is no such list.
fn folded(literals: &Seq, length: usize) -> Option<Vec<Literal>> {
    let mut folded: Vec<Literal> = Vec::new();
    for literal in literals.literals()? {
        let bytes = literal.as_bytes();
        folded.push(Literal::new(bytes.get(..length).unwrap_or(bytes)));
    }
    folded.sort_unstable_by(|one, other| one.folded.cmp(&other.folded));
    // What begins with another comes right after it, or after others that do.
    folded.dedup_by(|literal, before| before.takes_over(literal));
    let usable = !folded.is_empty() && folded.iter().all(|literal| !literal.folded.is_empty());
    usable.then_some(folded)
}
