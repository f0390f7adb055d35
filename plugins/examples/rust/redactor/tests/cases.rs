//! The cases against the SDK's double of the host: `cargo test`, without a component.

use employee_numbers_plugin::EmployeeNumbers;
use wardlet_sdk::testing::cases::run_redactor;

#[test]
fn the_cases_come_out_as_written() {
    let text = include_str!("../cases/employee-numbers.json");
    let wrong = run_redactor::<EmployeeNumbers>(text).unwrap();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
