//! What holds for the report of any evidence, whoever wrote it.

use pulldown_cmark::{CowStr, Event, Options, Parser, Tag};
use serde_json::Value;
use whyconn::model::Evidence;
use whyconn::redact::redact;
use whyconn::render::{Detail, Style, human, json, markdown};
use whyconn::report::{Report, report};
use whyconn::sanitize::is_unsafe;
use whyconn::verdict::Certainty;

/// Reads a report or its evidence, diagnoses it, and renders it in every form; `false` where it is none.
///
/// # Panics
/// Where a rendering breaks a promise.
pub fn feed(value: &Value) -> bool {
    let evidence = value.get("evidence").unwrap_or(value);
    let Ok(evidence) = serde_json::from_value::<Evidence>(evidence.clone()) else { return false };
    let (report, story) = report(evidence.clone());
    let (again, _) = self::report(evidence.clone());
    assert_eq!(again.verdict, report.verdict, "the same evidence, another verdict");
    let (redacted, _) = self::report(redact(evidence));
    let decided = |report: &Report| (report.verdict.code, report.verdict.certainty);
    assert_eq!(decided(&redacted), decided(&report), "redacted, and another verdict");
    if report.verdict.certainty == Certainty::Certain {
        assert!(!report.verdict.because.is_empty(), "certain for no reason");
    }
    one_line(&report);
    let styles = [
        Style { unicode: false, width: 80, color: Some(false) },
        Style { unicode: true, width: 100, color: Some(false) },
        Style { unicode: true, width: 20, color: Some(false) },
    ];
    for style in &styles {
        for detail in [Detail::Usual, Detail::All] {
            shown(&human(&report, &story, detail, style));
        }
    }
    let line = human(&report, &story, Detail::Line, &styles[0]);
    shown(&line);
    assert_eq!(line.lines().count(), 1, "{line:?}");
    for detail in [Detail::Line, Detail::Usual, Detail::All] {
        let text = markdown(&report, &story, detail);
        shown(&text);
        no_markup_from_outside(&text);
    }
    for step in &report.verdict.next {
        let command = step.command.as_deref().unwrap_or_default();
        assert!(!command.contains('\n'), "a command of two lines: {command:?}");
        words(command);
    }
    true
}

/// Only line ends move a terminal.
fn shown(text: &str) {
    let wrong = text.chars().find(|c| *c != '\n' && is_unsafe(*c));
    assert!(wrong.is_none(), "{wrong:?} in {text:?}");
}

fn one_line(report: &Report) {
    let text = json(report).expect("JSON");
    assert_eq!(text.matches('\n').count(), 1, "{text:?}");
    shown(&text);
    let read: Value = serde_json::from_str(&text).expect("its own JSON");
    assert_eq!(read["verdict"]["code"], report.verdict.code.as_str());
    let back: Result<Report, _> = serde_json::from_str(&text);
    assert!(back.is_ok(), "{back:?} of {text}");
}

/// A report has these kinds of Markdown and no others: what comes from outside adds none.
fn no_markup_from_outside(text: &str) {
    let mut fences = 0;
    // No forge makes anything of `^` alone, and nobody is harmed by a typographic quote.
    let harmless = Options::ENABLE_SMART_PUNCTUATION | Options::ENABLE_SUPERSCRIPT;
    for event in Parser::new_ext(text, Options::all().difference(harmless)) {
        let allowed = match &event {
            Event::Start(tag) => match tag {
                Tag::Paragraph | Tag::Strong | Tag::List(_) | Tag::Item | Tag::HtmlBlock => true,
                Tag::CodeBlock(_) => {
                    fences += 1;
                    true
                }
                _ => false,
            },
            // The one fold, in the words of the renderer.
            Event::Html(html) => is_fold(html),
            Event::InlineHtml(_)
            | Event::FootnoteReference(_)
            | Event::InlineMath(_)
            | Event::DisplayMath(_)
            | Event::Rule
            | Event::TaskListMarker(_) => false,
            Event::End(_) | Event::Text(_) | Event::Code(_) | Event::SoftBreak | Event::HardBreak => true,
        };
        assert!(allowed, "{event:?} in\n{text}");
    }
    assert!(fences <= 40, "{fences} fences");
}

fn is_fold(html: &CowStr) -> bool {
    ["<details><summary>All evidence</summary>", "</details>"].contains(&html.trim())
}

/// A command's quotes are closed, so that it is one command.
fn words(command: &str) {
    let mut rest = command.chars();
    while let Some(c) = rest.next() {
        match c {
            '\'' => assert!(rest.any(|c| c == '\''), "an open quote: {command:?}"),
            '\\' => assert!(rest.next().is_some(), "{command:?}"),
            _ => {}
        }
    }
}
