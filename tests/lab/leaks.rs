//! The promise that whyconn leaves nothing behind: a thousand runs in a row against one listener, and then what the
//! kernel still holds.
//!
//! An ordinary close leaves one socket a run in TIME_WAIT, for a minute; a reset leaves nothing that the kernel would
//! have to keep. So the bound is no socket of any kind in the client, and the listener alone at the target.

use std::path::Path;

use crate::inside::Outcome;
use crate::outside;
use crate::scenario::{Count, Scenario};
use crate::service::{Behaviour, Listen};
use crate::topology::Family;

const RUNS: u64 = 1000;
/// How many of them at once.
const BESIDE: u32 = 2;
const PORT: u16 = 80;
const TARGET: &str = "198.18.1.2:80";

/// Runs the program and its arguments that often; the number that tells the runs apart replaces nothing in them.
const SCRIPT: &str = r#"runs=$1; beside=$2; shift 2; seq "$runs" | xargs -P "$beside" -I '<number>' "$@""#;

/// All runs say the same, send one SYN each, and leave nothing.
pub(crate) fn check(whyconn: &Path) -> Result<(), String> {
    let mut scenario = Scenario::bare("a thousand runs in a row leave nothing behind");
    scenario.listen = vec![Listen::plain("target", PORT, Behaviour::Read)];
    scenario.count = vec![Count {
        on: "client".to_owned(),
        chain: "output".to_owned(),
        fitting: "tcp flags & (syn | ack) == syn".to_owned(),
        least: RUNS,
        most: RUNS,
    }];
    // The kernel counts orphans for all namespaces together; ss would show ours.
    let holds = |lines: &[&str]| lines.iter().map(|&line| line.to_owned()).collect();
    scenario.afterwards.insert(
        "client".to_owned(),
        holds(&["test -z \"$(ss -Htan)\"", "grep -q '^TCP: inuse 0 orphan [0-9]* tw 0 ' /proc/net/sockstat"]),
    );
    scenario.afterwards.insert("target".to_owned(), holds(&["test \"$(ss -Htan | wc -l)\" = 1"]));
    let wrapping = ["sh", "-c", SCRIPT, "sh", &RUNS.to_string(), &BESIDE.to_string()].map(str::to_owned);
    let arguments = ["-q", "--grace", "0s", TARGET].map(str::to_owned);
    let outcome = outside::run(&scenario, Family::V4, whyconn, wrapping.to_vec(), arguments.to_vec())?;
    judge(&outcome)
}

fn judge(outcome: &Outcome) -> Result<(), String> {
    let connected = outcome.stdout.lines().filter(|line| line.starts_with("connected.ok")).count();
    let counted = outcome.counted.first().copied().unwrap_or_default();
    let all = usize::try_from(RUNS).is_ok_and(|runs| connected == runs) && counted == RUNS;
    if all && outcome.unmet.is_empty() && !outcome.overran && outcome.exit == Some(0) {
        return Ok(());
    }
    let last = outcome.stdout.lines().last().unwrap_or_default();
    Err(format!(
        "{connected} runs connected, {counted} SYNs in {:.0} ms; not true: {:?}; last line {last:?}; exit {:?}\n{}",
        outcome.wall_ms, outcome.unmet, outcome.exit, outcome.stderr
    ))
}
