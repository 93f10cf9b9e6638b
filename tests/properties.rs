//! Reports that are fed back: whatever an editor, an attacker or an accident made of one, it is read or refused,
//! and what is rendered of it stays text.
//!
//! `WHYCONN_FUZZ_ROUNDS` is the number of changed reports.
#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::unwrap_used)]

#[path = "properties/fed_back.rs"]
mod fed_back;
#[path = "properties/mutate.rs"]
mod mutate;

use fed_back::feed;
use mutate::{HOSTILE, Random, mutate, places};
use serde_json::Value;
use std::path::Path;
use std::{env, fs};

fn cases() -> Vec<(String, Value)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases");
    let mut files: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let read = |file: &Path| {
        let report: Value = serde_json::from_str(&fs::read_to_string(file).unwrap()).unwrap();
        (file.file_stem().unwrap().to_string_lossy().into_owned(), report["evidence"].clone())
    };
    files.iter().map(|file| read(file)).collect()
}

fn rounds() -> u64 {
    env::var("WHYCONN_FUZZ_ROUNDS").ok().and_then(|rounds| rounds.parse().ok()).unwrap_or(1500)
}

/// Runs with a note of what was being fed, should it panic.
fn feed_noted(what: &str, value: &Value) -> bool {
    let run = std::panic::catch_unwind(|| feed(value));
    run.unwrap_or_else(|_| panic!("{what}: {value}"))
}

#[test]
fn a_changed_report_is_read_or_refused() {
    let cases = cases();
    let mut read = 0;
    for round in 0..rounds() {
        let mut random = Random::new(round);
        let (name, case) = random.of(&cases).clone();
        let (_, other) = random.of(&cases).clone();
        let mut value = case;
        mutate(&mut value, &other, &mut random);
        read += u64::from(feed_noted(&format!("{name}, round {round}"), &value));
    }
    // Else the changes are so wild that nothing behind the parser is tested.
    assert!(read > rounds() / 4, "only {read} of {} were reports", rounds());
}

#[test]
fn every_text_in_a_report_may_be_hostile() {
    let mut read = 0;
    for (at, (name, case)) in cases().into_iter().enumerate() {
        let texts: Vec<String> = places(&case)
            .into_iter()
            .filter(|place| case.pointer(place).is_some_and(Value::is_string))
            .collect();
        for (count, place) in texts.iter().enumerate() {
            let mut value = case.clone();
            // Each text in turn with another trick; over all cases every kind of text meets every trick.
            let trick = HOSTILE[(at + count) % HOSTILE.len()];
            *value.pointer_mut(place).unwrap() = Value::from(trick);
            read += usize::from(feed_noted(&format!("{name} {place}"), &value));
        }
    }
    assert!(read > 300, "only {read} were reports");
}
