//! The inner half of a trial. This process is the first of a fresh set of namespaces: it builds the world,
//! starts what listens in it, runs whyconn as a user without any capability, and tells the outer half what
//! came of it, as one line of JSON.

use std::fs;
use std::io::Read;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use crate::scenario::{Background, Scenario};
use crate::topology::{Family, Topology};
use crate::{serve, shell, world};

/// No run of whyconn in a scenario takes longer.
const RUNNING: Duration = Duration::from_secs(20);

/// The user whyconn runs as when the world was built by root: nobody.
pub(crate) const OTHER_USER: u32 = 65534;

/// What the outer half asks for.
#[derive(Serialize, Deserialize)]
pub(crate) struct Job {
    pub(crate) scenario: Scenario,
    pub(crate) family: Family,
    /// The program to run in the client, whyconn unless the harness looks at itself.
    pub(crate) program: PathBuf,
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
    /// It had to be ended.
    pub(crate) overran: bool,
    /// Packets counted, one number for each `[[count]]`.
    pub(crate) counted: Vec<u64>,
    /// Conditions that did not hold when it had ended.
    pub(crate) unmet: Vec<String>,
}

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
    let program = readable(&job.program)?;
    let each = |lines: &std::collections::BTreeMap<String, Vec<String>>,
                apply: fn(&str, &[String]) -> Result<(), String>| {
        nodes
            .iter()
            .filter_map(|node| lines.get(node).map(|lines| apply(node, lines)))
            .collect::<Result<(), String>>()
    };
    each(&scenario.setup, world::script)?;
    each(&scenario.until, world::await_conditions)?;
    let mut running = serve::start(scenario, job.family)?;
    each(&scenario.late, world::script)?;
    world::load_firewalls(scenario)?;
    for background in &scenario.background {
        running.push(Ending(start_background(background)?));
    }
    running.extend(serve::start_traffic(scenario, job.family)?);
    world::start_counting(scenario)?;
    let outcome = measure(job, &program)?;
    let unmet = each(&scenario.afterwards, world::await_conditions).err();
    Ok(Outcome { counted: world::counted(scenario)?, unmet: unmet.into_iter().collect(), ..outcome })
}

/// Runs the program in the client as a user without capabilities.
fn measure(job: &Job, program: &Path) -> Result<Outcome, String> {
    let mut command = world::in_netns("client");
    command.args(["setpriv", "--bounding-set=-all", "--inh-caps=-all"]);
    if job.as_root {
        let user = OTHER_USER;
        command.args([format!("--reuid={user}"), format!("--regid={user}")]);
        command.arg("--clear-groups");
    }
    command.arg(program).args(&job.arguments);
    // A proxy variable or a language of the machine at hand is not part of the world.
    let path = std::env::var_os("PATH").unwrap_or_default();
    command.env_clear().env("PATH", path).env("LC_ALL", "C.UTF-8").envs(&job.scenario.env);
    let start = Instant::now();
    let ended = shell::bounded(&mut command, "", RUNNING)?;
    Ok(Outcome {
        wall_ms: start.elapsed().as_secs_f64() * 1000.0,
        command: shown(job),
        stdout: String::from_utf8_lossy(&ended.output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&ended.output.stderr).into_owned(),
        exit: ended.output.status.code(),
        overran: ended.overran,
        counted: Vec::new(),
        unmet: Vec::new(),
    })
}

/// The command line to show: without the wrapping.
fn shown(job: &Job) -> String {
    let name = job.program.file_name().unwrap_or_default();
    let mut command = Command::new(name);
    command.args(&job.arguments);
    shell::words(&command)
}

/// A path to the program that any user may follow.
fn readable(program: &Path) -> Result<PathBuf, String> {
    let told = |error: &dyn std::fmt::Display| format!("{}: {error}", program.display());
    let name = program.file_name().unwrap_or_default();
    let place = Path::new(world::PRIVATE).join(name);
    let mode = fs::metadata(program).map_err(|error| told(&error))?.permissions().mode();
    if mode & 0o005 == 0o005 {
        fs::write(&place, "").map_err(|error| told(&error))?;
        world::bind(program, &place)?;
    } else {
        fs::copy(program, &place).map_err(|error| told(&error))?;
        fs::set_permissions(&place, fs::Permissions::from_mode(0o755)).map_err(|error| told(&error))?;
    }
    Ok(place)
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
