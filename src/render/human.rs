//! The report for people: the verdict in the first line, then the picture, the evidence, and what to do.

use super::{Style, picture};
use crate::report::{Report, Story};
use crate::verdict::{Class, Side};
use std::fmt::Write as _;

/// How much to say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Detail {
    /// The verdict line alone.
    Line,
    /// What is needed to act on it.
    Usual,
    /// All evidence.
    All,
}

/// Column at which the text beside a heading begins.
pub(super) const TEXT_AT: usize = 10;

/// The report as text.
pub fn human(report: &Report, story: &Story, detail: Detail, style: &Style) -> String {
    style.apply();
    let mut page = Page { text: String::new(), style };
    page.verdict_line(report, detail);
    if detail == Detail::Line {
        return page.text;
    }
    page.picture(story);
    if let Some(culprit) = &story.culprit {
        page.section("who", std::slice::from_ref(culprit));
    }
    page.path(report);
    page.section("evidence", &story.because);
    let or_else: Vec<String> = report
        .verdict
        .alternatives
        .iter()
        .map(|alternative| format!("{} ({})", alternative.why, alternative.code))
        .collect();
    // Below `certain` one look-alike is worth more than none; the whole list is for those who ask.
    let shown = if detail == Detail::All { or_else.len() } else { or_else.len().min(3) };
    page.section("or else", or_else.get(..shown).unwrap_or_default());
    page.next_steps(report);
    let remarks: Vec<String> = report.remarks.iter().map(|remark| remark.text.clone()).collect();
    page.section("besides", &remarks);
    if report.verdict.class != Class::Connected {
        page.item("more", &format!("`whyconn explain {}`", report.verdict.code));
    }
    if detail == Detail::All {
        page.all_evidence(report);
    }
    page.text
}

pub(super) struct Page<'a> {
    pub(super) text: String,
    pub(super) style: &'a Style,
}

impl Page<'_> {
    fn verdict_line(&mut self, report: &Report, detail: Detail) {
        let verdict = &report.verdict;
        let code = verdict.code.as_str();
        let sure = verdict.certainty.as_str();
        let line = format!("{code} ({sure}): {}", verdict.summary);
        // One line is one line for a script; people read it within their terminal's width.
        let wrapped =
            if detail == Detail::Line { line } else { textwrap::fill(&line, options(self.style, "", "")) };
        let rest = wrapped.strip_prefix(code).unwrap_or(&wrapped);
        let _ = writeln!(self.text, "{}{rest}", self.style.code(verdict.class, code));
    }

    fn picture(&mut self, story: &Story) {
        let Some(conversation) = &story.conversation else {
            self.text.push('\n');
            return;
        };
        let lines = picture::draw(conversation, self.style);
        let _ = writeln!(self.text, "\n{}\n", lines.join("\n"));
        let names: Vec<String> = conversation
            .parties
            .iter()
            .filter_map(|party| Some(format!("{} {}", party.role, party.name.as_deref()?)))
            .collect();
        self.section("between", &[names.join(", ")]);
    }

    /// The hops, one a line, and where it breaks off.
    fn path(&mut self, report: &Report) {
        let Some(path) = &report.path else { return };
        let hops: Vec<String> = path
            .hops
            .iter()
            .map(|hop| match (hop.address, hop.rtt_ms) {
                (Some(address), Some(rtt)) => format!("{:>2}  {address}  {rtt}", hop.ttl),
                (Some(address), None) => format!("{:>2}  {address}", hop.ttl),
                (None, _) => format!("{:>2}  no answer", hop.ttl),
            })
            .collect();
        self.section("path", &hops);
    }

    /// A heading, and a line of text or more beside it.
    fn section(&mut self, heading: &str, items: &[String]) {
        for (count, item) in items.iter().enumerate() {
            let heading = if count == 0 { heading } else { "" };
            self.item(heading, item);
        }
    }

    fn item(&mut self, heading: &str, item: &str) {
        let indent = " ".repeat(TEXT_AT);
        let filled = textwrap::fill(item, options(self.style, &indent, &indent));
        let beside = filled.get(TEXT_AT..).unwrap_or_default();
        let padding = " ".repeat(TEXT_AT.saturating_sub(heading.len()));
        let _ = writeln!(self.text, "{}{padding}{beside}", self.style.heading(heading));
    }

    fn next_steps(&mut self, report: &Report) {
        for (count, step) in report.verdict.next.iter().enumerate() {
            let on = match step.on {
                Side::Client => "here",
                Side::Target => "on the target",
                Side::Resolver => "at the name server",
                Side::Router => "on the router",
            };
            self.item(if count == 0 { "next" } else { "" }, &format!("{on}: {}", step.what));
            if let Some(command) = &step.command {
                // A command is never wrapped: it is there to be pasted.
                let _ = writeln!(self.text, "{}{}", " ".repeat(TEXT_AT + 2), self.style.command(command));
            }
        }
    }
}

/// How text is wrapped: at spaces only, for codes and addresses must stay whole.
pub(super) fn options<'a>(style: &Style, first: &'a str, rest: &'a str) -> textwrap::Options<'a> {
    textwrap::Options::new(style.width)
        .initial_indent(first)
        .subsequent_indent(rest)
        .break_words(false)
        .word_splitter(textwrap::WordSplitter::NoHyphenation)
}
