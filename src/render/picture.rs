//! The conversation as a picture: one column for each party, one line for each packet.

use super::Style;
use crate::report::{Arrow, Conversation, Fate, Party};
use textwrap::core::display_width;

/// Columns before the first party's line.
const INDENT: usize = 3;

struct Glyphs {
    line: char,
    dash: char,
    right: char,
    left: char,
    stop: char,
}

const UNICODE: Glyphs = Glyphs { line: '│', dash: '─', right: '▶', left: '◀', stop: '✗' };
const ASCII: Glyphs = Glyphs { line: '|', dash: '-', right: '>', left: '<', stop: 'x' };

/// The picture's lines.
pub(super) fn draw(conversation: &Conversation, style: &Style) -> Vec<String> {
    let glyphs = if style.unicode { &UNICODE } else { &ASCII };
    let room = style.width.clamp(40, 76).saturating_sub(INDENT + 12);
    let gaps = conversation.parties.len().saturating_sub(1).max(1);
    let gap = room / gaps;
    let mut lines = vec![heads(&conversation.parties, gap)];
    lines.extend(conversation.arrows.iter().map(|arrow| draw_arrow(arrow, gaps, gap, glyphs)));
    lines
}

/// The roles above their lines.
fn heads(parties: &[Party], gap: usize) -> String {
    let mut text = String::new();
    for (place, party) in parties.iter().enumerate() {
        let centre = INDENT + place * gap;
        let start = centre.saturating_sub(party.role.len() / 2).max(1);
        while text.len() < start {
            text.push(' ');
        }
        text.push_str(party.role);
    }
    text
}

fn draw_arrow(arrow: &Arrow, gaps: usize, gap: usize, glyphs: &Glyphs) -> String {
    let mut text = " ".repeat(INDENT);
    let (low, high) = (arrow.from.min(arrow.to), arrow.from.max(arrow.to));
    for place in 0..gaps {
        text.push(glyphs.line);
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
    format!("{text}  {}", arrow.at)
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
        (true, Fate::Unknown) => " ? ".to_owned(),
        (true, _) => format!("{} ", glyphs.right),
        (false, _) => String::new(),
    };
    stretch(&head, &tail, inside, glyphs.dash)
}

fn leftwards(arrow: &Arrow, first: bool, last: bool, inside: usize, glyphs: &Glyphs) -> String {
    let head = if first { format!(" {}", glyphs.left) } else { String::new() };
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
