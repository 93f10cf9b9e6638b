//! What holds for every report, whatever the fault: the promises about form, exit code and time.

use serde_json::Value;

use crate::expect::{Mismatches, compare_value, text};
use crate::inside::Outcome;
use crate::scenario::Scenario;
use crate::{busy, mend, safe, waiting};

const SCHEMA: &str = "whyconn.report.v1";
/// The exit code of a usage error.
const USAGE: i32 = 2;
const DEFAULT_TIMEOUT_MS: f64 = 4000.0;
/// What whyconn may take beyond its timeout, and what a busy machine may add to that besides the time for which it
/// has no processor free.
pub(crate) const ALLOWANCE_MS: f64 = 250.0 + 150.0;
/// What whyconn may ever have in memory, whatever is sent to it.
const MOST_KIB: i64 = 32 * 1024;
/// What starting whyconn inside a namespace may cost, for bounds seen from outside.
const STARTING_MS: f64 = 1500.0;

/// Compares an outcome with the promises and the scenario's expectation. The report comes along where there
/// was one.
pub(crate) fn compare(scenario: &Scenario, outcome: &Outcome) -> (Vec<String>, Option<Value>) {
    let mut found = Mismatches::default();
    if let Some(pattern) = &scenario.expect.usage {
        usage(outcome, pattern, &mut found);
        return (found.into_lines(), None);
    }
    found.require(!outcome.overran, "run time", outcome.wall_ms, "an end by itself");
    let (printed, progress) = waiting::streams(scenario, outcome, &mut found);
    let lines: Vec<&str> = printed.lines().collect();
    let one_line = lines.len() == 1 && printed.ends_with('\n');
    found.require(one_line, "lines of the report", lines.len(), "1");
    let report = serde_json::from_str::<Value>(printed.trim_end());
    let report = match report {
        Ok(report) => report,
        Err(error) => {
            found.require(false, "stdout", error.to_string(), "a JSON report");
            let exit = outcome.exit.map_or(Value::Null, Value::from);
            found.require(false, "exit", exit, "that of a verdict");
            return (found.into_lines(), None);
        }
    };
    form(scenario, outcome, &report, &mut found);
    times(scenario, outcome, &report, &mut found);
    safe::compare(printed, outcome, &report, &mut found);
    waiting::compare(scenario, &progress, &report, &mut found);
    let held = outcome.peak_kib <= MOST_KIB;
    found.require(held, "memory in KiB", outcome.peak_kib, &format!("at most {MOST_KIB}"));
    if let Some(ordinary) = &outcome.ordinary {
        ordinary.compare(&report, &mut found);
    }
    scenario.expect.compare(&report, &mut found);
    mend::can_be_read(&report, &mut found);
    mend::compare(scenario, outcome, &report, &mut found);
    afterwards(scenario, outcome, &mut found);
    (found.into_lines(), Some(report))
}

/// Nothing was diagnosed: no report, and a word to whoever typed it.
fn usage(outcome: &Outcome, pattern: &str, found: &mut Mismatches) {
    let exit = outcome.exit.map_or(Value::Null, Value::from);
    found.require(outcome.exit == Some(USAGE), "exit", exit, "that of a usage error");
    found.require(outcome.stdout.is_empty(), "stdout", outcome.stdout.as_str(), "nothing");
    compare_value(
        "stderr",
        &Value::from(outcome.stderr.as_str()),
        &Value::from(format!("~{pattern}")),
        found,
    );
    safe::lines(&outcome.stderr, "stderr", found);
}

fn form(scenario: &Scenario, outcome: &Outcome, report: &Value, found: &mut Mismatches) {
    let verdict = &report["verdict"];
    let (code, class) = (text(verdict.get("code")), text(verdict.get("class")));
    let certainty = text(verdict.get("certainty"));
    found.require(report["schema"] == SCHEMA, "schema", report["schema"].clone(), SCHEMA);
    found.require(
        ["certain", "likely", "possible"].contains(&certainty),
        "certainty",
        certainty,
        "one of the three words",
    );
    let own_class = code.split('.').next().unwrap_or_default();
    found.require(class == own_class, "class", class, own_class);
    let connected = matches!(class, "connected" | "service");
    found.require(
        report["connected"] == connected,
        "connected",
        report["connected"].clone(),
        &connected.to_string(),
    );
    let exit = scenario.expect.exit.or_else(|| exit_code(class));
    found.require(
        exit.is_some() && outcome.exit == exit,
        "exit",
        outcome.exit.map_or(Value::Null, Value::from),
        &format!("{exit:?} for {class}"),
    );
}

/// The timeout holds for names and for connecting, each.
fn times(scenario: &Scenario, outcome: &Outcome, report: &Value, found: &mut Mismatches) {
    let Some(elapsed) = report["elapsed_ms"].as_f64() else {
        found.require(false, "elapsed_ms", Value::Null, "a number");
        return;
    };
    let limit = timeout_ms(&scenario.argv) + busy::bound_ms(ALLOWANCE_MS) + outcome.kept_waiting_ms;
    let names = report.pointer("/resolution/elapsed_ms").and_then(Value::as_f64).unwrap_or(0.0);
    let worked = format!("it worked {:.0} ms, and was kept from it for", outcome.cpu_ms);
    let within = format!("at most {limit:.0} ms; {worked} {:.0} ms", outcome.kept_waiting_ms);
    found.require(names <= limit, "time for names", names, &within);
    found.require(elapsed - names <= limit, "time to connect", elapsed - names, &within);
    let waited = duration_ms(&scenario.argv, &["--wait"]).map(|wait| wait + busy::bound_ms(ALLOWANCE_MS));
    let most = waited.or(scenario.expect.within_ms.map(|ms| busy::bound_ms(ms as f64)));
    let outer = most.unwrap_or(2.0 * limit) + busy::bound_ms(STARTING_MS);
    found.require(
        outcome.wall_ms <= outer,
        "time seen from outside",
        outcome.wall_ms,
        &format!("at most {outer} ms"),
    );
}

fn afterwards(scenario: &Scenario, outcome: &Outcome, found: &mut Mismatches) {
    found.require(outcome.unmet.is_empty(), "afterwards", outcome.unmet.clone(), "all conditions true");
    for (count, &seen) in scenario.count.iter().zip(&outcome.counted) {
        let holds = (count.least..=count.most).contains(&seen);
        let what = format!("packets on {} with {:?}", count.on, count.fitting);
        found.require(holds, &what, seen, &format!("{} to {}", count.least, count.most));
    }
}

fn exit_code(class: &str) -> Option<i32> {
    match class {
        "connected" => Some(0),
        "resolve" => Some(3),
        "refused" => Some(4),
        "timeout" => Some(5),
        "unreachable" => Some(6),
        "alias" => Some(7),
        "local" => Some(8),
        "service" => Some(9),
        _ => None,
    }
}

/// The timeout that a command line asks for. Scenarios write it as `-t 300ms` or `-t 6s`.
fn timeout_ms(argv: &[String]) -> f64 {
    duration_ms(argv, &["-t", "--timeout"]).unwrap_or(DEFAULT_TIMEOUT_MS)
}

/// The duration behind one of these options.
pub(crate) fn duration_ms(argv: &[String], options: &[&str]) -> Option<f64> {
    let mut words = argv.iter().skip_while(|word| !options.contains(&word.as_str()));
    let text = words.nth(1)?;
    match text.strip_suffix("ms") {
        Some(number) => number.parse().ok(),
        None => text.strip_suffix('s')?.parse().ok().map(|s: f64| s * 1000.0),
    }
}
