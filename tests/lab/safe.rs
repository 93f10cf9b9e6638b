//! The promise that nothing from outside moves a terminal or hides text, in whatever form a report is given: and
//! that a redacted report says the same, and nothing of whose network it is.

use std::sync::LazyLock;

use jsonschema::Validator;
use regex_lite::Regex;
use serde_json::Value;
use whyconn::redact::redact;
use whyconn::render::{Detail, Style, human, json, markdown};
use whyconn::report::{Report, Story, report as diagnosed};
use whyconn::sanitize::is_unsafe;

use crate::expect::Mismatches;
use crate::inside::{Outcome, Shown};

/// No report is longer, whatever is in it. One line of JSON holds the evidence as well.
// In Markdown with all details the text for people stands once more.
const MOST_TEXT: usize = 128 * 1024;
const MOST_JSON: usize = 288 * 1024;

/// Looks through the line as printed, through every string in it, and through whatever else the same evidence
/// gives.
pub(crate) fn compare(printed: &str, outcome: &Outcome, report: &Value, found: &mut Mismatches) {
    lines(&outcome.stderr, "stderr", found);
    let line = printed.trim_end_matches('\n');
    none(line, "the line", found);
    bounded(line, MOST_JSON, "the line", found);
    strings(report, "", found);
    as_the_schema_says(report, "the report", found);
    for shown in &outcome.shown {
        compare_shown(shown, report, found);
    }
    match serde_json::from_value::<Report>(report.clone()) {
        Ok(told) => {
            found.require(told.evidence.is_some(), "report", "no evidence", "evidence");
            if let Some(evidence) = told.evidence {
                let (plain, redacted) = (diagnosed(evidence.clone()), diagnosed(redact(evidence)));
                every_form(&plain, "again", found);
                every_form(&redacted, "redacted", found);
                compare_redacted(&plain.0, &redacted.0, report, found);
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

/// What the program printed in another form.
fn compare_shown(shown: &Shown, report: &Value, found: &mut Mismatches) {
    /// The program's own colours (ECMA-48, SGR).
    static COLOUR: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new("\u{1b}\\[[0-9;]*m").ok());
    let has = |option: &str| shown.form.iter().any(|word| word == option);
    let place = shown.form.join(" ");
    let plain = match &*COLOUR {
        Some(colour) if has("always") => colour.replace_all(&shown.stdout, "").into_owned(),
        _ => shown.stdout.clone(),
    };
    lines(&plain, &place, found);
    lines(&shown.stderr, &place, found);
    bounded(&plain, if has("--json") { MOST_JSON } else { MOST_TEXT }, &place, found);
    found.require(!plain.is_empty(), &place, plain.as_str(), "a report");
    found.require(shown.stderr.is_empty(), &place, shown.stderr.as_str(), "nothing on standard error");
    let own_lines = plain.lines().count();
    found.require(!has("-q") || own_lines == 1, &place, own_lines, "one line");
    found.require(!has("--json") || own_lines == 1, &place, own_lines, "one line");
    if has("--redact") {
        nothing_left(&plain, report, &place, found);
    }
}

/// Every form that the library makes of a report.
fn every_form((report, story): &(Report, Story), place: &str, found: &mut Mismatches) {
    for unicode in [true, false] {
        let style = Style { unicode, width: 100, color: Some(false) };
        for detail in [Detail::Line, Detail::Usual, Detail::All] {
            text(&human(report, story, detail, &style), &format!("{place}, {detail:?}"), found);
        }
    }
    for detail in [Detail::Line, Detail::Usual, Detail::All] {
        text(&markdown(report, story, detail), &format!("{place}, Markdown, {detail:?}"), found);
    }
    match json(report) {
        Ok(line) => none(line.trim_end_matches('\n'), &format!("{place}, JSON"), found),
        Err(error) => found.require(false, place, error.to_string(), "JSON"),
    }
}

fn text(text: &str, place: &str, found: &mut Mismatches) {
    lines(text, place, found);
    bounded(text, MOST_TEXT, place, found);
}

fn bounded(text: &str, most: usize, place: &str, found: &mut Mismatches) {
    found.require(text.len() <= most, &format!("length of {place}"), text.len(), &format!("at most {most}"));
}

/// The verdict and what it rests on are the same; names and addresses are not compared.
fn compare_redacted(plain: &Report, redacted: &Report, report: &Value, found: &mut Mismatches) {
    let gist = |report: &Report| {
        let of = &report.verdict;
        let culprit = of.culprit.as_ref().map(std::mem::discriminant);
        let alternatives: Vec<_> = of.alternatives.iter().map(|other| other.code).collect();
        let remarks: Vec<_> = report.remarks.iter().map(|remark| remark.code.clone()).collect();
        let attempts: Vec<_> = report.attempts.iter().map(|attempt| attempt.code).collect();
        let next: Vec<_> = of.next.iter().map(|step| (step.on, step.command.is_some())).collect();
        format!(
            "{:?}",
            (
                of.code,
                of.certainty,
                culprit,
                &of.because,
                alternatives,
                remarks,
                attempts,
                next,
                report.connected
            )
        )
    };
    found.require(gist(plain) == gist(redacted), "redacted", gist(redacted), &gist(plain));
    match serde_json::to_value(redacted) {
        Ok(value) => {
            as_the_schema_says(&value, "the redacted report", found);
            nothing_left(&value.to_string(), report, "the redacted report", found);
        }
        Err(error) => found.require(false, "redacted", error.to_string(), "JSON"),
    }
}

/// Keys of the evidence under which a text from outside stands that is nobody else's word.
const OUTSIDE: &[&str] =
    &["on", "cgroup", "said", "own_name", "search", "aliases", "text", "real", "at", "link", "path"];

/// What the evidence quotes from outside is not in the text.
fn nothing_left(text: &str, report: &Value, place: &str, found: &mut Mismatches) {
    let mut quoted = Vec::new();
    collect(&report["evidence"], "", &mut quoted);
    // A shorter one may be a word of whyconn's own.
    for quote in quoted.iter().filter(|quote| quote.chars().count() >= 8) {
        found.require(!text.contains(quote.as_str()), place, quote.as_str(), "replaced");
    }
}

fn collect(value: &Value, key: &str, quoted: &mut Vec<String>) {
    match value {
        Value::String(text) if OUTSIDE.contains(&key) && text != "not-asked" => quoted.push(text.clone()),
        Value::Array(items) => items.iter().for_each(|item| collect(item, key, quoted)),
        Value::Object(fields) => fields.iter().for_each(|(key, field)| collect(field, key, quoted)),
        _ => {}
    }
}

fn as_the_schema_says(report: &Value, place: &str, found: &mut Mismatches) {
    static VALIDATOR: LazyLock<Result<Validator, String>> = LazyLock::new(|| {
        let schema = whyconn::docs::schema().map_err(|error| error.to_string())?;
        let schema: Value = serde_json::from_str(&schema).map_err(|error| error.to_string())?;
        jsonschema::validator_for(&schema).map_err(|error| error.to_string())
    });
    match &*VALIDATOR {
        Ok(validator) => {
            for error in validator.iter_errors(report) {
                let at = format!("{place} at {}", error.instance_path());
                found.require(false, &at, error.masked().to_string(), "as the schema says");
            }
        }
        Err(error) => found.require(false, "schema", error.as_str(), "one that can be used"),
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
    if let Some(bad) = text.chars().find(|&c| moves(c) || is_unsafe(c)) {
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
