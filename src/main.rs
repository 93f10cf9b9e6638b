//! The `whyconn` program; see the library for everything.

use std::process::ExitCode;

fn main() -> ExitCode {
    whyconn::cli::run(std::env::args_os()).into()
}
