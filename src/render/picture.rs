//! The conversation as a picture: one column for each party, one line for each packet.

use super::Style;
use crate::report::{Arrow, Conversation, Fate, Party};
use textwrap::core::display_width;

/// Columns before the first party's line.
const INDENT: usize = 3;

struct Glyphs {
    line: char,
    dash: char,
    cross: char,
    right: char,
    left: char,
    stop: char,
}

const UNICODE: Glyphs =
    Glyphs { line: '│', dash: '─', cross: '┼', right: '▶', left: '◀', stop: '✗' };
const ASCII: Glyphs = Glyphs { line: '|', dash: '-', cross: '+', right: '>', left: '<', stop: 'x' };

pub(super) struct Picture {
    pub(super) lines: Vec<String>,
    /// Whether everybody's address stands above their line.
    pub(super) named: bool,
}

/// The picture's lines.
pub(super) fn draw(conversation: &Conversation, style: &Style) -> Picture {
    let glyphs = if style.unicode { &UNICODE } else { &ASCII };
    let room = style.width.clamp(40, 76).saturating_sub(INDENT + 12);
    let gaps = conversation.parties.len().saturating_sub(1).max(1);
    let gap = room / gaps;
    let heads = |text: fn(&Party) -> &str| {
        let all: Vec<&str> = conversation.parties.iter().map(text).collect();
        heads(&all, gap, style.width)
    };
    let mut lines: Vec<String> = heads(|party| &party.role).into_iter().collect();
    let names = heads(|party| &party.name);
    let named = names.is_some();
    lines.extend(names);
    lines.extend(conversation.arrows.iter().map(|arrow| draw_arrow(arrow, gaps, gap, glyphs)));
    Picture { lines, named }
}

/// Words above the lines that they belong to; `None` where they don't fit beside each other.
fn heads(words: &[&str], gap: usize, width: usize) -> Option<String> {
    let mut text = String::new();
    for (place, word) in words.iter().enumerate() {
        let centre = INDENT + place * gap;
        let latest = width.saturating_sub(display_width(word));
        let start = centre.saturating_sub(display_width(word) / 2).min(latest).max(1);
        let end = display_width(&text);
        if place > 0 && start < end + 2 {
            return None;
        }
        text.push_str(&" ".repeat(start - end));
        text.push_str(word);
    }
    (display_width(&text) <= width).then_some(text)
}

fn draw_arrow(arrow: &Arrow, gaps: usize, gap: usize, glyphs: &Glyphs) -> String {
    let mut text = " ".repeat(INDENT);
    let (low, high) = (arrow.from.min(arrow.to), arrow.from.max(arrow.to));
    let drawn = !matches!(arrow.fate, Fate::Stuck | Fate::Absent);
    for place in 0..gaps {
        let crossed = drawn && place > low && place < high;
        text.push(if crossed { glyphs.cross } else { glyphs.line });
        let inside = gap.saturating_sub(1);
        let part = if place < low || place >= high {
            " ".repeat(inside)
        } else if arrow.from < arrow.to {
            rightwards(arrow, place == low, place + 1 == high, inside, glyphs)
        } else {
            leftwards(arrow, place == low, place + 1 == high, inside, glyphs)
        };
        text.push_str(&part);
    }
    text.push(glyphs.line);
    format!("{text}  {}", arrow.at).trim_end().to_owned()
}

fn rightwards(arrow: &Arrow, first: bool, last: bool, inside: usize, glyphs: &Glyphs) -> String {
    if arrow.fate == Fate::Stuck {
        return if first {
            pad(format!(" {} {}{}", arrow.label, glyphs.dash, glyphs.stop), inside)
        } else {
            " ".repeat(inside)
        };
    }
    let head = if first { format!(" {} ", arrow.label) } else { String::new() };
    let tail = match (last, arrow.fate) {
        (true, Fate::Unknown) => " ?  ".to_owned(),
        (true, _) => format!("{} ", glyphs.right),
        (false, _) => String::new(),
    };
    stretch(&head, &tail, inside, glyphs.dash)
}

fn leftwards(arrow: &Arrow, first: bool, last: bool, inside: usize, glyphs: &Glyphs) -> String {
    if arrow.fate == Fate::Absent {
        let text = if last { format!(" {}", arrow.label) } else { String::new() };
        return pad(text, inside);
    }
    let point = if arrow.fate == Fate::Dropped { glyphs.stop } else { glyphs.left };
    let head = if first { format!(" {point}") } else { String::new() };
    let tail = if last { format!(" {} ", arrow.label) } else { String::new() };
    stretch(&head, &tail, inside, glyphs.dash)
}

fn stretch(head: &str, tail: &str, inside: usize, dash: char) -> String {
    let dashes = inside.saturating_sub(display_width(head) + display_width(tail)).max(1);
    format!("{head}{}{tail}", dash.to_string().repeat(dashes))
}

fn pad(text: String, inside: usize) -> String {
    let spaces = inside.saturating_sub(display_width(&text));
    text + &" ".repeat(spaces)
}
