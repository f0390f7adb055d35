//! The cases as data.

use tool_allow::ToolAllow;
use wardlet_sdk::testing::cases::run_policy;

#[test]
fn the_cases_come_out_as_written() {
    let wrong = run_policy::<ToolAllow>(include_str!("../cases/tools.json")).unwrap();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
