//! Hostile text wherever evidence holds text: no form of a report lets it move a terminal or hide anything, and none
//! grows without bound. Probes make what they read safe; this is about the second line of defence.

// What a test calls may fail as the test itself may.
#![allow(clippy::unwrap_used)]

mod marks;

use marks::{cases, leaves, read, with_marks};
use serde_json::json;
use whyconn::model::Evidence;
use whyconn::redact::redact;
use whyconn::render::{Detail, Style, human, json as one_line, markdown};
use whyconn::report::report;
use whyconn::sanitize::is_unsafe;

/// The longest text that a report becomes, in bytes.
const MOST: usize = 64 * 1024;

/// Text that would move a terminal (ECMA-48), end a line, turn it around (TR 9), hide, or open markup.
fn hostile() -> Vec<String> {
    vec![
        "\u{1b}[2J\u{1b}]0;title\u{7}red\r\nrefused.rst (certain): no".to_owned(),
        "\u{9b}31m\u{202e}abc\u{2066}\u{200b}\u{2028}\u{ad}\0\u{7f}".to_owned(),
        "\n\n```\n# heading\n<script>|</details>`".to_owned(),
        "/\u{1b}[31m/\u{1b}c\n.service".to_owned(),
        format!("\u{1b}[31m{}", "x".repeat(10_000)),
        vec!["\u{202e}y"; 5_000].join("."),
    ]
}

fn check(name: &str, what: &str, evidence: Evidence) {
    let (report, story) = report(evidence);
    let line = one_line(&report).unwrap();
    assert_eq!(line.matches('\n').count(), 1, "{name}, {what}");
    safe(name, what, &line);
    for unicode in [true, false] {
        let style = Style { unicode, width: 80, color: Some(false) };
        for detail in [Detail::Line, Detail::Usual, Detail::All] {
            let text = human(&report, &story, detail, &style);
            safe(name, what, &text);
            assert!(text.len() <= MOST, "{name}, {what}, {detail:?}: {} bytes", text.len());
            assert!(detail != Detail::Line || text.lines().count() == 1, "{name}, {what}: {text}");
        }
    }
    for detail in [Detail::Line, Detail::Usual, Detail::All] {
        let text = markdown(&report, &story, detail);
        safe(name, what, &text);
        // With all details the text for people is in it once more.
        let most = if detail == Detail::All { 2 * MOST } else { MOST };
        assert!(text.len() <= most, "{name}, {what}, {detail:?}: {} bytes", text.len());
    }
}

fn safe(name: &str, what: &str, text: &str) {
    for line in text.lines() {
        let bad = line.chars().find(|c| is_unsafe(*c)).map(|c| c.escape_unicode().to_string());
        let line: String = line.chars().take(300).collect();
        assert_eq!(bad, None, "{name}, {what}: {line:?}");
    }
}

#[test]
fn hostile_text_gets_through_nowhere() {
    for (name, evidence) in cases() {
        for text in hostile() {
            let what: String = text.chars().take(20).flat_map(char::escape_default).collect();
            let (marked, count) = with_marks(&evidence, &text);
            assert!(count > 0, "{name} has no text");
            let evidence = read(&marked).unwrap();
            check(&name, &what, evidence.clone());
            check(&name, &what, redact(evidence));
        }
    }
}

/// Lists as long as no probe makes them.
#[test]
fn long_lists_are_shown_in_part() {
    for (name, mut evidence) in cases() {
        lengthen(&mut evidence);
        check(&name, "long lists", read(&evidence).unwrap());
    }
}

/// Repeats the members of every list of texts or of objects that are not probes, to a hundred.
fn lengthen(value: &mut serde_json::Value) {
    match value {
        serde_json::Value::Array(items) => {
            items.iter_mut().for_each(lengthen);
            if items.iter().all(serde_json::Value::is_string) {
                let once = items.clone();
                *items = once.into_iter().cycle().take(if items.is_empty() { 0 } else { 100 }).collect();
            }
        }
        serde_json::Value::Object(fields) => fields.values_mut().for_each(lengthen),
        _ => {}
    }
}

/// The test itself: a mark is put into texts and nowhere else.
#[test]
fn marks_stand_in_place_of_texts() {
    for (name, evidence) in cases() {
        let (mut marked, count) = with_marks(&evidence, "mark");
        let mut found = 0;
        leaves(&mut marked, "", &mut |_, leaf| found += usize::from(*leaf == json!("mark")));
        assert_eq!(found, count, "{name}");
    }
}
