//! The inner half of a trial. This process is the first of a fresh set of namespaces: it builds the world,
//! starts what listens in it, runs whyconn as a user without any capability, and tells the outer half what
//! came of it, as one line of JSON.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use nix::sys::resource::{Usage, UsageWho, getrusage};
use nix::sys::time::TimeValLike;
use serde::{Deserialize, Serialize};

use crate::scenario::{Background, Scenario};
use crate::serve::Services;
use crate::topology::{Family, Topology};
use crate::{busy, change, mend, odd, ordinary, serve, shell, world};

/// No run of whyconn in a scenario takes longer.
const RUNNING: Duration = Duration::from_secs(20);

/// The user whyconn runs as when the world was built by root: nobody.
pub(crate) const OTHER_USER: u32 = 65534;

/// What the outer half asks for.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Job {
    pub(crate) scenario: Scenario,
    pub(crate) family: Family,
    /// The program to run in the client, whyconn unless the harness looks at itself.
    pub(crate) program: PathBuf,
    /// What stands before the program: it runs the words behind it.
    pub(crate) wrapping: Vec<String>,
    pub(crate) arguments: Vec<String>,
    /// Whether the builder of the world is root outside of it, so that there are other users.
    pub(crate) as_root: bool,
}

/// What was seen of the run.
#[derive(Serialize, Deserialize)]
pub(crate) struct Outcome {
    pub(crate) command: String,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    pub(crate) exit: Option<i32>,
    pub(crate) wall_ms: f64,
    /// What it worked, in its own code and in the kernel's: the rest of the time it waited, or others worked.
    pub(crate) cpu_ms: f64,
    /// How long the machine kept it from working.
    pub(crate) kept_waiting_ms: f64,
    /// At most so much memory was resident at any time.
    pub(crate) peak_kib: i64,
    /// It had to be ended.
    pub(crate) overran: bool,
    /// Packets counted, one number for each `[[count]]`.
    pub(crate) counted: Vec<u64>,
    /// Conditions that did not hold when it had ended.
    pub(crate) unmet: Vec<String>,
    /// What an ordinary program got for the name, where whyconn's report is to be compared with it.
    pub(crate) ordinary: Option<ordinary::Answer>,
    /// What other runs printed in every form, where the scenario asks for them.
    pub(crate) shown: Vec<Shown>,
    /// What became of the steps that the scenario has carried out.
    pub(crate) mended: Vec<Result<mend::Mended, String>>,
}

/// What one more run printed.
#[derive(Serialize, Deserialize)]
pub(crate) struct Shown {
    /// The options that ask for its form.
    pub(crate) form: Vec<String>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// The forms in which a report is given.
const FORMS: &[&[&str]] = &[
    &["--color", "never", "-v"],
    &["--color", "never"],
    &["--color", "never", "-q"],
    &["--color", "always", "-v"],
    &["--format", "markdown", "-v"],
    &["--redact", "--json"],
    &["--redact", "--color", "never", "-v"],
    &["--redact", "--format", "markdown", "-v"],
];

/// Reads a job from standard input, does it, and prints the outcome.
pub(crate) fn main() -> Result<(), String> {
    let mut text = String::new();
    std::io::stdin().read_to_string(&mut text).map_err(|error| format!("job: {error}"))?;
    let job: Job = serde_json::from_str(&text).map_err(|error| format!("job: {error}"))?;
    let done: Result<Outcome, String> = run(&job);
    let line = serde_json::to_string(&done).map_err(|error| format!("outcome: {error}"))?;
    println!("{line}");
    Ok(())
}

fn run(job: &Job) -> Result<Outcome, String> {
    let scenario = &job.scenario;
    let nodes = Topology::new(scenario.routers).nodes();
    world::build(scenario)?;
    let program = world::readable(&job.program, job.program.file_name().unwrap_or_default())?;
    let each = |lines: &std::collections::BTreeMap<String, Vec<String>>,
                apply: fn(&str, &[String]) -> Result<(), String>| {
        nodes
            .iter()
            .filter_map(|node| lines.get(node).map(|lines| apply(node, lines)))
            .collect::<Result<(), String>>()
    };
    each(&scenario.setup, world::script)?;
    each(&scenario.setup, world::await_addresses)?;
    each(&scenario.until, world::await_conditions)?;
    let mut running = serve::start(scenario, job.family, job.as_root)?;
    each(&scenario.late, world::script)?;
    world::load_firewalls(scenario)?;
    for background in &scenario.background {
        running.extend([Ending(start_background(background)?)]);
        world::await_conditions(&background.on, background.ready.as_slice())?;
    }
    running.extend(serve::start_traffic(scenario, job.family)?);
    world::start_counting(scenario)?;
    let outcome = measure(job, &program, &mut running)?;
    let unmet = each(&scenario.afterwards, world::await_conditions).err();
    let counted = world::counted(scenario)?;
    // What comes now sends packets of its own, so it comes when all is counted.
    let ordinary = ordinary::ask(job, &outcome.stdout)?;
    let shown = if scenario.shown { show(job, &program, &mut running)? } else { Vec::new() };
    // They change the world.
    let mended = mend::carry_out(job, &program, &outcome, &mut running)?;
    Ok(Outcome { counted, unmet: unmet.into_iter().collect(), ordinary, shown, mended, ..outcome })
}

/// A run of its own for each form.
fn show(job: &Job, program: &Path, services: &mut Services) -> Result<Vec<Shown>, String> {
    let mut run = |form: &&[&str]| {
        let form: Vec<String> = form.iter().map(|&word| word.to_owned()).collect();
        let mut arguments = form.clone();
        arguments.extend(job.arguments.iter().filter(|argument| *argument != "--json").cloned());
        let again = Job { arguments, ..job.clone() };
        let Outcome { stdout, stderr, .. } = measure(&again, program, services)?;
        Ok(Shown { form, stdout, stderr })
    };
    FORMS.iter().map(&mut run).collect()
}

/// The words in front of a program that make it run as whyconn does: another user where there is one, and no
/// capability.
pub(crate) fn without_privileges(as_root: bool) -> Vec<String> {
    let mut words = ["setpriv", "--bounding-set=-all", "--inh-caps=-all"].map(str::to_owned).to_vec();
    if as_root {
        let user = OTHER_USER;
        words.extend([format!("--reuid={user}"), format!("--regid={user}"), "--clear-groups".to_owned()]);
    }
    words
}

/// Runs the program in the client as a user without capabilities.
pub(crate) fn measure(job: &Job, program: &Path, services: &mut Services) -> Result<Outcome, String> {
    let scenario = &job.scenario;
    let mut command = world::in_netns("client");
    // What this program was started with may have signals ignored.
    command.args(["env", "--default-signal"]);
    command.args(odd::words(&scenario.odd, scenario.limits, scenario.policy, job.as_root));
    command.args(&job.wrapping).arg(program).args(&job.arguments);
    // A proxy variable or a language of the machine at hand is not part of the world.
    let path = std::env::var_os("PATH").unwrap_or_default();
    command.env_clear().env("PATH", path).env("LC_ALL", "C.UTF-8").envs(&job.scenario.env);
    let usage = || getrusage(UsageWho::RUSAGE_CHILDREN).map_err(|error| format!("getrusage: {error}"));
    let before = worked_ms(usage()?);
    let most = busy::bound(scenario.longest.unwrap_or(RUNNING));
    let start = Instant::now();
    let ended = match job.scenario.change.as_slice() {
        [] => shell::bounded(&mut command, "", most)?,
        changes => change::watched(&mut command, changes, services, most)?,
    };
    let wall_ms = start.elapsed().as_secs_f64() * 1000.0;
    let usage = usage()?;
    Ok(Outcome {
        wall_ms,
        cpu_ms: worked_ms(usage) - before,
        kept_waiting_ms: ended.kept_waiting.as_secs_f64() * 1000.0,
        // Of all children so far: none that builds a world needs as much as whyconn may.
        peak_kib: usage.max_rss(),
        command: shown(job),
        stdout: String::from_utf8_lossy(&ended.output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&ended.output.stderr).into_owned(),
        exit: ended.output.status.code(),
        overran: ended.overran,
        counted: Vec::new(),
        unmet: Vec::new(),
        ordinary: None,
        shown: Vec::new(),
        mended: Vec::new(),
    })
}

fn worked_ms(usage: Usage) -> f64 {
    [usage.user_time(), usage.system_time()].iter().map(|time| time.num_microseconds() as f64 / 1000.0).sum()
}

/// The command line to show: without the wrapping.
fn shown(job: &Job) -> String {
    let name = job.program.file_name().unwrap_or_default();
    let mut command = Command::new(name);
    command.args(&job.arguments);
    shell::words(&command)
}

fn start_background(background: &Background) -> Result<Child, String> {
    world::in_netns(&background.on)
        .args(["sh", "-c", &background.run])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .spawn()
        .map_err(|error| format!("on {}: {error}", background.on))
}

/// A child process that ends when the trial does.
pub(crate) struct Ending(pub(crate) Child);

impl Drop for Ending {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
