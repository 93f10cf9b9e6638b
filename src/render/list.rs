//! Many reports: a line each as they come, and at the end what they add up to.

use super::human::{Detail, human};
use super::json::json_into;
use super::markdown::{escape, fence, span};
use super::style::Style;
use crate::report::{Report, Story, Tally, Whom};
use crate::sanitize::clean_to;
use crate::verdict::{Class, Code};
use std::fmt::Write as _;

/// How a list is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ListForm {
    /// For people: a line each, whole reports where all evidence is asked for, and a summary.
    Human {
        /// How much to say.
        detail: Detail,
        /// How to write it.
        style: Style,
    },
    /// JSON Lines.
    Json,
    /// A table to paste into a ticket, and the summary.
    Markdown,
}

impl ListForm {
    /// Whether a line of it needs no more than what is in a brief report. `lean`: there is no more to tell.
    pub fn is_brief(&self, lean: bool, with_evidence: bool) -> bool {
        match self {
            ListForm::Json => lean && !with_evidence,
            ListForm::Markdown => true,
            ListForm::Human { detail, .. } => *detail != Detail::All,
        }
    }
}

/// What stands before the first line.
pub fn head(form: &ListForm) -> String {
    match form {
        ListForm::Markdown => "| target | verdict | how sure | what |\n|---|---|---|---|\n".to_owned(),
        ListForm::Json | ListForm::Human { .. } => String::new(),
    }
}

/// A row of the table. A bar would end its cell, even inside of a code span.
fn row(report: &Report) -> String {
    let verdict = &report.verdict;
    let (code, sure) = (verdict.code.as_str(), verdict.certainty.as_str());
    let input = span(&clean_to(&report.target.input, 256)).replace('|', "\\|");
    format!("| {input} | `{code}` | {sure} | {} |\n", escape(&verdict.summary))
}

/// Groups beyond this many are added up in one line.
const MOST_GROUPS: usize = 20;

/// One report, behind what is in the buffer.
///
/// # Errors
/// Those of [`json_into`].
pub fn line(
    form: &ListForm,
    report: &Report,
    story: Option<&Story>,
    bytes: &mut Vec<u8>,
) -> Result<(), serde_json::Error> {
    match (form, story) {
        (ListForm::Json, _) => return json_into(report, bytes),
        (ListForm::Markdown, _) => bytes.extend_from_slice(row(report).as_bytes()),
        (ListForm::Human { detail: Detail::All, style }, Some(story)) => {
            let page = human(report, story, Detail::All, style);
            let input = clean_to(&report.target.input, 256);
            bytes.extend_from_slice(format!("{}\n{page}\n", style.heading(&input)).as_bytes());
        }
        (ListForm::Human { style, .. }, _) => {
            style.apply();
            bytes.extend_from_slice(short(report, style).as_bytes());
        }
    }
    Ok(())
}

/// `db.example:5432: refused.rst (likely): ...`; of a success no more than how long it took.
fn short(report: &Report, style: &Style) -> String {
    let verdict = &report.verdict;
    let input = clean_to(&report.target.input, 256);
    let code = style.code(verdict.class, verdict.code.as_str());
    if verdict.code == Code::ConnectedOk {
        let took = report.attempts.iter().find(|attempt| attempt.code == Some(Code::ConnectedOk));
        let took = took.and_then(|attempt| attempt.elapsed_ms).unwrap_or(report.elapsed_ms);
        return format!("{input}: {code}, {took}\n");
    }
    format!("{input}: {code} ({}): {}\n", verdict.certainty.as_str(), verdict.summary)
}

/// What stands behind the last line. `stopped` is how many targets were still in flight when Ctrl-C came.
pub fn foot(form: &ListForm, tally: &Tally, stopped: Option<u64>) -> String {
    match form {
        ListForm::Json | ListForm::Human { detail: Detail::Line, .. } => String::new(),
        ListForm::Human { style, .. } => summary(tally, stopped, style),
        ListForm::Markdown => {
            let style = Style { unicode: true, width: 80, color: Some(false) };
            let text = summary(tally, stopped, &style);
            let (first, groups) = text.trim_start().split_once('\n').unwrap_or((&text, ""));
            let groups =
                if groups.is_empty() { String::new() } else { format!("\n{}\n", fence("text", groups, "")) };
            format!("\n{}\n{groups}", escape(first))
        }
    }
}

fn summary(tally: &Tally, stopped: Option<u64>, style: &Style) -> String {
    style.apply();
    let (total, connected) = (tally.total(), tally.connected());
    let mut text = format!("\n{connected} of {total} connect");
    let groups = tally.groups();
    let failures = groups.iter().filter(|(code, ..)| code.class() != Class::Connected);
    let failures: Vec<_> = failures.collect();
    // The greatest part of the failures in words.
    if let Some((code, whom, count)) = failures.first() {
        let _ = write!(text, "; {count} {}", fate(*code, *whom, *count));
        let rest = total.saturating_sub(connected).saturating_sub(*count);
        if rest > 0 {
            let ways = if rest == 1 { "fails in another way" } else { "fail in other ways" };
            let _ = write!(text, ", {rest} {ways}");
        }
    }
    if let Some(stopped) = stopped {
        let _ = write!(text, "; interrupted, {stopped} still waited");
    }
    text.push('\n');
    if groups.len() > 1 {
        let wide = groups.first().map_or(1, |(_, _, count)| count.to_string().len());
        let longest =
            groups.iter().take(MOST_GROUPS).map(|(code, ..)| code.as_str().len()).max().unwrap_or(0);
        for (code, whom, count) in groups.iter().take(MOST_GROUPS) {
            let name = code.as_str();
            let padding = " ".repeat(longest - name.len());
            let coloured = style.code(code.class(), name);
            let _ = writeln!(text, "{count:>wide$}  {coloured}{padding}  {}", who(*whom));
        }
        let rest: u64 = groups.iter().skip(MOST_GROUPS).map(|(_, _, count)| count).sum();
        if rest > 0 {
            let _ = writeln!(text, "{rest:>wide$}  of {} other kinds", groups.len() - MOST_GROUPS);
        }
    }
    text
}

/// What became of them, as the end of a sentence.
fn fate(code: Code, whom: Whom, count: u64) -> String {
    let one = count == 1;
    let verb = |many: &str, single: &str| if one { single.to_owned() } else { many.to_owned() };
    match whom {
        Whom::After(Some(address)) => format!("{} after {address}", verb("die", "dies")),
        Whom::Router(Some(address)) => format!("{} rejected by {address}", verb("are", "is")),
        Whom::Gateway(address) => {
            format!("{} for the gateway {address}, which does not answer", verb("wait", "waits"))
        }
        _ => format!("{} with {code}", verb("fail", "fails")),
    }
}

fn who(whom: Whom) -> String {
    match whom {
        Whom::Client => "this host".to_owned(),
        Whom::Resolver(None) => "the name service".to_owned(),
        Whom::Resolver(Some(address)) => format!("the name server {address}"),
        Whom::Gateway(address) => format!("the gateway {address}"),
        Whom::Neighbours => "the targets, neighbours that do not answer".to_owned(),
        Whom::Router(None) => "a router".to_owned(),
        Whom::Router(Some(address)) => format!("the router {address}"),
        Whom::After(None) => "somewhere on the way".to_owned(),
        Whom::After(Some(address)) => format!("somewhere after {address}"),
        Whom::Target => "the targets".to_owned(),
        Whom::Service => "the services".to_owned(),
        Whom::Others => "several".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnose::{Culprit, Hop};

    const STYLE: Style = Style { unicode: true, width: 80, color: Some(false) };

    fn after(address: &str) -> Culprit {
        Culprit::Path { after: Some(Hop { hop: 2, address: address.parse().ok() }) }
    }

    #[test]
    fn one_kind_of_failure_is_told_in_one_line() {
        let mut tally = Tally::default();
        (0..37).for_each(|_| tally.count(Code::ConnectedOk, None));
        (0..3).for_each(|_| tally.count(Code::TimeoutSilent, Some(&after("203.0.113.2"))));
        assert_eq!(summary(&tally, None, &STYLE), "\n37 of 40 connect; 3 die after 203.0.113.2\n");
        assert_eq!(
            summary(&tally, Some(5), &STYLE),
            "\n37 of 40 connect; 3 die after 203.0.113.2; interrupted, 5 still waited\n"
        );
    }

    #[test]
    fn several_kinds_are_counted_by_verdict_and_culprit() {
        let mut tally = Tally::default();
        tally.count(Code::ConnectedOk, None);
        (0..12).for_each(|_| tally.count(Code::TimeoutSilent, Some(&after("203.0.113.2"))));
        tally.count(Code::RefusedRst, Some(&Culprit::Target));
        tally.count(Code::ConnectedPartial, Some(&Culprit::Client));
        let expected = "\n2 of 15 connect; 12 die after 203.0.113.2, 1 fails in another way\n\
                        12  timeout.silent     somewhere after 203.0.113.2\n \
                        1  connected.partial  this host\n \
                        1  refused.rst        the targets\n";
        assert_eq!(summary(&tally, None, &STYLE), expected);
    }

    #[test]
    fn an_empty_list_has_a_summary_too_and_scripts_get_none() {
        let human = |detail| ListForm::Human { detail, style: STYLE };
        assert_eq!(foot(&human(Detail::Usual), &Tally::default(), None), "\n0 of 0 connect\n");
        assert_eq!(foot(&human(Detail::Line), &Tally::default(), None), "");
        assert_eq!(foot(&ListForm::Json, &Tally::default(), None), "");
    }
}
