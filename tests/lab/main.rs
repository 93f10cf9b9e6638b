//! The lab: whyconn against real faults.
//!
//! Each trial builds a small network of its own out of namespaces, veth pairs, routes and firewall rules, breaks
//! something in it, runs whyconn there as a user without any capability, and compares the report with what the
//! scenario in `scenarios/*.toml` expects. It needs no root, and sends nothing to any real network.
//!
//! - `cargo test --test lab` runs all, `cargo test --test lab -- dead` those whose name holds `dead`.
//! - `LAB_RECORD=DIR` stores the observed reports there, `LAB_VERDICTS=FILE` a line a verdict.
//! - `LAB_WHYCONN=PATH` tests that program instead of the one just built.
//!
//! A trial has two halves, this program twice: [`outside`] makes the namespaces and judges, [`inside`] builds
//! the world and runs whyconn. What listens in a world is this program a third time ([`serve`]).

// Both halves speak through the standard streams.
#![allow(clippy::print_stdout, clippy::print_stderr)]

mod busy;
mod change;
mod conversation;
mod dns;
mod dns_shapes;
mod ending;
mod etc;
mod expect;
mod hold;
mod inside;
mod leaks;
mod listen;
mod lists;
mod mend;
mod odd;
mod ordinary;
mod outside;
mod policy;
mod promises;
mod record;
mod responder;
mod safe;
mod scenario;
mod serve;
mod servers;
mod service;
mod shell;
mod topology;
mod traffic;
mod udp;
mod unix;
mod waiting;
mod words;
mod world;

use std::env;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::{Arc, LazyLock};
use std::thread::available_parallelism;

use libtest_mimic::{Arguments, Failed, Trial};

use crate::scenario::{Case, Need};

fn main() -> ExitCode {
    let mut arguments = env::args().skip(1);
    let done = match arguments.next().as_deref() {
        Some(outside::ARGUMENT) => inside::main().map(|()| ExitCode::SUCCESS),
        Some(serve::ARGUMENT) => {
            serve::main(&arguments.next().unwrap_or_default()).map(|()| ExitCode::SUCCESS)
        }
        _ => run_trials(),
    };
    done.unwrap_or_else(|error| {
        eprintln!("lab: {error}");
        ExitCode::FAILURE
    })
}

fn run_trials() -> Result<ExitCode, String> {
    let mut arguments = Arguments::from_args();
    // Most of a trial is waiting for an answer that does not come.
    let cores = available_parallelism().map_or(1, usize::from);
    arguments.test_threads.get_or_insert(8 * cores);
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/lab/scenarios");
    let cases = scenario::load(&directory, outside::user_of_whyconn())?;
    if !arguments.list {
        outside::preflight()?;
        name_what_is_not_run(&cases);
    }
    let whyconn: Arc<Path> =
        env::var_os("LAB_WHYCONN").map_or_else(|| env!("CARGO_BIN_EXE_whyconn").into(), PathBuf::from).into();
    let mut trials =
        vec![Trial::test("no-capabilities", || outside::check_capabilities().map_err(Failed::from))];
    let program = Arc::clone(&whyconn);
    trials.push(Trial::test("ended-at-any-moment", move || {
        ending::check_signals(&program).map_err(Failed::from)
    }));
    let program = Arc::clone(&whyconn);
    trials.push(Trial::test("report-not-written", move || {
        ending::check_writing(&program).map_err(Failed::from)
    }));
    let program = Arc::clone(&whyconn);
    trials.push(Trial::test("nothing-left-behind", move || leaks::check(&program).map_err(Failed::from)));
    trials.extend(lists::trials(&whyconn));
    trials.extend(cases.into_iter().map(|case| trial(case, Arc::clone(&whyconn))));
    let all =
        arguments.filter.is_none() && arguments.skip.is_empty() && !arguments.list && !arguments.ignored;
    let conclusion = libtest_mimic::run(&arguments, trials);
    if all && !conclusion.has_failed() {
        // Without root, or on another kernel, some scenarios are not run.
        let missing = if conclusion.num_ignored == 0 { mend::missing() } else { Vec::new() };
        if !missing.is_empty() {
            eprintln!(
                "steps of the catalog whose command no scenario carries out:\n  {}",
                missing.join("\n  ")
            );
            return Ok(ExitCode::FAILURE);
        }
    }
    Ok(conclusion.exit_code())
}

fn trial(case: Case, whyconn: Arc<Path>) -> Trial {
    let name = format!("{}::{}", case.name, case.family.name());
    let ignored = !runs_here(&case);
    Trial::test(name, move || outside::run_case(&case, &whyconn).map_err(Failed::from))
        .with_ignored_flag(ignored)
}

/// Without root there is one user in the namespaces, and not every kernel has Landlock.
fn runs_here(case: &Case) -> bool {
    static LANDLOCK: LazyLock<bool> = LazyLock::new(policy::has_landlock);
    case.scenario.needs.iter().all(|need| match need {
        Need::SecondUser => outside::as_root(),
        Need::Landlock => *LANDLOCK,
    })
}

fn name_what_is_not_run(cases: &[Case]) {
    let names: Vec<String> = cases
        .iter()
        .filter(|case| !runs_here(case))
        .map(|case| format!("{}::{}", case.name, case.family.name()))
        .collect();
    if !names.is_empty() {
        eprintln!(
            "not run: {} that need root for a second user, or Landlock: {}",
            names.len(),
            names.join(", ")
        );
    }
}
