//! What changes while whyconn waits. A change is made when the line on standard error names the reason that it
//! stands under, so nothing here depends on how long anything takes.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read};
use std::process::{Command, Stdio};
use std::str::FromStr;
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde::{Deserialize, Serialize};

use crate::dns::Zone;
use crate::serve::Services;
use crate::service::{Listen, Unix};
use crate::shell::Ended;
use crate::world;

/// One change, made once, after those that stand before it.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Change {
    /// The reason that must be shown last.
    pub(crate) when: String,
    /// Shell lines by node, behind all else but a signal.
    #[serde(default)]
    pub(crate) run: BTreeMap<String, Vec<String>>,
    /// Services that begin.
    #[serde(default)]
    pub(crate) listen: Vec<Listen>,
    #[serde(default)]
    pub(crate) unix: Vec<Unix>,
    /// What the first name server says from now on.
    #[serde(default)]
    pub(crate) zone: Option<Zone>,
    /// Files under /etc that are written anew.
    #[serde(default)]
    pub(crate) files: BTreeMap<String, String>,
    /// A signal to whyconn, such as `SIGINT`.
    #[serde(default)]
    pub(crate) signal: Option<String>,
}

impl Change {
    pub(crate) fn nodes(&self) -> impl Iterator<Item = &String> {
        let services = self.listen.iter().map(|listen| &listen.on);
        self.run.keys().chain(services).chain(self.unix.iter().map(|unix| &unix.on))
    }

    fn make(&self, services: &mut Services, whyconn: Pid) -> Result<(), String> {
        for (name, text) in &self.files {
            std::fs::write(format!("/etc/{name}"), text).map_err(|error| format!("/etc/{name}: {error}"))?;
        }
        for unix in &self.unix {
            services.unix(unix)?;
        }
        for listen in &self.listen {
            services.listen(listen)?;
        }
        if let Some(zone) = &self.zone {
            services.tell_name_server(zone)?;
        }
        for (node, lines) in &self.run {
            world::script(node, lines)?;
        }
        if let Some(name) = &self.signal {
            let signal = Signal::from_str(name).map_err(|error| format!("{name}: {error}"))?;
            kill(whyconn, signal).map_err(|error| format!("{name}: {error}"))?;
        }
        Ok(())
    }
}

/// The reason that a line of progress ends with: `whyconn: db:80: resolve.nxdomain → refused.rst after 3.2 s`.
pub(crate) fn last_reason(line: &str) -> Option<&str> {
    reasons(line)?.pop()
}

/// All reasons of such a line.
pub(crate) fn reasons(line: &str) -> Option<Vec<&str>> {
    let (said, _) = line.strip_prefix("whyconn: ")?.rsplit_once(" after ")?;
    let (_, chain) = said.rsplit_once(": ")?;
    Some(chain.split(" → ").collect())
}

/// Runs a program to its end, or to the limit, and makes the changes that its progress calls for.
pub(crate) fn watched(
    command: &mut Command,
    changes: &[Change],
    services: &mut Services,
    limit: Duration,
) -> Result<Ended, String> {
    let told = |error: &dyn std::fmt::Display| format!("cannot run whyconn: {error}");
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|error| told(&error))?;
    let pid = Pid::from_raw(i32::try_from(child.id()).map_err(|error| told(&error))?);
    let (tell, lines) = mpsc::channel();
    let stderr = child.stderr.take().ok_or_else(|| told(&"no standard error"))?;
    let reader = thread::spawn(move || {
        let mut all = String::new();
        for line in BufReader::new(stderr).lines().map_while(Result::ok) {
            all.push_str(&line);
            all.push('\n');
            // Nobody listens once the limit is past.
            let _ = tell.send(line);
        }
        all
    });
    let mut stdout = child.stdout.take().ok_or_else(|| told(&"no standard output"))?;
    let printed = thread::spawn(move || {
        let mut all = Vec::new();
        stdout.read_to_end(&mut all).map(|_| all)
    });
    let end = Instant::now() + limit;
    let mut left = changes;
    let mut failed = None;
    let overran = loop {
        match lines.recv_timeout(end.saturating_duration_since(Instant::now())) {
            Ok(line) => {
                while let Some((change, rest)) = left.split_first()
                    && last_reason(&line) == Some(&change.when)
                {
                    failed = failed.or(change.make(services, pid).err());
                    left = rest;
                }
            }
            Err(mpsc::RecvTimeoutError::Disconnected) => break false,
            Err(mpsc::RecvTimeoutError::Timeout) => break true,
        }
    };
    if overran {
        // It may be gone by now.
        let _ = kill(pid, Signal::SIGKILL);
    }
    let status = child.wait().map_err(|error| told(&error))?;
    let stderr = reader.join().map_err(|_| told(&"its standard error could not be read"))?;
    let stdout = printed.join().map_err(|_| told(&"panicked"))?.map_err(|error| told(&error))?;
    if let Some(error) = failed {
        return Err(format!("a change failed: {error}\n{stderr}"));
    }
    if let Some(change) = left.first() {
        return Err(format!("never shown: {}\n{stderr}", change.when));
    }
    let output = std::process::Output { status, stdout, stderr: stderr.into_bytes() };
    Ok(Ended { output, overran, kept_waiting: Duration::ZERO })
}
