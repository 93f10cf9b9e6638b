//! Running other programs: with a bound on their time, with their errors told, and never through a shell
//! unless the scenario itself is shell.

use std::fs;
use std::io::{Read, Write};
use std::process::{Child, Command, Output, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::sys::wait::{Id, WaitPidFlag, waitid};
use nix::unistd::Pid;

use crate::busy;

/// No command that builds a world takes longer.
const BUILDING: Duration = Duration::from_secs(10);

/// The output of a program that ended, or was ended.
pub(crate) struct Ended {
    pub(crate) output: Output,
    /// It did not end by itself within the limit.
    pub(crate) overran: bool,
    /// How long it was ready to run, and the machine had no processor for it.
    pub(crate) kept_waiting: Duration,
}

/// Runs a program to its end, or to the limit and then kills it.
pub(crate) fn bounded(command: &mut Command, input: &str, limit: Duration) -> Result<Ended, String> {
    let name = command.get_program().to_string_lossy().into_owned();
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|error| format!("cannot run {name}: {error}"))?;
    let pid = i32::try_from(child.id()).map_err(|error| format!("{name}: {error}"))?;
    if let Some(mut pipe) = child.stdin.take() {
        // A program that ends without reading its input has its own say in its exit code.
        let _ = pipe.write_all(input.as_bytes());
    }
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || sender.send(to_its_end(child)));
    let mut overran = false;
    let output = receiver.recv_timeout(limit).or_else(|_| {
        overran = true;
        let _ = kill(Pid::from_raw(pid), Signal::SIGKILL);
        receiver.recv()
    });
    match output {
        Ok(Ok((output, kept_waiting))) => Ok(Ended { output, overran, kept_waiting }),
        Ok(Err(error)) => Err(format!("cannot wait for {name}: {error}")),
        Err(error) => Err(format!("cannot wait for {name}: {error}")),
    }
}

/// Reads all that a program says, waits for its end, and looks at its account before it is closed.
fn to_its_end(mut child: Child) -> std::io::Result<(Output, Duration)> {
    let (mut out, mut err) = (child.stdout.take(), child.stderr.take());
    let errors = thread::spawn(move || read(err.as_mut()));
    let stdout = read(out.as_mut())?;
    let stderr = errors.join().unwrap_or_else(|_| Err(std::io::Error::other("panicked")))?;
    let pid = Pid::from_raw(i32::try_from(child.id()).map_err(std::io::Error::other)?);
    waitid(Id::Pid(pid), WaitPidFlag::WEXITED | WaitPidFlag::WNOWAIT)?;
    let kept_waiting = kept_waiting(pid).unwrap_or_default();
    Ok((Output { status: child.wait()?, stdout, stderr }, kept_waiting))
}

fn read(pipe: Option<&mut impl Read>) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    pipe.map_or(Ok(0), |pipe| pipe.read_to_end(&mut bytes))?;
    Ok(bytes)
}

/// The second number of `schedstat` (proc_pid_schedstat(5)), in nanoseconds; nothing where the kernel keeps none.
fn kept_waiting(pid: Pid) -> Option<Duration> {
    let text = fs::read_to_string(format!("/proc/{pid}/schedstat")).ok()?;
    text.split_ascii_whitespace().nth(1)?.parse().ok().map(Duration::from_nanos)
}

/// Runs a program that must succeed.
pub(crate) fn succeed(command: &mut Command, input: &str) -> Result<(), String> {
    told_by(command, input).map(|_| ())
}

/// What a program prints that must succeed.
pub(crate) fn output(command: &mut Command) -> Result<String, String> {
    told_by(command, "").map(|output| String::from_utf8_lossy(&output.stdout).into_owned())
}

fn told_by(command: &mut Command, input: &str) -> Result<Output, String> {
    let ended = bounded(command, input, busy::bound(BUILDING))?;
    if ended.output.status.success() {
        return Ok(ended.output);
    }
    Err(format!("{}: {}{}", words(command), ended.output.status, said(&ended.output)))
}

/// Whether a program succeeds.
pub(crate) fn succeeds(command: &mut Command) -> Result<bool, String> {
    Ok(bounded(command, "", busy::bound(BUILDING))?.output.status.success())
}

/// A command line as one would type it.
pub(crate) fn words(command: &Command) -> String {
    let mut line = command.get_program().to_string_lossy().into_owned();
    for argument in command.get_args() {
        line.push(' ');
        line.push_str(&argument.to_string_lossy());
    }
    line
}

fn said(output: &Output) -> String {
    let text = String::from_utf8_lossy(&output.stderr);
    match text.trim() {
        "" => String::new(),
        text => format!("\n{text}"),
    }
}
