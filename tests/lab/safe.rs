//! The promise that nothing from outside moves a terminal or hides text: not in a report, and not in what it
//! becomes for a human being.

use serde_json::Value;
use whyconn::render::{Detail, Style, human};
use whyconn::report::{Report, report as diagnosed};

use crate::expect::Mismatches;
use crate::inside::Outcome;

/// Looks through the line as printed, through every string in it, and through the text that the same evidence
/// gives.
pub(crate) fn compare(outcome: &Outcome, report: &Value, found: &mut Mismatches) {
    let line = outcome.stdout.trim_end_matches('\n');
    none(line, "the line", found);
    strings(report, "", found);
    lines(outcome.shown.as_deref().unwrap_or_default(), "what is shown", found);
    match serde_json::from_value::<Report>(report.clone()) {
        Ok(told) => {
            let (again, story) = diagnosed(told.evidence);
            let style = Style { unicode: true, width: 100, color: Some(false) };
            for line in human(&again, &story, Detail::All, &style).lines() {
                none(line, "the text", found);
            }
        }
        Err(error) => found.require(false, "report", error.to_string(), "one that can be read again"),
    }
}

/// A text of several lines.
pub(crate) fn lines(text: &str, place: &str, found: &mut Mismatches) {
    for line in text.lines() {
        none(line, place, found);
    }
}

/// Every decoded string, keys as well.
fn strings(value: &Value, at: &str, found: &mut Mismatches) {
    match value {
        Value::String(text) => none(text, at, found),
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                strings(item, &format!("{at}/{index}"), found);
            }
        }
        Value::Object(fields) => {
            for (key, field) in fields {
                none(key, at, found);
                strings(field, &format!("{at}/{key}"), found);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

fn none(text: &str, place: &str, found: &mut Mismatches) {
    if let Some(bad) = text.chars().find(|&c| moves(c)) {
        let bad = format!("{} in {:?}", bad.escape_unicode(), text);
        found.require(false, place, bad, "no character that moves or hides text");
    }
}

/// Control characters (C0, DEL, C1), what Unicode TR 9 lists as bidirectional controls, and characters without
/// width or that break lines.
fn moves(c: char) -> bool {
    matches!(c,
        '\0'..='\u{1f}' | '\u{7f}'..='\u{9f}'
        | '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}'
        | '\u{ad}' | '\u{200b}'..='\u{200d}' | '\u{2028}' | '\u{2029}' | '\u{2060}' | '\u{feff}')
}
