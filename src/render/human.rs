//! The report for people: the verdict in the first line, then the picture, the evidence, and what to do.

use super::{Style, picture, waiting};
use crate::report::{Alternative, NextStep, PathHop, Report, Story};
use crate::verdict::{Code, Side};
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

/// States of a target that was waited for, beyond which not all are shown.
const MOST_SPELLS: usize = 12;

/// The report as text.
pub fn human(report: &Report, story: &Story, detail: Detail, style: &Style) -> String {
    style.apply();
    let mut page = Page { text: String::new(), style };
    page.verdict_line(report, story, detail);
    if detail == Detail::Line {
        return page.text;
    }
    page.picture(story);
    page.path(report, detail);
    page.section("evidence", &story.because);
    // A fact beside the verdict may change what its steps mean.
    let remarks: Vec<String> = report.remarks.iter().map(|remark| remark.text.clone()).collect();
    page.section("besides", &remarks);
    page.section("or else", &or_else(report, detail));
    page.next_steps(report, detail);
    page.history(report);
    if report.verdict.code != Code::ConnectedOk {
        let left_out = report.verdict.next.len() > STEPS_SHOWN && detail != Detail::All;
        let steps = if left_out { "; `-v` has all steps" } else { "" };
        page.item("more", &format!("`whyconn explain {}`{steps}", report.verdict.code));
    }
    if detail == Detail::All {
        page.all_evidence(report);
    }
    page.text
}

/// What, who and how sure, in one line.
pub(super) fn verdict(report: &Report, story: &Story) -> String {
    let verdict = &report.verdict;
    let by = story.culprit.as_ref().map(|culprit| format!(", {culprit}")).unwrap_or_default();
    format!("{} ({}{by}): {}", verdict.code, verdict.certainty.as_str(), verdict.summary)
}

/// What looks the same. Below `certain` one look-alike is worth more than none; the whole list is for those
/// who ask.
pub(super) fn or_else(report: &Report, detail: Detail) -> Vec<String> {
    let most = if detail == Detail::All { usize::MAX } else { 2 };
    let told = |alternative: &Alternative| format!("{} ({})", alternative.why, alternative.code);
    report.verdict.alternatives.iter().take(most).map(told).collect()
}

/// What tells the look-alikes apart, unless it is what to do next anyhow.
pub(super) fn apart(report: &Report) -> Option<&NextStep> {
    let verdict = &report.verdict;
    let step = verdict.tell_apart.as_ref()?;
    (!verdict.next.iter().any(|next| next.command.is_some() && next.command == step.command)).then_some(step)
}

/// On which machine, as whom, and what.
pub(super) fn instruction(step: &NextStep) -> String {
    let place = match step.on {
        Side::Client => "here",
        Side::Target => "on the target",
        Side::Resolver => "at the name server",
        Side::Router => "on the router",
    };
    // Which router it is stands in the step.
    if step.on == Side::Router && ["on ", "as root, on "].iter().any(|named| step.what.starts_with(named)) {
        return step.what.clone();
    }
    let more = step.what.starts_with("as root");
    format!("{place}{} {}", if more { "," } else { ":" }, step.what)
}

/// How many steps are shown unless all is asked for.
const STEPS_SHOWN: usize = 2;

/// The hops that are shown: a long way without its middle, unless all is asked for.
pub(super) fn hops(report: &Report, detail: Detail) -> Vec<String> {
    let all = report.path.as_ref().map(|path| path.hops.as_slice()).unwrap_or_default();
    let told = |hop: &PathHop| match (hop.address, hop.rtt_ms) {
        (Some(address), Some(rtt)) => format!("{} {address} ({rtt})", hop.ttl),
        (Some(address), None) => format!("{} {address}", hop.ttl),
        (None, _) => format!("{} no answer", hop.ttl),
    };
    let last = all.len().saturating_sub(ENDS_SHOWN);
    // One that is left out would take as much room as the words for it.
    if detail == Detail::All || last <= ENDS_SHOWN + 1 {
        return all.iter().map(told).collect();
    }
    let mut shown: Vec<String> = all.iter().take(ENDS_SHOWN).map(told).collect();
    shown.push(format!("... {} more ...", last - ENDS_SHOWN));
    shown.extend(all.iter().skip(last).map(told));
    shown
}

/// How many hops are shown at either end of a long way.
const ENDS_SHOWN: usize = 3;

pub(super) struct Page<'a> {
    pub(super) text: String,
    pub(super) style: &'a Style,
}

impl Page<'_> {
    fn verdict_line(&mut self, report: &Report, story: &Story, detail: Detail) {
        let code = report.verdict.code.as_str();
        let line = verdict(report, story);
        // One line is one line for a script; people read it within their terminal's width.
        let wrapped =
            if detail == Detail::Line { line } else { textwrap::fill(&line, options(self.style, "", "  ")) };
        let rest = wrapped.strip_prefix(code).unwrap_or(&wrapped);
        let _ = writeln!(self.text, "{}{rest}", self.style.code(report.verdict.class, code));
    }

    fn picture(&mut self, story: &Story) {
        self.text.push('\n');
        let Some(conversation) = &story.conversation else { return };
        let picture = picture::draw(conversation, self.style);
        let _ = writeln!(self.text, "{}\n", picture.lines.join("\n"));
        // Addresses that don't fit above their columns.
        let names = conversation.parties.iter().map(|party| format!("{} {}", party.role, party.name));
        if !picture.named {
            self.section("between", &[names.collect::<Vec<_>>().join(", ")]);
        }
    }

    /// The hops, and where it breaks off.
    fn path(&mut self, report: &Report, detail: Detail) {
        let hops = hops(report, detail);
        if detail == Detail::All {
            self.section("path", &hops);
        } else if !hops.is_empty() {
            // A hop is not torn apart where the line ends.
            let whole: Vec<String> = hops.iter().map(|hop| hop.replace(' ', "\u{a0}")).collect();
            self.item("path", &whole.join(", "));
        }
    }

    /// The states while it was waited for, one a line; of very many, the first and the last ones.
    fn history(&mut self, report: &Report) {
        let spells = report.history.as_deref().unwrap_or_default();
        let mut lines: Vec<String> = spells.iter().map(waiting::spell_line).collect();
        if let Some(more) = lines.len().checked_sub(MOST_SPELLS).filter(|more| *more > 0) {
            lines.splice(1..=more, [format!("({more} more)")]);
        }
        self.section("waited", &lines);
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
        let beside = filled.get(TEXT_AT..).unwrap_or_default().replace('\u{a0}', " ");
        let padding = " ".repeat(TEXT_AT.saturating_sub(heading.len()));
        let _ = writeln!(self.text, "{}{padding}{beside}", self.style.heading(heading));
    }

    fn next_steps(&mut self, report: &Report, detail: Detail) {
        if let Some(step) = apart(report) {
            self.step("to tell", step);
        }
        let steps = &report.verdict.next;
        for (count, step) in
            steps.iter().take(if detail == Detail::All { usize::MAX } else { STEPS_SHOWN }).enumerate()
        {
            self.step(if count == 0 { "next" } else { "" }, step);
        }
    }

    fn step(&mut self, heading: &str, step: &NextStep) {
        self.item(heading, &instruction(step));
        if let Some(command) = &step.command {
            // A command is never wrapped: it is there to be pasted.
            let _ = writeln!(self.text, "{}{}", " ".repeat(TEXT_AT + 2), self.style.command(command));
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
