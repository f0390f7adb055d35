//! What it lets pass, and which settings it takes.

use call_limit::CallLimit;
use wardlet_sdk::Verdict;
use wardlet_sdk::testing::{Check, Fault, Outside};

#[test]
fn calls_pass_while_there_are_tokens() {
    let outside = Outside::new().bucket("writes", 5);
    let ask = |settings: &str| {
        let check = Check::new().outside(&outside).settings(settings);
        check.evaluate::<CallLimit>().answer
    };
    let two = r#"{"bucket":"writes","tokens":2}"#;
    let one = r#"{"bucket":"writes"}"#;
    let deny = || Ok(Verdict::deny("too-often"));
    assert_eq!(ask(two), Ok(Verdict::allow()));
    assert_eq!(ask(two), Ok(Verdict::allow()));
    assert_eq!(ask(two), deny());
    assert_eq!(ask(one), Ok(Verdict::allow()));
    assert_eq!(ask(one), deny());
    // Whatever goes wrong is no allowance.
    for settings in [r#"{"bucket":"reads"}"#, r#"{"bucket":"writes","tokens":6}"#] {
        assert!(matches!(ask(settings), Err(Fault::Failed(_))), "{settings}");
    }
    outside.fail();
    assert!(matches!(ask(one), Err(Fault::Failed(_))));
}

#[test]
fn settings_that_mean_nothing_are_refused() {
    for (settings, pointer) in [
        ("{}", "/bucket"),
        (r#"{"bucket":""}"#, "/bucket"),
        (r#"{"bucket":1}"#, "/bucket"),
        (r#"{"bucket":"writes","tokens":0}"#, "/tokens"),
        (r#"{"bucket":"writes","tokens":-1}"#, "/tokens"),
        (r#"{"bucket":"writes","tokens":4294967296}"#, "/tokens"),
        (r#"{"bucket":"writes","tokens":"1"}"#, "/tokens"),
        (r#"{"bucket":"writes","token":1}"#, "/token"),
    ] {
        let refused = Check::new().settings(settings).load::<CallLimit>();
        let Err(Fault::BadSettings(faults)) = refused else {
            panic!("{settings}: {refused:?}");
        };
        let pointers: Vec<&str> = faults.iter().map(|fault| fault.pointer.as_str()).collect();
        assert_eq!(pointers, [pointer], "{settings}");
    }
}
