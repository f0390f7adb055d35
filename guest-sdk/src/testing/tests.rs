//! The double behaves like the contract.

mod reached;

use super::{Check, Fault, Outside, cases};
use crate::{
    Description, Edit, Failure, Part, Plugin, Policy, Redactor, SettingFault, Subject, Value,
    Verdict, clock, counter, document, findings, key_value, log, rate_limit, settings,
};

/// Reads the pointer that its settings name and tells in its log what it saw.
struct Reader;

impl Plugin for Reader {
    fn describe() -> Description {
        Description::new("reader", "1.0.0", "Reads a place.")
            .reason("seen", "A place was read.")
            .entity("span", "A span.")
    }

    fn configure() -> Result<(), Vec<SettingFault>> {
        let unknown = settings::unknown("", &["at", "deny", "span", "list", "flag", "number"]);
        if !unknown.is_empty() {
            return Err(unknown);
        }
        settings::text("/at")?;
        settings::texts("/list")?;
        settings::flag("/flag")?;
        settings::number("/number")?;
        Ok(())
    }
}

impl Policy for Reader {
    fn evaluate(_: &Subject) -> Result<Verdict, String> {
        let at = settings::text("/at")?.unwrap_or_default();
        log::info(&format!("{:?}", document::get(Part::Arguments, &at)), &[]);
        if let Some(code) = settings::text("/deny")? {
            return Ok(Verdict::deny(&code));
        }
        document::get(Part::Arguments, &at)?;
        Ok(Verdict::allow())
    }
}

impl Redactor for Reader {
    fn find(_: &Subject, part: Part) -> Result<Vec<Edit>, String> {
        let at = settings::text("/at")?.unwrap_or_default();
        let end = settings::number("/span")?.unwrap_or(1);
        let end = usize::try_from(end).unwrap_or(usize::MAX);
        document::strings(part, &at)
            .map(|leaf| Ok(Edit::new(leaf?.id, 0..end, "span", 50)))
            .collect()
    }
}

crate::export_policy_and_redactor!(Reader);

fn check_get(arguments: &str, sees: &[&str], at: &str, expected: Result<Option<Value>, Failure>) {
    let checked = Check::new()
        .arguments(arguments)
        .sees(sees)
        .settings(&format!("{{\"at\":\"{at}\"}}"))
        .evaluate::<Reader>();
    let lines: Vec<_> = checked.lines.iter().map(|l| l.message.as_str()).collect();
    assert_eq!(
        lines,
        [format!("{expected:?}")],
        "{arguments} {sees:?} {at}"
    );
    assert_eq!(checked.answer.is_ok(), expected.is_ok());
}

#[test]
fn places_are_read_as_granted() {
    let text = r#"{"a":{"b":[1.10,null,"x"]},"c":true}"#;
    let all = &["/arguments"][..];
    let some = &["/arguments/a/*"][..];
    for (sees, at, expected) in [
        (all, "", Ok(Some(Value::Members(2)))),
        (all, "/a/b", Ok(Some(Value::Items(3)))),
        (all, "/a/b/0", Ok(Some(Value::Number("1.10".into())))),
        (all, "/a/b/1", Ok(Some(Value::Null))),
        (all, "/a/b/2", Ok(Some(Value::Text("x".into())))),
        (all, "/c", Ok(Some(Value::Boolean(true)))),
        (all, "/a/b/3", Ok(None)),
        (all, "a", Err(Failure::BadPointer)),
        (some, "", Err(Failure::NotGranted)),
        (some, "/a", Err(Failure::NotGranted)),
        (some, "/a/b/2", Ok(Some(Value::Text("x".into())))),
        (some, "/c", Err(Failure::NotGranted)),
        (&[], "/c", Err(Failure::NotGranted)),
    ] {
        check_get(text, sees, at, expected);
    }
}

fn check_find(settings: &str, sees: &[&str], expected: Result<&[(&str, bool, &str)], Fault>) {
    let found = Check::new()
        .result(r#"{"é":["xy",{"n":"z"}],"m":"w","k":1}"#)
        .sees(sees)
        .settings(settings)
        .find::<Reader>(Part::Result)
        .answer;
    let found = found.as_ref().map(|finds| {
        finds
            .iter()
            .map(|find| (find.pointer.as_str(), find.name, find.text.as_str()))
            .collect::<Vec<_>>()
    });
    assert_eq!(
        found,
        expected.as_ref().map(|e| e.to_vec()),
        "{settings} {sees:?}"
    );
}

#[test]
fn leaves_come_in_order_and_edits_are_checked() {
    let all = &["/result"][..];
    let below = [
        ("/é/0", false, "x"),
        ("/é/1/n", true, "n"),
        ("/é/1/n", false, "z"),
    ];
    check_find(r#"{"at":"/é"}"#, all, Ok(&below));
    check_find("{}", &["/result/é"], Ok(&below));
    check_find(r#"{"at":"/nowhere"}"#, all, Ok(&[]));
    check_find("{}", all, Err(Fault::BadAnswer("an edit out of its leaf")));
    for span in ["0", "3", "-1"] {
        let settings = format!("{{\"at\":\"/é\",\"span\":{span}}}");
        check_find(
            &settings,
            all,
            Err(Fault::BadAnswer("an edit out of its leaf")),
        );
    }
    let hidden = Fault::Failed("a place that the grant does not show".to_owned());
    check_find("{}", &["/arguments"], Err(hidden));
}

#[test]
fn batches_go_on_where_they_stopped() {
    let long = "x".repeat(40_000);
    let items: Vec<String> = (0..600).map(|i| format!("\"{i}\"")).collect();
    let text = format!("[\"{long}\",\"{long}\",{}]", items.join(","));
    let found = Check::new()
        .result(&text)
        .find::<Reader>(Part::Result)
        .answer
        .unwrap();
    assert_eq!(found.len(), 602);
    assert_eq!(found.last().unwrap().pointer, "/601");
    let huge = format!("[\"{}\"]", "x".repeat(17 << 20));
    let fault = Check::new()
        .result(&huge)
        .find::<Reader>(Part::Result)
        .answer;
    assert_eq!(
        fault,
        Err(Fault::Failed("more bytes than a check may read".to_owned()))
    );
}

#[test]
fn faults_are_told_apart() {
    let evaluate = |settings: &str| Check::new().settings(settings).evaluate::<Reader>().answer;
    assert_eq!(evaluate(r#"{"deny":"seen"}"#), Ok(Verdict::deny("seen")));
    let undeclared = Err(Fault::Undeclared("other".to_owned()));
    assert_eq!(evaluate(r#"{"deny":"other"}"#), undeclared);
    assert!(matches!(evaluate("{"), Err(Fault::BadInput(_))));
    for (settings, pointer) in [
        (r#"{"at":1}"#, "/at"),
        (r#"{"list":"x"}"#, "/list"),
        (r#"{"list":["x",1]}"#, "/list/1"),
        (r#"{"flag":"true"}"#, "/flag"),
        (r#"{"number":1.5}"#, "/number"),
        (r#"{"at~":1}"#, "/at~0"),
        ("[]", ""),
    ] {
        let Err(Fault::BadSettings(faults)) = evaluate(settings) else {
            panic!("{settings}");
        };
        assert_eq!(faults.first().unwrap().pointer, pointer);
    }
}

#[test]
fn declarations_are_checked() {
    struct Declares<const CASE: u8>;
    impl<const CASE: u8> Plugin for Declares<CASE> {
        fn describe() -> Description {
            let good = Description::new("good", "1.0.0-rc.1", "Good.").reason("r", "R.");
            match CASE {
                0 => good,
                1 => good.reason("r", "Twice."),
                2 => good.reason("Not A Code", "No."),
                3 => good.reason("long", &"x".repeat(201)),
                4 => Description::new("no name", "1.0.0", "x"),
                5 => Description::new("name", "1.0", "x"),
                _ => good.need(Part::Definition, "/x"),
            }
        }
        fn configure() -> Result<(), Vec<SettingFault>> {
            Ok(())
        }
    }
    let check = Check::new().sees(&["/arguments"]);
    assert!(check.load::<Declares<0>>().is_ok());
    assert!(matches!(
        check.load::<Declares<1>>(),
        Err(Fault::BadDescription(_))
    ));
    assert!(matches!(
        check.load::<Declares<2>>(),
        Err(Fault::BadDescription(_))
    ));
    assert!(matches!(
        check.load::<Declares<3>>(),
        Err(Fault::BadDescription(_))
    ));
    assert!(matches!(
        check.load::<Declares<4>>(),
        Err(Fault::BadDescription(_))
    ));
    assert!(matches!(
        check.load::<Declares<5>>(),
        Err(Fault::BadDescription(_))
    ));
    assert!(matches!(
        check.load::<Declares<6>>(),
        Err(Fault::NotShown(_))
    ));
}

#[test]
fn other_imports_and_pointers() {
    let check = Check::new()
        .now(7)
        .finding("jwt", 2)
        .arguments("{\"b\":1.0,\"a\":[]}");
    let ((), lines) = check
        .within(|| {
            assert_eq!(clock::now(), 7);
            assert_eq!(findings::list().first().unwrap().count, 2);
            assert_eq!(document::names(Part::Arguments, "").unwrap(), ["b", "a"]);
            let text = document::text(Part::Arguments).unwrap();
            assert_eq!(text.as_deref(), Some("{\"a\":[],\"b\":1}"));
            log::warn(&"x".repeat(5000), &[("k", "v")]);
        })
        .unwrap();
    assert!(lines.is_empty());
    for (index, expected) in [(0, "/x/0"), (10, "/x/10"), (u32::MAX, "/x/4294967295")] {
        assert_eq!(document::item("/x", index), expected);
    }
    assert_eq!(document::child("", "a~/b"), "/a~0~1b");
}

#[test]
fn case_files_are_read_strictly() {
    let subject = r#""subject":{"phase":"request","method":"m","server":"s","name":"n"}"#;
    let file = |case: &str| format!("{{\"cases\":[{{\"name\":\"c\",{subject},{case}}}]}}");
    let good = file(r#""arguments":{"x":{"$join":["a","b"]}},"expect":{"verdict":"allow"}"#);
    let read = cases::read(&good).unwrap();
    assert_eq!(
        read.first()
            .unwrap()
            .arguments
            .as_ref()
            .map(wardlet_call::Json::to_text),
        Some(r#"{"x":"ab"}"#.to_owned())
    );
    assert_eq!(cases::run_policy::<Reader>(&good), Ok(Vec::new()));
    let wrong = file(r#""expect":{"verdict":"deny","code":"seen"}"#);
    assert_eq!(cases::run_policy::<Reader>(&wrong).unwrap().len(), 1);
    for (members, wrong) in [
        (
            r#""expect":{"verdict":"allow","log":[{"level":"info","fields":{}}]}"#,
            0,
        ),
        (r#""expect":{"verdict":"allow","log":[]}"#, 1),
        (r#""expect":{"verdict":"allow","obligations":[]}"#, 0),
        (
            r#""expect":{"verdict":"allow","obligations":["durable"]}"#,
            1,
        ),
        (r#""settings":{"x":1},"expect":{"configure":["/x"]}"#, 0),
        (
            r#""settings":{"deny":"other"},"expect":{"fault":"bad-answer"}"#,
            0,
        ),
        (
            r#""host_calls":[{"call":"counter.get","gives":1}],"expect":{"verdict":"allow"}"#,
            1,
        ),
    ] {
        let told = cases::run_policy::<Reader>(&file(members)).unwrap();
        assert_eq!(told.len(), wrong, "{members}: {told:?}");
    }
    for case in [
        r#""expect":{}"#,
        r#""expect":{"verdict":"maybe"}"#,
        r#""expect":{"verdict":"deny"}"#,
        r#""expected":{"verdict":"allow"}"#,
        r#""arguments":{}"#,
    ] {
        assert!(cases::read(&file(case)).is_err(), "{case}");
    }
}

/// Lets three calls an hour pass, each text once, and takes a token for each.
struct Thrifty;

impl Plugin for Thrifty {
    fn describe() -> Description {
        assert_eq!(counter::get("calls"), Err(counter::Failure::Unavailable));
        Description::new("thrifty", "1.0.0", "Counts.")
            .reason("often", "Too often.")
            .reason("again", "Not twice.")
            .reason("dry", "No token is left.")
    }

    fn configure() -> Result<(), Vec<SettingFault>> {
        assert_eq!(
            rate_limit::take("calls", 1),
            Err(rate_limit::Failure::Unavailable)
        );
        Ok(())
    }
}

impl Policy for Thrifty {
    fn evaluate(_: &Subject) -> Result<Verdict, String> {
        const HOUR: u64 = 3_600_000;
        let text = document::string(Part::Arguments, "/text")?.unwrap_or_default();
        Ok(if counter::add("calls", 1, Some(HOUR))? > 3 {
            Verdict::deny("often")
        } else if !key_value::insert(&text, b"", Some(2 * HOUR))? {
            Verdict::deny("again")
        } else if let rate_limit::Outcome::Refused(_) = rate_limit::take("calls", 1)? {
            Verdict::deny("dry")
        } else {
            Verdict::allow()
        })
    }
}

#[test]
fn what_a_check_leaves_the_next_one_finds() {
    let outside = Outside::new().bucket("calls", 3);
    let ask = |now: u64, text: &str| {
        let check = Check::new().outside(&outside).now(now);
        let check = check.arguments(&format!("{{\"text\":\"{text}\"}}"));
        check.evaluate::<Thrifty>().answer
    };
    let deny = |code: &str| Ok(Verdict::deny(code));
    assert_eq!(ask(0, "a"), Ok(Verdict::allow()));
    assert_eq!(ask(1, "a"), deny("again"));
    assert_eq!(ask(2, "b"), Ok(Verdict::allow()));
    assert_eq!(ask(3, "c"), deny("often"));
    // The window of the counter ends an hour after it began; the entries live for two.
    assert_eq!(ask(3_600_000, "b"), deny("again"));
    assert_eq!(ask(7_200_000, "a"), Ok(Verdict::allow()));
    assert_eq!(ask(7_200_001, "d"), deny("dry"));
    // One that was given nothing begins anew, and has no bucket.
    let alone = Check::new().evaluate::<Thrifty>().answer;
    assert!(matches!(alone, Err(Fault::Failed(text)) if text.contains("key")));
    outside.fail();
    let down = ask(7_200_002, "e");
    assert!(matches!(down, Err(Fault::Failed(text)) if text.contains("does not answer")));
}

#[test]
fn the_store_of_the_double_has_the_limits_of_the_contract() {
    let check = Check::new().outside(&Outside::new().quota(2 * 64 + 4).bucket("b", 2));
    let within = check.within(|| {
        use key_value::Failure;
        let long = "k".repeat(1025);
        assert_eq!(key_value::get(""), Err(Failure::BadKey));
        assert_eq!(key_value::set(&long, b"", None), Err(Failure::BadKey));
        let large = vec![0; 65_537];
        assert_eq!(key_value::set("a", &large, None), Err(Failure::TooLarge));
        assert_eq!(key_value::set("a", b"", Some(0)), Err(Failure::BadLifetime));
        assert_eq!(key_value::set("a", b"1", None), Ok(()));
        assert_eq!(key_value::set("b", b"1", None), Ok(()));
        assert_eq!(counter::add("c", 1, None), Err(counter::Failure::Quota));
        assert_eq!(key_value::delete("b"), Ok(true));
        assert_eq!(counter::add("c", i64::MAX, None), Ok(i64::MAX));
        let over = Err(counter::Failure::OutOfRange);
        assert_eq!(counter::add("c", 1, None), over);
        assert_eq!(counter::get("c"), Ok(i64::MAX));
        assert_eq!(
            counter::add("d", 1, Some(0)),
            Err(counter::Failure::BadWindow)
        );
        let taken = |left| Ok(rate_limit::Outcome::Taken(left));
        assert_eq!(rate_limit::take("b", 0), taken(2));
        assert_eq!(rate_limit::take("b", 3), Err(rate_limit::Failure::TooMany));
        assert_eq!(rate_limit::take("b", 2), taken(0));
        assert_eq!(
            rate_limit::take("c", 1),
            Err(rate_limit::Failure::NotGranted)
        );
    });
    assert!(within.is_ok());
}
