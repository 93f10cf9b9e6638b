//! The outer half of a trial: it makes the namespaces, hands the job in, and judges what comes out.

use std::env;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use nix::unistd::geteuid;
use serde_json::Value;

use crate::expect::text;
use crate::inside::{Job, OTHER_USER, Outcome};
use crate::scenario::{Case, Scenario};
use crate::topology::Family;
use crate::{busy, ordinary, promises, record, servers, shell};

/// The first argument that makes this program the inner half.
pub(crate) const ARGUMENT: &str = "--inside";

/// Building, running and ending a world never takes longer.
const TRIAL: Duration = Duration::from_secs(60);

pub(crate) fn as_root() -> bool {
    geteuid().is_root()
}

/// The user id of whyconn in the lab. In a user namespace of our own there is one user only, mapped to 0.
pub(crate) fn user_of_whyconn() -> u32 {
    if as_root() { OTHER_USER } else { 0 }
}

/// Says in one line what this machine lacks to build a lab.
pub(crate) fn preflight() -> Result<(), String> {
    for (program, version) in [
        ("unshare", "--version"),
        ("setpriv", "--version"),
        ("prlimit", "--version"),
        ("ip", "-V"),
        ("ss", "-V"),
        ("tc", "-V"),
        ("nft", "--version"),
        ("ps", "--version"),
        ("sysctl", "--version"),
        ("namei", "--version"),
        ("cc", "--version"),
        (ordinary::PYTHON, "--version"),
        ("unbound", "-V"),
        ("dnsmasq", "--version"),
        ("haproxy", "-v"),
    ] {
        shell::succeed(Command::new(program).arg(version).env("PATH", servers::search_path()), "")
            .map_err(|error| format!("the lab needs {program}: {error}"))?;
    }
    for (what, command) in [
        ("namespaces for a user of this machine", &["true"][..]),
        ("nftables in a network namespace", &["nft", "list", "ruleset"]),
        ("veth devices", &["ip", "link", "add", "type", "veth"]),
    ] {
        shell::succeed(in_namespaces().args(command), "")
            .map_err(|error| format!("the lab needs {what}: {}", error.replace('\n', " ")))?;
    }
    Ok(())
}

/// A command that runs its arguments in fresh namespaces, which end with it.
fn in_namespaces() -> Command {
    let mut command = Command::new("unshare");
    if !as_root() {
        command.args(["--user", "--map-root-user"]);
    }
    command.args(["--net", "--uts", "--mount", "--pid", "--fork", "--mount-proc", "--kill-child"]);
    command
}

/// Runs a case, and tells what does not hold.
pub(crate) fn run_case(case: &Case, whyconn: &Path) -> Result<(), String> {
    let scenario = &case.scenario;
    let mut arguments = vec!["--json".to_owned()];
    arguments.extend(scenario.argv.iter().cloned());
    let outcome = run(scenario, case.family, whyconn, Vec::new(), arguments)
        .map_err(|error| format!("{}\n{error}", scenario.title))?;
    let (mismatches, report) = promises::compare(scenario, &outcome);
    if let Some(report) = &report {
        record::store(case, text(report.pointer("/verdict/code")), report)?;
        record::verdict(case, report)?;
    }
    if mismatches.is_empty() {
        return Ok(());
    }
    Err(told(scenario, &outcome, &mismatches, report.as_ref()))
}

/// The program under test really has no capability: everything else rests on it.
pub(crate) fn check_capabilities() -> Result<(), String> {
    let scenario = Scenario::bare("whyconn runs without capabilities");
    let arguments = ["^Cap", "/proc/self/status"].map(str::to_owned).to_vec();
    let grep = ["/usr/bin/grep", "/bin/grep"]
        .into_iter()
        .map(Path::new)
        .find(|path| path.exists())
        .ok_or("the lab needs grep")?;
    let outcome = run(&scenario, Family::V4, grep, Vec::new(), arguments)?;
    let sets: Vec<&str> = outcome.stdout.lines().collect();
    let empty = |line: &&str| {
        line.split_once(':').is_some_and(|(_, set)| set.trim().bytes().all(|digit| digit == b'0'))
    };
    if sets.len() == 5 && sets.iter().all(empty) {
        return Ok(());
    }
    Err(format!("capabilities are left:\n{}{}", outcome.stdout, outcome.stderr))
}

/// One world, and one run in it: of a program and its arguments, behind words that run them in their own way.
pub(crate) fn run(
    scenario: &Scenario,
    family: Family,
    program: &Path,
    wrapping: Vec<String>,
    arguments: Vec<String>,
) -> Result<Outcome, String> {
    let job = Job {
        scenario: scenario.clone(),
        family,
        program: program.to_owned(),
        wrapping,
        arguments,
        as_root: as_root(),
    };
    let job = serde_json::to_string(&job).map_err(|error| format!("job: {error}"))?;
    let this = env::current_exe().map_err(|error| format!("own path: {error}"))?;
    let most = busy::bound(TRIAL + scenario.longest.unwrap_or_default());
    let ended = shell::bounded(in_namespaces().arg(this).arg(ARGUMENT), &job, most)?;
    let line = String::from_utf8_lossy(&ended.output.stdout);
    let errors = String::from_utf8_lossy(&ended.output.stderr);
    if ended.overran {
        return Err(format!("the world did not end within {most:?}\n{errors}"));
    }
    serde_json::from_str::<Result<Outcome, String>>(line.trim())
        .map_err(|error| format!("no outcome ({error})\n{line}{errors}"))?
        .map_err(|error| format!("the world could not be built: {error}\n{errors}"))
}

/// Everything needed to understand a failure without running it again.
fn told(scenario: &Scenario, outcome: &Outcome, mismatches: &[String], report: Option<&Value>) -> String {
    let mut lines = vec![scenario.title.clone()];
    lines.extend(mismatches.iter().map(|line| format!("  {line}")));
    lines.push(format!("$ {}", outcome.command));
    lines.push(report.map_or_else(|| outcome.stdout.clone(), |report| format!("{report:#}")));
    for shown in &outcome.shown {
        lines.push(format!("with {}:\n{}{}", shown.form.join(" "), shown.stdout, shown.stderr));
    }
    if !outcome.stderr.is_empty() {
        lines.push(format!("stderr:\n{}", outcome.stderr));
    }
    lines.join("\n")
}
