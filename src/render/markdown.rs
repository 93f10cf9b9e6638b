//! The report as a block of Markdown (CommonMark) to paste into a ticket or a runbook.
//!
//! Outside text in it can't start markup: characters that mean something are escaped, commands and pictures
//! stand in fences longer than any run of backticks in them.

use super::human::{self, Detail};
use super::{Style, picture};
use crate::report::{NextStep, Report, Story};
use crate::sanitize::{clean, shell_word};
use crate::verdict::Code;
use std::fmt::Write as _;

/// Width of the picture and of the full report; tickets wrap prose themselves.
const WIDTH: usize = 80;

/// The report as Markdown; with all details, the full text in a fold.
pub fn markdown(report: &Report, story: &Story, detail: Detail) -> String {
    let mut text = String::new();
    let code = report.verdict.code.as_str();
    let line = human::verdict(report, story);
    let rest = line.strip_prefix(code).unwrap_or(&line);
    let _ = writeln!(text, "**`{code}`**{}", escape(rest));
    if detail == Detail::Line {
        return text;
    }
    let style = Style { unicode: true, width: WIDTH, color: Some(false) };
    let asked = span(&format!("whyconn {}", shell_word(&report.target.input)));
    let _ = write!(text, "\nAsked by {asked}");
    if let Some(asked) = report.evidence.as_ref().and_then(|evidence| evidence.asked.as_ref()) {
        let on = asked.on.as_ref().map(|on| format!(" on {}", span(&clean(on)))).unwrap_or_default();
        let (at, version) = (clean(&asked.when), clean(&asked.version));
        let _ = write!(text, "{on} at {} (version {})", escape(&at), escape(&version));
    }
    let _ = writeln!(text, ", answered after {}.", report.elapsed_ms);
    if let Some(conversation) = &story.conversation {
        let drawn = picture::draw(conversation, &style);
        let _ = writeln!(text, "\n{}", fence("text", &drawn.lines.join("\n"), ""));
        if !drawn.named {
            let names =
                conversation.parties.iter().map(|party| format!("{} {}", party.role, span(&party.name)));
            let _ = writeln!(text, "\nBetween {}.", names.collect::<Vec<_>>().join(", "));
        }
    }
    let path = human::hops(report, detail);
    if !path.is_empty() {
        let _ = writeln!(text, "\n**Path:** {}", escape(&path.join(", ")));
    }
    list(&mut text, "Evidence", &story.because);
    let remarks: Vec<String> = report.remarks.iter().map(|remark| remark.text.clone()).collect();
    list(&mut text, "Besides", &remarks);
    list(&mut text, "Or else", &human::or_else(report, detail));
    steps(&mut text, "To tell", human::apart(report));
    steps(&mut text, "Next", &report.verdict.next);
    if report.verdict.code != Code::ConnectedOk {
        let _ = writeln!(text, "\nMore: {}", span(&format!("whyconn explain {code}")));
    }
    if detail == Detail::All {
        let all = human::human(report, story, Detail::All, &style);
        let _ = writeln!(
            text,
            "\n<details><summary>All evidence</summary>\n\n{}\n\n</details>",
            fence("text", all.trim_end(), "")
        );
    }
    text
}

fn steps<'a>(text: &mut String, heading: &str, steps: impl IntoIterator<Item = &'a NextStep>) {
    for (count, step) in steps.into_iter().enumerate() {
        if count == 0 {
            let _ = writeln!(text, "\n**{heading}**");
        }
        let _ = writeln!(text, "\n{}. {}", count + 1, escape(&human::instruction(step)));
        if let Some(command) = &step.command {
            let _ = writeln!(text, "\n{}", fence("sh", command, "   "));
        }
    }
}

fn list(text: &mut String, heading: &str, items: &[String]) {
    if items.is_empty() {
        return;
    }
    let _ = writeln!(text, "\n**{heading}**\n");
    for item in items {
        let _ = writeln!(text, "- {}", escape(item));
    }
}

/// The longest run of backticks.
fn backticks(text: &str) -> usize {
    text.split(|c| c != '`').map(str::len).max().unwrap_or(0)
}

/// A fenced block, each line behind `indent`.
pub(super) fn fence(language: &str, text: &str, indent: &str) -> String {
    let marks = "`".repeat(backticks(text).max(2) + 1);
    let lines = text.lines().map(|line| format!("{indent}{line}").trim_end().to_owned());
    let block: Vec<String> = lines.collect();
    format!("{indent}{marks}{language}\n{}\n{indent}{marks}", block.join("\n"))
}

/// A code span (CommonMark 6.1): more backticks around than inside, and blanks where the text touches them.
pub(super) fn span(text: &str) -> String {
    let marks = "`".repeat(backticks(text) + 1);
    let blank = if text.starts_with('`') || text.ends_with('`') { " " } else { "" };
    format!("{marks}{blank}{text}{blank}{marks}")
}

/// Prose in which nothing is markup. A word that forges would turn into a mention or a link becomes a code
/// span; what stands between backticks stays one.
pub(super) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len() + 16);
    // Spans that touch, or are empty, would be read as others.
    let closed = text.split('`').count() % 2 == 1 && !text.contains("``");
    for (count, part) in text.split('`').enumerate() {
        if count % 2 == 1 && closed {
            escaped.push_str(&span(part));
            continue;
        }
        if count > 0 && !closed {
            escaped.push_str("\\`");
        }
        for word in part.split_inclusive(' ') {
            let bare = word.trim_end_matches([' ', ',', ';', ':', ')']).trim_start_matches('(');
            if bare.contains('@') || bare.contains("://") {
                let (before, after) = word.split_once(bare).unwrap_or(("", word));
                let _ = write!(escaped, "{before}{}{after}", span(bare));
            } else {
                word.chars().for_each(|c| push_plain(&mut escaped, c));
            }
        }
    }
    escaped
}

/// CommonMark 2.4: a backslash before ASCII punctuation makes it plain.
fn push_plain(text: &mut String, c: char) {
    if matches!(c, '\\' | '*' | '_' | '[' | ']' | '<' | '>' | '#' | '|' | '~' | '&' | '!' | '$') {
        text.push('\\');
    }
    text.push(c);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outside_text_is_no_markup() {
        assert_eq!(escape("a <b> [c](d) *e* f_g"), r"a \<b\> \[c\](d) \*e\* f\_g");
        assert_eq!(escape("see unix:@name, please"), "see `unix:@name`, please");
        assert_eq!(escape("run `ss -ltnp` now"), "run `ss -ltnp` now");
        assert_eq!(escape("a``b`c[^1]`"), r"a\`\`b\`c\[^1\]\`");
        assert_eq!(escape("one ` alone"), r"one \` alone");
        assert_eq!(escape("(http://x.test)"), "(`http://x.test`)");
    }

    #[test]
    fn code_stays_inside_its_marks() {
        assert_eq!(span("a`b"), "``a`b``");
        assert_eq!(span("`"), "`` ` ``");
        assert_eq!(fence("sh", "echo ```", "  "), "  ````sh\n  echo ```\n  ````");
    }
}
