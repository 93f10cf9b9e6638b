//! How whyconn ends when somebody ends it, or when its report can not be written: a signal at any moment of a run,
//! a reader that goes away, a full device, closed descriptors.
//!
//! The report is whole or not there. An end by a signal shows in the status, 130 for SIGINT and 143 for SIGTERM as a
//! shell tells it; nothing of the run is left in the kernel.

use std::path::Path;

use crate::ordinary::PYTHON;
use crate::outside;
use crate::scenario::{Firewall, Scenario};
use crate::service::{Behaviour, Listen};
use crate::topology::Family;

const OPEN: &str = "198.18.2.2:80";
const SILENT: &str = "198.18.2.2:82";

/// How many moments of a run get a signal, and how long a run takes at most, in seconds.
const MOMENTS: &str = "16";
const LASTING: &str = "0.6";

/// A run for each signal, command and moment, some at once. Its arguments: the number of moments, how long a run
/// lasts, the program, and no others. It prints a line for each run that ended in another way than it may, and at the
/// end how many runs there were, and how many of them the signal ended.
const SIGNALS: &str = r#"
import concurrent.futures, json, signal, subprocess, sys, time
moments, lasting, program = int(sys.argv[1]), float(sys.argv[2]), sys.argv[3]
open_port, silent = "<open>", "<silent>"
commands = [
    (["--json", "-t", "300ms", silent], 5),
    (["-t", "300ms", silent], 5),
    (["--json", "--grace", "300ms", open_port], 0),
    (["--json", "-t", "300ms", "name.test:80"], 3),
]
def whole(arguments, text):
    if "--json" not in arguments:
        return text.endswith("\n") and "explain" in text.splitlines()[-1]
    try:
        return text.endswith("\n") and "verdict" in json.loads(text)
    except ValueError:
        return False
def run(case):
    number, moment, (arguments, exit) = case
    child = subprocess.Popen([program] + arguments, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    time.sleep(moment)
    child.send_signal(number)
    out, err = child.communicate(timeout=20)
    status = child.returncode
    # A Rust program ignores SIGPIPE, once its runtime has begun.
    ended = status in (-number, 128 + number)
    right = (ended and (out == "" or whole(arguments, out))) or (status == exit and whole(arguments, out))
    if not right or err:
        print(f"{signal.Signals(number).name} after {moment:.3f} s: {arguments} ended with {status}, {len(out)} bytes: {out[-60:]!r} {err!r}")
    return ended
numbers = [signal.SIGINT, signal.SIGTERM, signal.SIGPIPE]
cases = [(number, lasting * at / moments, command) for number in numbers for command in commands for at in range(moments)]
with concurrent.futures.ThreadPoolExecutor(16) as pool:
    ended = sum(pool.map(run, cases))
print(f"{len(cases)} runs, {ended} ended")
"#;

/// Each line is a run by `sh`, what its status must be, and a pattern for standard error.
const WRITING: &str = r#"
import re, subprocess, sys
program = sys.argv[3]
full = r"whyconn: can't write the report: .*No space left.*\n"
runs = [
    ('"$1" --json "$2" >/dev/full', "<open>", 1, full),
    ('"$1" "$2" >/dev/full', "<open>", 1, full),
    ('"$1" -t 300ms "$2" >/dev/full', "<silent>", 1, full),
    ('"$1" explain >/dev/full', "", 1, full),
    ('"$1" --json "$2" >&-', "<open>", 0, ""),
    ('"$1" -t 300ms "$2" >&-', "<silent>", 5, ""),
    ('"$1" --json "$2" >&- 2>&- <&-', "<open>", 0, ""),
    ('"$1" "$2" <&-', "<open>", 0, ""),
    ('"$1" "$2" 2>&-', "<open>", 0, ""),
    ('"$1" "$2" >/dev/full 2>&-', "<open>", 1, ""),
    ('"$1" "$2" >/dev/full 2>/dev/full', "<open>", 1, ""),
    ('"$1" not-a-target 2>&-', "", 2, ""),
    ('{ "$1" -t 300ms "$2"; echo $? >&2; } | true', "<silent>", 0, "5\n"),
    ('{ "$1" --json "$2"; echo $? >&2; } | head -c 1 >/dev/null', "<open>", 0, "0\n"),
]
for script, target, status, pattern in runs:
    ended = subprocess.run(["sh", "-c", script, "sh", program, target], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=20)
    if ended.returncode != status or not re.fullmatch(pattern, ended.stderr):
        print(f"{script}: ended with {ended.returncode}, expected {status}: {ended.stderr!r}")
print(f"{len(runs)} runs, 0 ended")
"#;

/// A signal at any moment.
pub(crate) fn check_signals(whyconn: &Path) -> Result<(), String> {
    let mut world = world("a signal at any moment ends a run, and leaves nothing behind");
    let nothing = ["test -z \"$(ss -Htan)\"", "test -z \"$(ss -Huan)\""];
    world.afterwards.insert("client".to_owned(), nothing.map(str::to_owned).to_vec());
    let ended = judge(&world, SIGNALS, whyconn)?;
    // Signals that come too late end nothing: then the sweep has swept nothing.
    if ended < 30 { Err(format!("only {ended} runs were ended by their signal")) } else { Ok(()) }
}

/// A report that can not be written.
pub(crate) fn check_writing(whyconn: &Path) -> Result<(), String> {
    judge(&world("a report that can not be written is a failure of whyconn's own"), WRITING, whyconn)
        .map(drop)
}

fn world(title: &str) -> Scenario {
    let mut world = Scenario { routers: 1, ..Scenario::bare(title) };
    world.listen = vec![Listen::plain("target", 80, Behaviour::AcceptAndHold)];
    let [on, chain, rule] = ["target", "input", "tcp dport 82 drop"].map(str::to_owned);
    world.firewall = vec![Firewall { on, chain, rule }];
    world
}

/// Runs a script in the client, in the place of whyconn; how many runs a signal has ended.
fn judge(world: &Scenario, script: &str, whyconn: &Path) -> Result<u32, String> {
    let script = script.replace("<open>", OPEN).replace("<silent>", SILENT);
    let wrapping = [PYTHON, "-c", &script, MOMENTS, LASTING].map(str::to_owned).to_vec();
    let outcome = outside::run(world, Family::V4, whyconn, wrapping, Vec::new())?;
    let mut lines = outcome.stdout.lines();
    let last =
        lines.next_back().and_then(|line| line.split_once(" runs, ")?.1.strip_suffix(" ended")?.parse().ok());
    let wrong: Vec<&str> = lines.collect();
    match last {
        Some(ended) if wrong.is_empty() && outcome.unmet.is_empty() && outcome.exit == Some(0) => Ok(ended),
        _ => Err(format!(
            "{}\n{}\nnot true: {:?}; exit {:?}\n{}",
            wrong.len(),
            outcome.stdout,
            outcome.unmet,
            outcome.exit,
            outcome.stderr
        )),
    }
}
