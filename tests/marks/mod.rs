//! The recorded cases, and other texts in place of theirs.

// What a test calls may fail as the test itself may.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use serde_json::{Value, json};
use std::fs;
use std::path::Path;
use whyconn::model::Evidence;

/// Each case by its name, with its evidence.
pub fn cases() -> Vec<(String, Value)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases");
    let mut cases: Vec<(String, Value)> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| {
            let path = entry.unwrap().path();
            let report: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
            (path.file_name().unwrap().to_string_lossy().into_owned(), report["evidence"].clone())
        })
        .collect();
    cases.sort_by(|a, b| a.0.cmp(&b.0));
    assert!(cases.len() > 100, "{}", cases.len());
    cases
}

/// The evidence, if it is any.
pub fn read(evidence: &Value) -> Option<Evidence> {
    serde_json::from_value(evidence.clone()).ok()
}

/// Calls a function on every leaf, with the key it stands under.
pub fn leaves(value: &mut Value, key: &str, visit: &mut impl FnMut(&str, &mut Value)) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(|item| leaves(item, key, visit)),
        Value::Object(fields) => {
            for (key, field) in fields {
                leaves(field, key, visit);
            }
        }
        leaf => visit(key, leaf),
    }
}

/// The case with a mark in place of every text that may be any; how many there were.
pub fn with_marks(evidence: &Value, mark: &str) -> (Value, usize) {
    let mut found = Vec::new();
    let mut count = 0;
    let mut texts = evidence.clone();
    leaves(&mut texts, "", &mut |_, leaf| count += usize::from(leaf.is_string()));
    for at in 0..count {
        let mut tried = evidence.clone();
        nth(&mut tried, at, mark);
        if read(&tried).is_some() {
            found.push(at);
        }
    }
    let mut marked = evidence.clone();
    for at in &found {
        nth(&mut marked, *at, mark);
    }
    (marked, found.len())
}

/// Puts a text into the leaf of that number among the texts.
fn nth(value: &mut Value, at: usize, text: &str) {
    let mut number = 0;
    leaves(value, "", &mut |_, leaf| {
        if leaf.is_string() {
            if number == at {
                *leaf = json!(text);
            }
            number += 1;
        }
    });
}
