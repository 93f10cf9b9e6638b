//! The parts that ask nothing of the world: reading a target, diagnosing evidence, putting it into words.
//!
//! `cargo bench --bench pure` measures on the recorded cases in `tests/cases`; `benches/run` measures whole processes.

// A bench ends by a panic where a test would.
#![allow(clippy::expect_used, clippy::panic)]

use divan::{Bencher, black_box};
use std::fs;
use std::path::Path;
use whyconn::model::Evidence;
use whyconn::model::target::Target;
use whyconn::render::{Detail, Style, human, json};
use whyconn::report::{Report, Story, report};

/// A refusal on this host, a silence with its path, a name with two addresses: what there is little, much and most of.
const CASES: &[&str] = &[
    "refused.rst--closed-port-here-loopback-v4",
    "timeout.silent--drop-everything-at-target-three-routers-v4",
    "connected.ok--service-speaks-v4",
];

const STYLE: Style = Style { unicode: true, width: 80, color: Some(false) };

fn main() {
    divan::main();
}

fn text(case: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases").join(format!("{case}.json"));
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn evidence(case: &str) -> Evidence {
    serde_json::from_str::<Report>(&text(case)).expect("a report").evidence.expect("evidence")
}

fn whole(case: &str) -> (Report, Story) {
    report(evidence(case))
}

#[divan::bench(args = ["db.example:5432", "[2001:db8::7]:443", "https://www.example/login", "unix:/run/app.sock"])]
fn target(bencher: Bencher, word: &str) {
    bencher.bench(|| Target::parse(black_box(word), &|_| None));
}

#[divan::bench(args = CASES)]
fn diagnose(bencher: Bencher, case: &str) {
    let evidence = evidence(case);
    bencher.bench(|| whyconn::diagnose::diagnose(black_box(&evidence)));
}

#[divan::bench(args = CASES)]
fn words(bencher: Bencher, case: &str) {
    bencher.with_inputs(|| evidence(case)).bench_values(report);
}

#[divan::bench(args = CASES)]
fn as_text(bencher: Bencher, case: &str) {
    let (report, story) = whole(case);
    bencher.bench(|| human(black_box(&report), &story, Detail::Usual, &STYLE));
}

#[divan::bench(args = CASES)]
fn as_json(bencher: Bencher, case: &str) {
    let (report, _) = whole(case);
    bencher.bench(|| json(black_box(&report)));
}

/// A report that a user sent, read back.
#[divan::bench(args = CASES)]
fn read_back(bencher: Bencher, case: &str) {
    let text = text(case);
    bencher.bench(|| serde_json::from_str::<Report>(black_box(&text)));
}
