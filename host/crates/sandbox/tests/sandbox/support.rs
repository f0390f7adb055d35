//! Loads guests and runs their checks.

use std::fmt::Write as _;
use std::sync::Arc;

use wardlet_call::{
    Document, Documents, Entropy, Json, Obligation, Phase, PluginName, Projection, Reach, Ruling,
    Subject,
};
use wardlet_sandbox::{Capability, Check, Fault, Grant, LoadError, Plugin, Sandbox, Usage};

pub(crate) use crate::guest::{Declared, Guest, RET};

pub(crate) fn name() -> PluginName {
    PluginName::parse("guest").unwrap()
}

/// A grant of everything there is.
pub(crate) fn everything() -> Grant {
    Grant {
        capabilities: Capability::ALL.to_vec(),
        projection: Projection::parse(&["/arguments", "/result", "/definition"]).unwrap(),
        reach: Reach {
            entropy: Some(Arc::new(Counting)),
            ..Reach::default()
        },
        ..Grant::default()
    }
}

/// Bytes that a test can foresee: 0, 1, 2, … in each call.
#[derive(Debug)]
pub(crate) struct Counting;

impl Entropy for Counting {
    fn fill(&self, bytes: &mut [u8]) -> bool {
        let counted = bytes.iter_mut().zip((0..=u8::MAX).cycle());
        counted.for_each(|(byte, count)| *byte = count);
        true
    }
}

pub(crate) fn sandbox() -> Sandbox {
    Sandbox::new().unwrap()
}

pub(crate) fn load(guest: Guest, grant: Grant) -> Result<Plugin, LoadError> {
    sandbox().load(&name(), &guest.component(), grant)
}

pub(crate) fn loaded(guest: Guest) -> Plugin {
    load(guest, everything()).unwrap()
}

pub(crate) fn subject(method: &str, server: &str, name: &str) -> Subject {
    Subject {
        phase: Phase::Request,
        method: method.into(),
        server: server.into(),
        name: name.into(),
    }
}

pub(crate) fn document(text: &str) -> Arc<Document> {
    Arc::new(Document::parsed(Json::parse(text).unwrap(), text.len()))
}

pub(crate) fn arguments(text: &str) -> Check {
    let documents = Documents {
        arguments: Some(document(text)),
        ..Documents::default()
    };
    Check {
        documents,
        now_ms: 1_700_000_000_000,
        ..Check::default()
    }
}

/// One evaluation, written in words.
pub(crate) fn evaluate(plugin: &Plugin, check: &Check) -> (Result<String, Fault>, Usage) {
    let (answer, usage) = plugin.evaluate(&subject("tools/call", "files", "read_file"), check);
    let words = answer.map(|(verdict, sentence)| {
        let mut words = verdict.ruling.word().to_owned();
        if let Ruling::Deny(code) | Ruling::RequireApproval(code) = &verdict.ruling {
            write!(words, " {code}: {sentence}").unwrap();
        }
        for obligation in &verdict.obligations {
            words.push_str(match obligation {
                Obligation::Durable => " +durable",
                Obligation::Unknown {
                    must_understand: true,
                } => " +unknown!",
                Obligation::Unknown {
                    must_understand: false,
                } => " +unknown",
            });
        }
        words
    });
    (words, usage)
}
