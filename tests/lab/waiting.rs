//! What holds for a run that waits: its line of progress, its history, its end; and where a command is run, whose the
//! streams are.

use serde_json::Value;

use crate::change::reasons;
use crate::expect::{Mismatches, compare_value, text};
use crate::inside::Outcome;
use crate::promises::{ALLOWANCE_MS, duration_ms};
use crate::scenario::Scenario;

/// The report as printed, and the lines of progress. With a command both are on standard error, and what the command
/// prints alone is on standard output.
pub(crate) fn streams<'a>(
    scenario: &Scenario,
    outcome: &'a Outcome,
    found: &mut Mismatches,
) -> (&'a str, Vec<&'a str>) {
    let (mut printed, mut progress) = (outcome.stdout.as_str(), outcome.stderr.as_str());
    if let Some(pattern) = &scenario.expect.command {
        let said = Value::from(outcome.stdout.as_str());
        compare_value("stdout", &said, &Value::from(format!("~{pattern}")), found);
        let start = progress.find("{\"schema\"").unwrap_or(progress.len());
        (progress, printed) = progress.split_at(start);
    }
    let waits = scenario.argv.iter().any(|word| word == "--wait");
    let lines: Vec<&str> = progress.lines().collect();
    let holds = lines.iter().all(|line| waits && reasons(line).is_some());
    let wanted = if waits { "lines of progress alone" } else { "nothing" };
    found.require(holds, "stderr", outcome.stderr.as_str(), wanted);
    (printed, lines)
}

/// The history: as the scenario has it, as the progress showed it, without a gap in its order, and over in time.
pub(crate) fn compare(scenario: &Scenario, progress: &[&str], report: &Value, found: &mut Mismatches) {
    let Some(wait) = duration_ms(&scenario.argv, &["--wait"]) else {
        let history = report.get("history");
        found.require(history.is_none(), "history", history.cloned(), "none without --wait");
        return;
    };
    let spells = report["history"].as_array().cloned().unwrap_or_default();
    let codes: Vec<&str> = spells.iter().map(|spell| text(spell.get("code"))).collect();
    if let Some(wanted) = &scenario.expect.history {
        found.require(codes == *wanted, "history", codes.clone(), &wanted.join(" "));
    }
    let last = codes.last().copied().unwrap_or_default();
    found.require(text(report.pointer("/verdict/code")) == last, "last state", last, "the verdict");
    let shown = progress.last().and_then(|line| reasons(line)).unwrap_or_default();
    let told = codes.iter().map(|code| if code.starts_with("connected.") { "connected" } else { code });
    found.require(shown.iter().copied().eq(told), "progress", shown.clone(), &codes.join(" → "));
    let mut before = 0.0;
    for spell in &spells {
        let times = [&spell["from_ms"], &spell["to_ms"]].map(Value::as_f64);
        let [Some(from), Some(to)] = times else {
            found.require(false, "history", spell.clone(), "two times");
            continue;
        };
        let holds = before <= from && from <= to && spell["tries"].as_u64().is_some_and(|tries| tries > 0);
        found.require(holds, "history", spell.clone(), "times in their order, and a try");
        before = to;
    }
    found.require(before <= wait + ALLOWANCE_MS, "end", before, &format!("at most {wait} ms and a little"));
}
