//! `wardlet plugin`: what authors and operators do with a plugin outside of a gateway.

mod bench;
mod case;
mod component;
mod inspect;
mod run;
mod test;

use clap::Subcommand;

use super::say::Failure;

/// Arguments of `wardlet plugin`.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Try a plugin on its cases, in the real sandbox
    Test(test::Arguments),
    /// Judge one call with a plugin, and show what it says and uses
    Run(run::Arguments),
    /// Make a case of a check that a gateway recorded
    Case(case::Arguments),
    /// Show what a component is made of, what it can do and what it says of itself
    Inspect(inspect::Arguments),
    /// Measure what a check of a component costs, beside the floor of the engine
    Bench(bench::Arguments),
}

pub(super) fn main(arguments: &Arguments) -> Result<(), Failure> {
    match &arguments.action {
        Action::Test(arguments) => test::main(arguments),
        Action::Run(arguments) => run::main(arguments),
        Action::Case(arguments) => case::main(arguments),
        Action::Inspect(arguments) => inspect::main(arguments),
        Action::Bench(arguments) => bench::main(arguments),
    }
}
