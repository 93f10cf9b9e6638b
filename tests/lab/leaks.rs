//! The promise that whyconn leaves nothing behind: a thousand runs in a row against one listener, fewer against other
//! ends, and then what the kernel still holds.
//!
//! An ordinary close leaves one socket a run in TIME_WAIT, for a minute; a reset leaves nothing that the kernel would
//! have to keep. So the bound is no socket of any kind in the client, and the listener alone at the target.
//!
//! `LAB_RUNS` is another number of runs.

use std::env;
use std::path::Path;
use std::time::Duration;

use crate::inside::Outcome;
use crate::outside;
use crate::scenario::{Count, Scenario};
use crate::service::{Behaviour, Listen};
use crate::topology::Family;

const RUNS: u64 = 1000;
/// How many of them at once.
const BESIDE: u32 = 2;
const PORT: u16 = 80;

/// An end that whyconn may meet.
struct End {
    argument: &'static str,
    /// What its first line begins with.
    line: &'static str,
    /// One run in so many of those at the open port.
    share: u64,
    /// SYNs of a run, where their number is certain.
    syns: Option<u64>,
}

const ENDS: &[End] = &[
    End { argument: "198.18.1.2:80", line: "connected.ok ", share: 1, syns: Some(1) },
    // With the sockets of a sweep, of counters and of listeners.
    End { argument: "198.18.1.2:81", line: "refused.rst ", share: 5, syns: None },
    End { argument: "udp://198.18.1.2:82", line: "refused.icmp-port ", share: 5, syns: None },
    End { argument: "127.0.0.1:83", line: "refused.rst ", share: 5, syns: None },
];

/// What is said of a datagram that was lost.
const LOST: &str = "timeout.port-silent (likely";

/// Runs the program and its arguments that often; the number that tells the runs apart replaces nothing in them.
const SCRIPT: &str =
    r#"runs=$1; beside=$2; shift 2; seq "$runs" | xargs -P "$beside" -I '<number>' "$@" || [ $? = 123 ]"#;

/// All runs say the same, and leave nothing.
pub(crate) fn check(whyconn: &Path) -> Result<(), String> {
    let runs = match env::var("LAB_RUNS") {
        Ok(text) => text.parse().map_err(|error| format!("LAB_RUNS: {error}"))?,
        Err(_) => RUNS,
    };
    ENDS.iter().try_for_each(|end| check_end(whyconn, end, runs.div_ceil(end.share)))
}

fn check_end(whyconn: &Path, end: &End, runs: u64) -> Result<(), String> {
    let mut scenario = Scenario::bare("many runs in a row leave nothing behind");
    // The target would answer a run a second.
    let answers = "echo 0 > /proc/sys/net/ipv4/icmp_ratemask".to_owned();
    scenario.setup.insert("target".to_owned(), vec![answers]);
    scenario.listen = vec![Listen::plain("target", PORT, Behaviour::Read)];
    scenario.longest = Some(Duration::from_millis(60 * runs).max(Duration::from_secs(20)));
    let syns = end.syns.map(|each| each * runs);
    scenario.count = vec![Count {
        on: "client".to_owned(),
        chain: "output".to_owned(),
        fitting: "tcp flags & (syn | ack) == syn".to_owned(),
        least: syns.unwrap_or(0),
        most: syns.unwrap_or(u64::MAX),
    }];
    // The kernel counts orphans for all namespaces together; ss would show ours.
    let holds = |lines: &[&str]| lines.iter().map(|&line| line.to_owned()).collect();
    scenario.afterwards.insert(
        "client".to_owned(),
        holds(&[
            "test -z \"$(ss -Htan)\"",
            "test -z \"$(ss -Huwxan)\"",
            "grep -q '^TCP: inuse 0 orphan [0-9]* tw 0 ' /proc/net/sockstat",
        ]),
    );
    scenario.afterwards.insert("target".to_owned(), holds(&["test \"$(ss -Htan | wc -l)\" = 1"]));
    let wrapping = ["sh", "-c", SCRIPT, "sh", &runs.to_string(), &BESIDE.to_string()].map(str::to_owned);
    let arguments = ["-q", "--grace", "0s", end.argument].map(str::to_owned);
    let outcome = outside::run(&scenario, Family::V4, whyconn, wrapping.to_vec(), arguments.to_vec())?;
    judge(&outcome, end, runs)
}

fn judge(outcome: &Outcome, end: &End, runs: u64) -> Result<(), String> {
    let said = |line: &str| outcome.stdout.lines().filter(|said| said.starts_with(line)).count();
    // A datagram is not repeated, and a kernel whose backlog is full (netdev_max_backlog) drops one.
    let lost = if end.argument.starts_with("udp:") { said(LOST).min(1) } else { 0 };
    let same = said(end.line).saturating_add(lost);
    let counted = outcome.counted.first().copied().unwrap_or_default();
    let all = usize::try_from(runs).is_ok_and(|runs| same == runs)
        && end.syns.is_none_or(|each| counted == each * runs);
    if all && outcome.unmet.is_empty() && !outcome.overran && outcome.exit == Some(0) {
        return Ok(());
    }
    let last = outcome.stdout.lines().last().unwrap_or_default();
    Err(format!(
        "{}: {same} of {runs} runs say {}, {counted} SYNs in {:.0} ms; not true: {:?}; last line {last:?}; exit {:?}\n{}",
        end.argument, end.line, outcome.wall_ms, outcome.unmet, outcome.exit, outcome.stderr
    ))
}
