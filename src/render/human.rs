//! The report for people: the verdict in the first line, then the picture, the evidence, and what to do.

use super::{Style, picture};
use crate::model::{Attempt, Fact, RouteAnswer};
use crate::report::{Report, Story};
use crate::sanitize::clean;
use crate::verdict::{Class, Side};
use std::fmt::{Debug, Write as _};

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
const TEXT_AT: usize = 10;

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

struct Page<'a> {
    text: String,
    style: &'a Style,
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

    fn all_evidence(&mut self, report: &Report) {
        let evidence = &report.evidence;
        let _ = writeln!(self.text, "\n{}", self.style.heading("all evidence"));
        let resolution = &report.resolution;
        for resolved in &resolution.addresses {
            self.fact("address", &format!("{} (from {})", resolved.address, resolved.from));
        }
        if let Some(elapsed) = resolution.elapsed_ms {
            self.fact("lookup", &format!("{elapsed}"));
        }
        for (attempt, folded) in evidence.attempts.iter().zip(&report.attempts) {
            let code = folded.code.map_or("not needed", |code| code.as_str());
            let _ = writeln!(self.text, "  {}: {code}", attempt.address);
            self.attempt(attempt);
        }
        self.seen("own addresses", &evidence.host.addresses);
        self.seen("devices", &evidence.host.links);
        self.seen("unprivileged ports from", &evidence.host.unprivileged_port_start);
        self.fact("took", &report.elapsed_ms.to_string());
    }

    fn attempt(&mut self, attempt: &Attempt) {
        if let Some(source) = attempt.source {
            self.fact("source", &source.to_string());
        }
        if let Some(failed) = attempt.failed {
            self.fact("failed call", &format!("{:?}: {}", failed.call, failed.errno));
        }
        for error in &attempt.so_errors {
            self.fact("SO_ERROR", &format!("{} at {}", error.errno, error.at_ms));
        }
        match &attempt.queue {
            Fact::Seen(entries) if entries.is_empty() => self.fact("error queue", "empty"),
            Fact::Seen(entries) => {
                for entry in entries {
                    let sender = entry.sender.map_or("nobody".to_owned(), |sender| sender.to_string());
                    let ttl =
                        entry.hop_limit.map_or(String::new(), |ttl| format!(", arrived with TTL {ttl}"));
                    self.fact(
                        "error queue",
                        &format!(
                            "{:?} {}/{} from {sender} ({}) at {}{ttl}",
                            entry.origin, entry.kind, entry.code, entry.errno, entry.at_ms
                        ),
                    );
                }
            }
            other => self.seen("error queue", other),
        }
        if let Fact::Seen(tcp) = &attempt.tcp {
            let number = |value: Option<u32>| value.map_or("?".to_owned(), |value| value.to_string());
            self.fact(
                "TCP_INFO",
                &format!(
                    "{:?}, segments out {} in {}, timer ran out {}, retransmitted {} (in flight {})",
                    tcp.state,
                    number(tcp.segments_out),
                    number(tcp.segments_in),
                    tcp.timeouts,
                    number(tcp.retransmits),
                    number(tcp.in_flight_retransmits)
                ),
            );
            if let Some(rtt) = tcp.rtt_ms {
                self.fact("round trip", &rtt.to_string());
            }
        } else {
            self.seen("TCP_INFO", &attempt.tcp);
        }
        self.seen("held bytes", &attempt.unsent_bytes);
        self.route("route", &attempt.route);
        if attempt.route_at_end != attempt.route {
            self.route("route at the end", &attempt.route_at_end);
        }
        match &attempt.link {
            Fact::Seen(link) => {
                let carrier = match link.carrier {
                    Some(true) => "carrier",
                    Some(false) => "no carrier",
                    None => "carrier unknown",
                };
                let up = if link.up { "up" } else { "down" };
                self.fact("device", &format!("{} ({up}, {carrier})", clean(&link.name)));
            }
            other => self.seen("device", other),
        }
        match &attempt.neighbour {
            Fact::Seen(samples) => {
                for sample in samples {
                    self.fact(
                        "neighbour",
                        &format!("{} {:?} at {}", sample.address, sample.state, sample.at_ms),
                    );
                }
            }
            other => self.seen("neighbour", other),
        }
        self.seen("refusing routes", &attempt.refusals);
        if let Fact::Seen(sweep) = &attempt.path {
            for probe in &sweep.probes {
                let ttl = probe.ttl.map_or("full TTL".to_owned(), |ttl| format!("TTL {ttl}"));
                let answer = match (&probe.answer, probe.rtt()) {
                    (Some(answer), Some(rtt)) => format!("{answer:?} after {rtt}"),
                    (Some(answer), None) => format!("{answer:?}"),
                    (None, _) => "no answer".to_owned(),
                };
                self.fact("probe", &format!("{:?}, {ttl}, at {}: {answer}", probe.protocol, probe.sent_ms));
            }
        }
        self.seen("trials", &attempt.trials);
        self.seen("counters", &attempt.windows);
        self.seen("after handshake", &attempt.after);
    }

    fn route(&mut self, what: &str, route: &Fact<RouteAnswer>) {
        match route {
            Fact::Seen(RouteAnswer::Refused(errno)) => self.fact(what, &format!("refused: {errno}")),
            Fact::Seen(RouteAnswer::Route(route)) => {
                let via = route.gateway.map_or("on the link".to_owned(), |gateway| format!("via {gateway}"));
                let table = route.table.map_or(String::new(), |table| format!(", table {table}"));
                self.fact(what, &format!("{:?}, {via}{table}", route.kind));
            }
            other => self.seen(what, other),
        }
    }

    /// A fact in its plain form; what nobody asked is not listed.
    fn seen<T: Debug>(&mut self, what: &str, fact: &Fact<T>) {
        match fact {
            Fact::Seen(value) => self.fact(what, &clean_debug(value)),
            Fact::CouldNotLook(why) => self.fact(what, &format!("could not look: {}", clean(why))),
            Fact::NotAsked => {}
        }
    }

    fn fact(&mut self, what: &str, value: &str) {
        let indent = " ".repeat(TEXT_AT);
        let text = format!("{what}: {value}");
        let _ = writeln!(self.text, "{}", textwrap::fill(&text, options(self.style, "    ", &indent)));
    }
}

/// How text is wrapped: at spaces only, for codes and addresses must stay whole.
fn options<'a>(style: &Style, first: &'a str, rest: &'a str) -> textwrap::Options<'a> {
    textwrap::Options::new(style.width)
        .initial_indent(first)
        .subsequent_indent(rest)
        .break_words(false)
        .word_splitter(textwrap::WordSplitter::NoHyphenation)
}

/// `Debug` escapes control characters already; this bounds it.
fn clean_debug(value: &impl Debug) -> String {
    crate::sanitize::clean_to(&format!("{value:?}"), 2000)
}
