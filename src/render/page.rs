//! A Markdown page as text for a terminal: no marks, headings and commands in their colours, lines filled.
//!
//! It knows what the pages of `explain` use: headings, paragraphs, lists, code and strong words. Anything else is
//! written as its text.

use super::Style;
use super::human::options;
use pulldown_cmark::{Event, Parser, Tag, TagEnd};

/// The page as text, with a new line at its end.
pub fn page(markdown: &str, style: &Style) -> String {
    style.apply();
    let mut page = Page { text: String::new(), style, words: String::new(), indents: Vec::new(), mark: None };
    let mut lists: Vec<Option<u64>> = Vec::new();
    // What a block of code, a heading or a strong word holds, until it ends.
    let mut held: Option<String> = None;
    for event in Parser::new(markdown) {
        match event {
            Event::Start(Tag::Heading { .. } | Tag::CodeBlock(_)) => {
                page.flush();
                page.gap();
                held = Some(String::new());
            }
            Event::Start(Tag::Strong) => held = Some(String::new()),
            Event::End(TagEnd::Strong) => {
                let strong = held.take().unwrap_or_default();
                page.words.push_str(&style.heading(&strong.replace(' ', KEEP)));
            }
            Event::End(TagEnd::Heading(_)) => {
                page.text.push_str(&style.heading(&held.take().unwrap_or_default()));
                page.text.push('\n');
            }
            Event::End(TagEnd::CodeBlock) => page.block(&held.take().unwrap_or_default()),
            Event::Start(Tag::List(first)) => {
                page.flush();
                if lists.is_empty() {
                    page.gap();
                }
                lists.push(first);
            }
            Event::End(TagEnd::List(_)) => {
                lists.pop();
            }
            Event::Start(Tag::Item) => {
                page.flush();
                let mark = match lists.last_mut() {
                    Some(Some(number)) => {
                        *number += 1;
                        format!("{}. ", *number - 1)
                    }
                    _ => "- ".to_owned(),
                };
                page.indents.push(mark.len());
                page.mark = Some(mark);
            }
            Event::End(TagEnd::Item) => {
                page.flush();
                page.indents.pop();
            }
            Event::Start(Tag::Paragraph) => {
                page.flush();
                if page.mark.is_none() {
                    page.gap();
                }
            }
            Event::End(TagEnd::Paragraph) => page.flush(),
            Event::Code(code) => {
                let code = code.replace(' ', KEEP);
                let shown = style.command(&code);
                match &mut held {
                    Some(held) => held.push_str(&code),
                    // Without colour the marks tell where a command begins and ends.
                    None if shown == code => page.words.push_str(&format!("`{code}`")),
                    None => page.words.push_str(&shown),
                }
            }
            Event::Text(text) => held.as_mut().unwrap_or(&mut page.words).push_str(&text),
            Event::SoftBreak | Event::HardBreak => held.as_mut().unwrap_or(&mut page.words).push(' '),
            _ => {}
        }
    }
    page.flush();
    page.text
}

/// Stands for a blank at which no line is broken: a command is pasted as a whole.
const KEEP: &str = "\u{a0}";

struct Page<'a> {
    text: String,
    style: &'a Style,
    /// The words of a paragraph, before they are filled into lines.
    words: String,
    /// How far each list that is open moves its text to the right.
    indents: Vec<usize>,
    /// The mark of an item whose first line is yet to come.
    mark: Option<String>,
}

impl Page<'_> {
    /// Writes the words that have come together.
    fn flush(&mut self) {
        let words = std::mem::take(&mut self.words);
        if words.trim().is_empty() {
            return;
        }
        let rest = " ".repeat(self.indents.iter().sum());
        let mark = self.mark.take().unwrap_or_default();
        let first = format!("{}{mark}", rest.get(mark.len()..).unwrap_or_default());
        let filled = textwrap::fill(words.trim(), options(self.style, &first, &rest));
        self.text.push_str(&filled.replace(KEEP, " "));
        self.text.push('\n');
    }

    /// An empty line, where one is due.
    fn gap(&mut self) {
        if !self.text.is_empty() && !self.text.ends_with("\n\n") {
            self.text.push('\n');
        }
    }

    /// Lines to paste, as they are.
    fn block(&mut self, lines: &str) {
        let indent = " ".repeat(self.indents.iter().sum::<usize>() + 2);
        for line in lines.lines() {
            self.text.push_str(&indent);
            self.text.push_str(&self.style.command(line));
            self.text.push('\n');
        }
        self.gap();
    }
}

#[cfg(test)]
#[path = "page_tests.rs"]
mod tests;
