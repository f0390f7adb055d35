//! The cases against the SDK's double of the host: `cargo test`, without a component.

use recipients_plugin::Recipients;
use wardlet_sdk::testing::cases::run_policy;

#[test]
fn the_cases_come_out_as_written() {
    let wrong = run_policy::<Recipients>(include_str!("../cases/recipients.json")).unwrap();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
