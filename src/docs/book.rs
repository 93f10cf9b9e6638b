//! All pages as one Markdown document, for a wiki.

use super::explanation;
use crate::exit::Exit;
use crate::verdict::{CATALOG, Class, Entry};
use std::fmt::Write as _;

/// What stands above the table of contents.
const PREFACE: &str = "\
`whyconn HOST:PORT` names one verdict: what failed, who did it, how certain that is, and what to
do. This book has a page about each of them: the symptom in other programs, the meaning, how
whyconn told it from what looks alike, what else it could be, what to do, and a runbook.

`certain` means that the evidence excludes every other verdict, `likely` that another one fits as
well, `possible` that it is one explanation among several. NAME, ADDR, PORT, DEV, PID, UNIT and
other words in capitals stand for those of the case at hand; whatever needs root says so.
";

/// The heading above the table.
const TABLE: &str = "Table of verdicts";

/// The whole book, or the chapter of one class: contents, table, and every page below its class.
pub fn book(class: Option<Class>) -> String {
    let wanted = |one: &Class| class.is_none_or(|class| class == *one);
    let classes = || Class::ALL.into_iter().filter(wanted);
    let mut book = format!("# The verdicts of whyconn\n\n{PREFACE}\n## Contents\n\n");
    let _ = writeln!(book, "- [{TABLE}](#{})", anchor(TABLE));
    for class in classes() {
        let _ = writeln!(book, "- [{class}](#{}): {}", anchor(class.as_str()), class.meaning());
        for entry in entries(class) {
            let _ = writeln!(book, "  - {}", link(entry));
        }
    }
    let _ = writeln!(book, "\n## {TABLE}\n\n| verdict | holds when | exit code |\n|---|---|---|");
    for entry in classes().flat_map(entries) {
        let exit = Exit::Verdict(entry.class).number();
        let _ = writeln!(book, "| {} | {} | {exit} |", link(entry), entry.holds_when);
    }
    let linked: Vec<&Entry> = classes().flat_map(entries).collect();
    for class in classes() {
        let exit = Exit::Verdict(class).number();
        let _ = writeln!(book, "\n## {class}\n\nIn short: {}. Exit code {exit}.", class.meaning());
        for entry in entries(class) {
            book.push('\n');
            book.push_str(&page(entry, &linked));
        }
    }
    book
}

fn entries(class: Class) -> impl Iterator<Item = &'static Entry> {
    CATALOG.iter().filter(move |entry| entry.class == class)
}

fn link(entry: &Entry) -> String {
    format!("[`{0}`](#{1})", entry.id, anchor(entry.id))
}

/// A page two headings deeper, its mentions of other codes linked to their pages.
fn page(entry: &Entry, linked: &[&Entry]) -> String {
    let mut page = String::new();
    let mut in_block = false;
    for line in explanation(entry.code).lines() {
        let fence = line.trim_start().starts_with("```");
        in_block ^= fence;
        if in_block || fence {
            page.push_str(line);
        } else if line.starts_with('#') {
            let _ = write!(page, "##{line}");
        } else {
            page.push_str(&with_links(line, entry, linked));
        }
        page.push('\n');
    }
    page
}

fn with_links(line: &str, on: &Entry, linked: &[&Entry]) -> String {
    linked.iter().filter(|other| other.code != on.code).fold(line.to_owned(), |line, other| {
        let code = format!("`{}`", other.id);
        if line.contains(&code) { line.replace(&code, &link(other)) } else { line }
    })
}

/// The anchor that GitHub gives a heading: lower case, without what is no letter, digit, hyphen, underscore or
/// blank, and with hyphens for blanks.
pub(super) fn anchor(heading: &str) -> String {
    heading
        .to_lowercase()
        .chars()
        .filter(|one| one.is_alphanumeric() || matches!(one, '-' | '_' | ' '))
        .map(|one| if one == ' ' { '-' } else { one })
        .collect()
}
