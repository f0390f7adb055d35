//! `wardlet plugin`: what authors and operators do with a component outside of a gateway.

mod bench;
mod component;
mod inspect;

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
    /// Show what a component is made of, what it can do and what it says of itself
    Inspect(inspect::Arguments),
    /// Measure what a check of a component costs, beside the floor of the engine
    Bench(bench::Arguments),
}

pub(super) fn main(arguments: &Arguments) -> Result<(), Failure> {
    match &arguments.action {
        Action::Inspect(arguments) => inspect::main(arguments),
        Action::Bench(arguments) => bench::main(arguments),
    }
}
