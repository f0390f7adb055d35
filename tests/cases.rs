//! The plugins' own case files, run by the real sandbox with the components that ship.

use std::collections::HashMap;
use std::fs;
use std::sync::Arc;

use wardlet_call::{
    Document, Documents, Json, Part, Phase, PluginName, Projection, Ruling, Subject,
};
use wardlet_sandbox::{Capability, Check, Grant, LoadError, Plugin, Sandbox};
use wardlet_sdk::testing::cases::{Case, Expect, read};

use crate::fixture::{plugin, root, skip};

/// What a component answers where the case names no grants: it may see every part.
const EVERYTHING: [&str; 3] = ["/arguments", "/result", "/definition"];

#[test]
fn path_guard() {
    check("path-guard", "path-guard");
}

#[test]
fn tool_allow() {
    check("tool-allow", "tool-allow");
}

#[test]
fn secret_redactor() {
    check("secret-redactor", "secret-redactor");
}

/// The policy in C is a port of path-guard: it answers the same.
#[test]
fn path_guard_in_c() {
    if !root().join("target/plugins/path-guard-c.wasm").exists() {
        return skip(
            "cases::path_guard_in_c",
            "clang with lld, or python3 with venv for zig",
        );
    }
    check("path-guard-c", "path-guard");
}

/// Runs all case files of a plugin with a component.
fn check(component: &str, cases_of: &str) {
    let bytes = fs::read(plugin(component).0).unwrap();
    let sandbox = Sandbox::new().unwrap();
    let folder = root().join("plugins").join(cases_of).join("cases");
    let mut wrong = Vec::new();
    let mut loaded = HashMap::new();
    let mut run = 0;
    for file in fs::read_dir(&folder).unwrap() {
        let text = fs::read_to_string(file.unwrap().path()).unwrap();
        for case in read(&text).unwrap() {
            run += 1;
            let key = (case.settings.clone(), case.sees.clone());
            let plugin = loaded
                .entry(key)
                .or_insert_with(|| load(&sandbox, component, &bytes, &case));
            let got = answer(plugin, &case);
            if got != case.expect {
                wrong.push(format!(
                    "{}: got {got:?}, expected {:?}",
                    case.name, case.expect
                ));
            }
        }
    }
    assert!(run > 20, "only {run} cases in {}", folder.display());
    assert!(
        wrong.is_empty(),
        "{} of {run} cases:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}

fn load(
    sandbox: &Sandbox,
    component: &str,
    bytes: &[u8],
    case: &Case,
) -> Result<Plugin, LoadError> {
    let sees = match &case.sees {
        Some(sees) => sees.clone(),
        None => EVERYTHING.map(str::to_owned).to_vec(),
    };
    let grant = Grant {
        capabilities: Capability::ALL.to_vec(),
        projection: Projection::parse(&sees).unwrap(),
        settings: Some(Json::parse(&case.settings).unwrap()),
        ..Grant::default()
    };
    sandbox.load(&PluginName::parse(component).unwrap(), bytes, grant)
}

fn answer(plugin: &Result<Plugin, LoadError>, case: &Case) -> Expect {
    let plugin = match plugin {
        Ok(plugin) => plugin,
        Err(LoadError::Settings(faults)) => {
            return Expect::Configure(faults.iter().map(|(pointer, _)| pointer.clone()).collect());
        }
        Err(_) => return Expect::Fault,
    };
    let document = |text: &Option<String>| {
        text.as_ref()
            .map(|text| Arc::new(Document::parsed(Json::parse(text).unwrap(), text.len())))
    };
    let documents = Documents {
        arguments: document(&case.arguments),
        result: document(&case.result),
        definition: document(&case.definition),
    };
    let check = Check {
        documents,
        ..Check::default()
    };
    match &case.expect {
        Expect::Edits(_) => find(plugin, case, &check),
        _ => evaluate(plugin, case, &check),
    }
}

fn subject(case: &Case) -> Subject {
    let of = &case.subject;
    let phase = match of.phase {
        wardlet_sdk::Phase::Request => Phase::Request,
        wardlet_sdk::Phase::Response => Phase::Response,
    };
    Subject {
        phase,
        method: of.method.clone(),
        server: of.server.clone(),
        name: of.name.clone(),
    }
}

fn evaluate(plugin: &Plugin, case: &Case, check: &Check) -> Expect {
    if !plugin.is_policy() {
        return find(plugin, case, check);
    }
    match plugin.evaluate(&subject(case), check).0 {
        Ok((verdict, _)) => Expect::Verdict(match verdict.ruling {
            Ruling::Abstain => wardlet_sdk::Decision::Abstain,
            Ruling::Allow => wardlet_sdk::Decision::Allow,
            Ruling::Deny(code) => wardlet_sdk::Decision::Deny(code.to_string()),
            Ruling::RequireApproval(code) => {
                wardlet_sdk::Decision::RequireApproval(code.to_string())
            }
        }),
        Err(_) => Expect::Fault,
    }
}

fn find(plugin: &Plugin, case: &Case, check: &Check) -> Expect {
    let (part, document) = match case.subject.phase {
        wardlet_sdk::Phase::Request => (Part::Arguments, &check.documents.arguments),
        wardlet_sdk::Phase::Response => (Part::Result, &check.documents.result),
    };
    let Ok(edits) = plugin.find(&subject(case), part, check).0 else {
        return Expect::Fault;
    };
    let document = document.as_ref().unwrap();
    let edits = edits.iter().map(|edit| {
        let leaf = document.leaves().get(document.root(), edit.leaf).unwrap();
        let span = edit.start as usize..edit.end as usize;
        let pointer = document
            .leaves()
            .pointer(document.root(), edit.leaf)
            .unwrap();
        (pointer, leaf.text[span].to_owned(), edit.entity.to_string())
    });
    Expect::Edits(edits.collect())
}
