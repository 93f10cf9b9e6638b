//! One text in the place of every text from outside that a report may hold.

#![no_main]

#[path = "../../tests/properties/fed_back.rs"]
mod fed_back;

use libfuzzer_sys::fuzz_target;
use serde_json::Value;
use std::sync::LazyLock;

/// Reports with a name, a listener, a path and a banner.
const REPORTS: &[&str] = &[
    include_str!("../../tests/cases/alias.bound-elsewhere--odd-process-name-v4.json"),
    include_str!("../../tests/cases/alias.hosts-override--hosts-override-closed-there-v4.json"),
    include_str!("../../tests/cases/refused.rst--sinkhole-one-address-v4.json"),
];

/// What the program takes from outside, by its last key.
const OUTSIDE: &[&str] = &["name", "input", "said", "text", "device", "cgroup", "could-not-look", "own_name", "interface"];

static EVIDENCE: LazyLock<Vec<Value>> = LazyLock::new(|| {
    REPORTS.iter().filter_map(|text| serde_json::from_str::<Value>(text).ok()?.get("evidence").cloned()).collect()
});

fn fill(value: &mut Value, text: &str) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(|item| fill(item, text)),
        Value::Object(map) => {
            for (key, item) in map {
                if OUTSIDE.contains(&key.as_str()) && (item.is_string() || item.is_null()) {
                    *item = Value::from(text);
                } else {
                    fill(item, text);
                }
            }
        }
        _ => {}
    }
}

fuzz_target!(|bytes: &[u8]| {
    let text = String::from_utf8_lossy(bytes);
    for evidence in EVIDENCE.iter() {
        let mut evidence = evidence.clone();
        fill(&mut evidence, &text);
        assert!(fed_back::feed(&evidence), "no report any more");
    }
});
