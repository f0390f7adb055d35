//! The command `wardlet`. All of it is in the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    wardlet::cli::main()
}
