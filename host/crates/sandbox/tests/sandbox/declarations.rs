//! What a plugin declares when it loads: its description, its needs, and what it says of its settings.

use wardlet_call::{Json, Projection};
use wardlet_sandbox::{Fault, Grant, LoadError};

use crate::loading::check;
use crate::support::{Declared, Guest, everything, load, name};

fn declaring(change: impl FnOnce(&mut Declared)) -> Guest {
    let mut guest = Guest::policy();
    change(&mut guest.declared);
    guest
}

#[test]
fn descriptions() {
    let long = "x".repeat(201);
    let many = |count: usize| {
        (0..count)
            .map(|i| (format!("c{i}"), "S.".to_owned()))
            .collect::<Vec<_>>()
    };
    let needs = |count: usize| (0..count).map(|i| (0, format!("/{i}"))).collect::<Vec<_>>();
    let bad = |what: &'static str, guest: Guest, message: &'static str| {
        (what, Err(guest), everything(), message, "")
    };
    check(vec![
        bad(
            "a bad name",
            declaring(|d| d.name = "No Name".into()),
            "describes itself badly: its name: ",
        ),
        bad(
            "no version",
            declaring(|d| d.version = String::new()),
            "describes itself badly: its version ",
        ),
        bad(
            "a version of lines",
            declaring(|d| d.version = "1\n2".into()),
            "describes itself badly: its version ",
        ),
        bad(
            "a long summary",
            declaring(|d| d.summary.clone_from(&long)),
            "describes itself badly: its summary ",
        ),
        bad(
            "a summary that steers a terminal",
            declaring(|d| d.summary = "\u{1b}[2J".into()),
            "describes itself badly: its summary ",
        ),
        bad(
            "a summary that runs backwards",
            declaring(|d| d.summary = "\u{202e}x".into()),
            "describes itself badly: its summary ",
        ),
        bad(
            "a summary in tags",
            declaring(|d| d.summary = "x\u{e0041}".into()),
            "describes itself badly: its summary ",
        ),
        bad(
            "a sentence of lines",
            declaring(|d| d.reasons[0].1 = "a\nb".into()),
            "describes itself badly: its reasons: a sentence ",
        ),
        bad(
            "a long sentence",
            declaring(|d| d.entities[0].1.clone_from(&long)),
            "describes itself badly: its entities: a sentence ",
        ),
        bad(
            "a bad code",
            declaring(|d| d.reasons[0].0 = "Out side".into()),
            "describes itself badly: its reasons: a name is",
        ),
        bad(
            "a code twice",
            declaring(|d| d.reasons.push(d.reasons[0].clone())),
            "describes itself badly: its reasons: a code stands twice",
        ),
        bad(
            "too many reasons",
            declaring(|d| d.reasons = many(65)),
            "describes itself badly: its reasons: more than 64",
        ),
        bad(
            "too many entities",
            declaring(|d| d.entities = many(257)),
            "describes itself badly: its entities: more than 256",
        ),
        bad(
            "too many needs",
            declaring(|d| d.needs = needs(65)),
            "describes itself badly: its needs: more than 64",
        ),
        bad(
            "a need that is no pointer",
            declaring(|d| d.needs = vec![(0, "x".into())]),
            "describes itself badly: its needs: ",
        ),
        bad(
            "a need that steers",
            declaring(|d| d.needs = vec![(0, "/\u{1b}[2J".into())]),
            "describes itself badly: its needs: ",
        ),
        bad(
            "a part that is none",
            declaring(|d| d.needs = vec![(9, String::new())]),
            "describes itself badly: in `describe`: the plugin gave a bad answer",
        ),
    ]);
    let most = load(
        declaring(|d| (d.reasons, d.entities, d.needs) = (many(64), many(256), needs(64))),
        everything(),
    );
    let description = most.unwrap().description().clone();
    assert_eq!(
        (
            description.reasons.len(),
            description.entities.len(),
            description.needed.len()
        ),
        (64, 256, 64)
    );
    assert_eq!(
        (description.name.as_str(), description.version.as_str()),
        ("guest", "1.2.3")
    );
    assert_eq!(description.summary, "A guest.");
}

#[test]
fn needs_are_shown_or_the_load_is_refused() {
    const ARGUMENTS: u8 = 0;
    const RESULT: u8 = 1;
    const SETTINGS: u8 = 3;
    for (needs, sees, refused) in [
        (&[(ARGUMENTS, "/path")][..], &["/arguments"][..], None),
        (&[(ARGUMENTS, "/path")], &["/arguments/path"], None),
        (&[(ARGUMENTS, "/files/*")], &["/arguments/files"], None),
        (&[(SETTINGS, "/roots")], &[], None),
        (&[], &[], None),
        (&[(ARGUMENTS, "/path")], &[], Some("\"/arguments/path\"")),
        (
            &[(ARGUMENTS, "")],
            &["/arguments/path"],
            Some("\"/arguments\""),
        ),
        (
            &[(ARGUMENTS, "/*")],
            &["/arguments/path"],
            Some("\"/arguments/*\""),
        ),
        (
            &[(ARGUMENTS, "/a"), (RESULT, "")],
            &["/arguments"],
            Some("\"/arguments/a\", \"/result\""),
        ),
    ] {
        let guest = declaring(|declared| {
            declared.needs = needs
                .iter()
                .map(|(part, pointer)| (*part, (*pointer).to_owned()))
                .collect();
        });
        let grant = Grant {
            projection: Projection::parse(sees).unwrap(),
            ..Grant::default()
        };
        let error = load(guest, grant).err();
        let said = error.as_ref().map(LoadError::to_string);
        assert_eq!(
            said,
            refused.map(|needs| format!("reads {needs}, which its grant does not show"))
        );
        let hint = error.and_then(|error| error.hint(&name()));
        assert_eq!(
            hint,
            refused.map(|needs| format!(
                "if it may see that, set `sees = [{needs}]` in `[plugin.guest]`"
            ))
        );
    }
}

#[test]
fn settings_that_are_not_taken() {
    let configuring = |which: usize| {
        let mut guest = Guest::policy();
        let mut fault = guest.text("/roots/0").to_vec();
        fault.extend(guest.text("not absolute\n\u{1b}[2J"));
        let [one, many] = [guest.words(&fault), guest.words(&fault.repeat(5_000))];
        let answers = [guest.words(&[1, one, 1]), guest.words(&[1, many, 5_000])];
        guest.configure = format!("(i32.const {})", answers[which]);
        guest
    };
    for (which, faults) in [(0, 1), (1, 20)] {
        let Err(LoadError::Settings(said)) = load(configuring(which), everything()) else {
            panic!("it was taken")
        };
        let shown = "not absolute\u{fffd}\u{fffd}[2J";
        assert_eq!(
            said,
            vec![("/roots/0".to_owned(), shown.to_owned()); faults]
        );
    }
    for (body, expected) in [
        ("unreachable", Fault::Trap),
        ("(loop $forever (br $forever)) unreachable", Fault::Deadline),
        ("(i32.const -4)", Fault::BadAnswer),
    ] {
        let mut guest = Guest::policy();
        guest.configure = body.into();
        let Err(LoadError::Configure(fault)) = load(guest, everything()) else {
            panic!("it was taken")
        };
        assert_eq!(fault, expected);
    }
    let good = Grant {
        settings: Some(Json::Object(Vec::new())),
        ..everything()
    };
    load(Guest::policy(), good).unwrap();
}
