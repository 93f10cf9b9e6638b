//! Advice that is carried out: a step of the report, its command run as it is written, on the node that it is for. Then
//! either whyconn, asked the same again, gives another code, or the command has shown what the step says.
//!
//! A command without `sudo` is run by an ordinary user, as whyconn is. One with it is run by the node's root: there
//! `sudo` is a script that only finds the program, in root's directories, and becomes it.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Mutex;
use std::time::Duration;

use regex_lite::Regex;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use whyconn::verdict::{CATALOG, Code, Entry, Step};

use crate::expect::{Mismatches, OneOrMany, compare_value, text};
use crate::inside::{self, Job, Outcome};
use crate::scenario::Scenario;
use crate::serve::Services;
use crate::topology::Topology;
use crate::{policy, shell, world};

/// No command of a step takes longer.
const RUNNING: Duration = Duration::from_secs(20);

/// Where an ordinary user of Debian looks for programs, behind the lab's own directory.
const PATH: &str = "/usr/local/bin:/usr/bin:/bin";
/// What sudo has in its place (`secure_path`).
const ROOTS_PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// One step, and what comes of it. Several are carried out in their order, in one world.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Mend {
    /// Which step, from 1.
    #[serde(default = "first")]
    pub(crate) step: usize,
    /// The node to run it on, where the step's `on` leaves a choice: a name server, or one of several routers.
    #[serde(default)]
    pub(crate) on_node: Option<String>,
    /// What whyconn must answer after it.
    #[serde(default)]
    pub(crate) then: Option<OneOrMany>,
    /// A pattern for what the command prints, both streams together.
    #[serde(default)]
    pub(crate) shows: Option<String>,
    /// Shell conditions of the client that must become true before whyconn is asked again.
    #[serde(default)]
    pub(crate) until: Vec<String>,
}

const fn first() -> usize {
    1
}

impl Mend {
    /// What is wrong with it as it stands in a file.
    pub(crate) fn check(&self) -> Result<(), String> {
        if self.step == 0 {
            return Err("mend: steps are counted from 1".to_owned());
        }
        if self.then.is_none() && self.shows.is_none() {
            return Err("mend: neither `then` nor `shows`, so it could not fail".to_owned());
        }
        if !self.until.is_empty() && self.then.is_none() {
            return Err("mend: `until` without `then`".to_owned());
        }
        if let Some(pattern) = &self.shows {
            let regex = Regex::new(pattern).map_err(|error| format!("mend: {pattern:?}: {error}"))?;
            let empty_is_meant = pattern.starts_with('^') && pattern.ends_with('$');
            if regex.is_match("") && !empty_is_meant {
                return Err(format!("mend: {pattern:?} fits anything"));
            }
        }
        Ok(())
    }
}

/// What became of a step.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Mended {
    /// Its text.
    what: String,
    command: String,
    node: String,
    /// What it printed.
    printed: String,
    /// Its exit code; `None` where it had to be ended.
    exit: Option<i32>,
    /// What whyconn answered after it.
    then: Option<String>,
}

/// Carries out the steps that the scenario names. A step that is not there is an error in words, for the judge.
pub(crate) fn carry_out(
    job: &Job,
    program: &Path,
    outcome: &Outcome,
    services: &mut Services,
) -> Result<Vec<Result<Mended, String>>, String> {
    if job.scenario.mend.is_empty() {
        return Ok(Vec::new());
    }
    let report: Value = serde_json::from_str(outcome.stdout.trim_end()).unwrap_or_default();
    sudo()?;
    job.scenario.mend.iter().map(|mend| one(job, program, &report, mend, services)).collect()
}

fn one(
    job: &Job,
    program: &Path,
    report: &Value,
    mend: &Mend,
    services: &mut Services,
) -> Result<Result<Mended, String>, String> {
    let step = report.pointer(&format!("/verdict/next/{}", mend.step - 1)).unwrap_or(&Value::Null);
    let Some(command) = step.get("command").and_then(Value::as_str) else {
        return Ok(Err(format!("step {} has no command: {step}", mend.step)));
    };
    let node = match node(&job.scenario, mend, text(step.get("on"))) {
        Ok(node) => node,
        Err(wrong) => return Ok(Err(wrong)),
    };
    let mut words = Vec::new();
    if !command.split([' ', '|', ';']).any(|word| word == "sudo") {
        words.extend(inside::without_privileges(job.as_root));
    }
    if node == "client" {
        // The user's shell is as confined as whyconn was.
        words.extend(policy::words(job.scenario.limits, job.scenario.policy, &job.scenario.odd.denied));
    }
    let mut shell = world::in_netns(&node);
    shell.args(words);
    let directory = program.parent().unwrap_or(Path::new("/")).display();
    shell.args(["env", "-i", "LC_ALL=C.UTF-8", &format!("PATH={directory}:{PATH}")]);
    shell.args(job.scenario.env.iter().map(|(name, value)| format!("{name}={value}")));
    shell.args(["sh", "-c", command]);
    let ended = shell::bounded(&mut shell, "", RUNNING)?;
    let printed = [ended.output.stdout, ended.output.stderr].concat();
    let then = match mend.then {
        Some(_) => Some(again(job, program, mend, services)?),
        None => None,
    };
    Ok(Ok(Mended {
        what: text(step.get("do")).to_owned(),
        command: command.to_owned(),
        node,
        printed: String::from_utf8_lossy(&printed).into_owned(),
        exit: ended.output.status.code().filter(|_| !ended.overran),
        then,
    }))
}

/// The node that a step is for.
fn node(scenario: &Scenario, mend: &Mend, on: &str) -> Result<String, String> {
    let nodes = Topology::new(scenario.routers).nodes();
    let routers = || nodes.iter().filter(|node| !matches!(node.as_str(), "client" | "target"));
    let only = match on {
        "client" | "target" => Some(on),
        "router" if scenario.routers == 1 => Some("r1"),
        _ => None,
    };
    match (&mend.on_node, only) {
        (None, Some(only)) => Ok(only.to_owned()),
        (None, None) => Err(format!("the step is for {on:?}: on_node must say which node that is")),
        (Some(named), _) if on == "router" && routers().any(|router| router == named) => Ok(named.clone()),
        (Some(named), _) if on == "resolver" && nodes.contains(named) => Ok(named.clone()),
        (Some(named), _) => Err(format!("the step is for {on:?}, and not for {named}")),
    }
}

/// whyconn once more, and the code that it gives.
fn again(job: &Job, program: &Path, mend: &Mend, services: &mut Services) -> Result<String, String> {
    if let Err(never) = world::await_conditions("client", &mend.until) {
        return Ok(never);
    }
    let outcome = inside::measure(job, program, services)?;
    let report: Value = serde_json::from_str(outcome.stdout.trim_end()).unwrap_or_default();
    Ok(match report.pointer("/verdict/code").and_then(Value::as_str) {
        Some(code) => code.to_owned(),
        None => outcome.stdout + &outcome.stderr,
    })
}

/// Root is who runs the script already.
fn sudo() -> Result<(), String> {
    let place = Path::new(world::PRIVATE).join("bin/sudo");
    let told = |error: std::io::Error| format!("{}: {error}", place.display());
    fs::write(&place, format!("#!/bin/sh\nPATH={ROOTS_PATH}\nexport PATH\nexec \"$@\"\n")).map_err(told)?;
    fs::set_permissions(&place, fs::Permissions::from_mode(0o755)).map_err(told)
}

/// Judges what became of the steps.
pub(crate) fn compare(scenario: &Scenario, outcome: &Outcome, report: &Value, found: &mut Mismatches) {
    for (mend, done) in scenario.mend.iter().zip(&outcome.mended) {
        let done = match done {
            Ok(done) => done,
            Err(wrong) => {
                found.require(false, "mend", wrong.as_str(), "a step to carry out");
                continue;
            }
        };
        let what = format!("step {} on {}, {}", mend.step, done.node, done.command);
        found.require(done.exit.is_some(), &what, done.printed.as_str(), "an end by itself");
        if let Some(pattern) = &mend.shows {
            let wanted = Value::from(format!("~{pattern}"));
            compare_value(&what, &Value::from(done.printed.as_str()), &wanted, found);
        }
        if let Some(then) = &mend.then {
            let succeeded = mend.shows.is_some() || done.exit == Some(0);
            found.require(succeeded, &what, format!("{:?} {}", done.exit, done.printed), "success");
            let code = done.then.as_deref().unwrap_or_default();
            found.require(then.allows(code), &format!("{what}; then"), code, &then.to_string());
        }
        note(report, done);
    }
    found.require(
        outcome.mended.len() == scenario.mend.len(),
        "mend",
        outcome.mended.len(),
        "every step carried out",
    );
}

/// Every command of every report is one that a shell can read.
pub(crate) fn can_be_read(report: &Value, found: &mut Mismatches) {
    let next = report.pointer("/verdict/next").and_then(Value::as_array);
    for step in next.into_iter().flatten() {
        let Some(command) = step.get("command").and_then(Value::as_str) else { continue };
        let mut shell = std::process::Command::new("sh");
        let read = shell::succeeds(shell.args(["-n", "-c", command]));
        found.require(read == Ok(true), "command", command, "one that sh can read");
    }
}

/// Steps of the catalog that were carried out: their code, and their place in its list.
static CARRIED_OUT: Mutex<BTreeSet<(Code, usize)>> = Mutex::new(BTreeSet::new());

fn note(report: &Value, done: &Mended) {
    let Ok(code) = text(report.pointer("/verdict/code")).parse::<Code>() else { return };
    for (place, step) in code.entry().next.iter().enumerate() {
        if is_made_of(&done.what, step.text)
            && is_made_of(&done.command.replace("udp://", ""), &step.command.replace("udp://", ""))
            && let Ok(mut carried_out) = CARRIED_OUT.lock()
        {
            carried_out.insert((code, place));
        }
    }
}

/// Whether a text is a template with its words filled in.
fn is_made_of(text: &str, template: &str) -> bool {
    let mut pattern = String::from("(?s)^");
    let mut rest = template;
    loop {
        let (literal, behind) = rest.split_once('{').unwrap_or((rest, ""));
        pattern.push_str(&regex_lite::escape(literal));
        match behind.split_once('}') {
            Some((_, tail)) => {
                pattern.push_str(".*");
                rest = tail;
            }
            None => break,
        }
    }
    pattern.push('$');
    Regex::new(&pattern).is_ok_and(|regex| regex.is_match(text))
}

/// Commands that no scenario can carry out: the code, the variant that the step is for, and why.
const NOT_HERE: &[(&str, &str, &str)] = &[
    ("resolve.no-address", "disagree", "no source of names beside DNS has names without an address here"),
    ("resolve.servfail", "garbled", "what the scripted name server garbles is no answer to the question"),
    ("resolve.servfail", "eai", "the name servers can always be asked here"),
    ("resolve.timeout", "eai", "the name servers can always be asked here"),
    ("refused.icmp-port", "unseen", "this kernel shows who sends an ICMP error"),
    ("unreachable.icmp-other", "udp", "nftables rejects with none of these types"),
    ("unreachable.icmp-other", "nearer", "nftables rejects with none of these types"),
    ("local.firewall-drop", "taken", "this kernel has no queue for programs, and counts what IPsec takes"),
    ("local.limits", "", "nobody lets this machine run out of memory"),
    ("timeout.silent", "others-rejected", "a list alone has it, and carries no step out"),
    ("timeout.accept-queue", SYSTEMD, NO_SYSTEMD),
    ("service.closed", SYSTEMD, NO_SYSTEMD),
    ("service.reset", SYSTEMD, NO_SYSTEMD),
    ("service.not-accepting", SYSTEMD, NO_SYSTEMD),
];

/// Stands for a variant: the step that asks systemd.
const SYSTEMD: &str = "systemctl";
const NO_SYSTEMD: &str = "there is no systemd in a world";

/// Whether a step is one of [`NOT_HERE`].
fn is_excused(entry: &Entry, step: &Step) -> bool {
    NOT_HERE.iter().any(|(code, variant, _)| {
        let meant = match *variant {
            SYSTEMD => step.command.starts_with(SYSTEMD),
            variant => step.only.contains(&variant),
        };
        *code == entry.id && meant
    })
}

/// The commands of the catalog that no scenario has carried out, after a run of all of them.
pub(crate) fn missing() -> Vec<String> {
    let Ok(carried_out) = CARRIED_OUT.lock() else { return vec!["the list is lost".to_owned()] };
    let mut missing = Vec::new();
    for entry in CATALOG {
        for (place, step) in entry.next.iter().enumerate().filter(|(_, step)| !step.command.is_empty()) {
            match (carried_out.contains(&(entry.code, place)), is_excused(entry, step)) {
                (false, false) => missing.push(format!("{} {:?}: {}", entry.id, step.only, step.command)),
                (true, true) => missing.push(format!("{}: {} can be carried out", entry.id, step.command)),
                _ => {}
            }
        }
    }
    missing
}
