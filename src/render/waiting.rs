//! The states of a target that is waited for, in one line: `resolve.nxdomain → refused.rst → connected after 12.4 s`.

use crate::model::Millis;
use crate::report::Spell;
use crate::verdict::Class;

/// The states, oldest first and the oldest left out where the line would be wider than `width` columns, and when
/// the last one began.
pub fn history_line(spells: &[Spell], width: usize, unicode: bool) -> String {
    let (arrow, left_out) = if unicode { (" → ", "… → ") } else { (" -> ", "... -> ") };
    let Some((last, before)) = spells.split_last() else { return String::new() };
    let word = |spell: &Spell| match spell.code.class() {
        // The code that everybody waits for needs no second word.
        Class::Connected => "connected",
        _ => spell.code.as_str(),
    };
    let mut line = format!("{} after {}", word(last), seconds(last.from_ms));
    for (left, spell) in before.iter().enumerate().rev() {
        let wider = format!("{}{arrow}{line}", word(spell));
        let spare = if left == 0 { 0 } else { left_out.chars().count() };
        if wider.chars().count() + spare > width {
            return format!("{left_out}{line}");
        }
        line = wider;
    }
    line
}

/// One state of the report: when it was seen, and how often.
pub(super) fn spell_line(spell: &Spell) -> String {
    let Spell { code, certainty, from_ms, to_ms, tries, .. } = spell;
    let from = seconds(*from_ms);
    if code.class() == Class::Connected {
        return format!("{code} after {from}");
    }
    let times = if *tries == 1 { "1 try".to_owned() } else { format!("{tries} tries") };
    format!("{code} ({}), from {from} to {}, {times}", certainty.as_str(), seconds(*to_ms))
}

/// `0.0 s`, `12.4 s`, `2 min 5 s`.
pub(super) fn seconds(at: Millis) -> String {
    let tenths = (at.0.max(0.0) / 100.0).round();
    if tenths < 600.0 {
        return format!("{:.1} s", tenths / 10.0);
    }
    let whole = (tenths / 10.0).floor();
    format!("{:.0} min {:.0} s", (whole / 60.0).floor(), whole % 60.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::verdict::{Certainty, Code};

    fn spell(code: Code, from: f64) -> Spell {
        let (from_ms, to_ms) = (Millis(from), Millis(from));
        Spell { code, certainty: Certainty::Certain, culprit: None, from_ms, to_ms, tries: 1 }
    }

    #[test]
    fn the_line_names_each_state_and_when_the_last_began() {
        let spells = [
            spell(Code::ResolveNxdomain, 0.0),
            spell(Code::RefusedRst, 3200.0),
            spell(Code::ConnectedOk, 12_440.0),
        ];
        assert_eq!(history_line(&[], 80, true), "");
        assert_eq!(history_line(&spells[..1], 80, true), "resolve.nxdomain after 0.0 s");
        assert_eq!(
            history_line(&spells, 80, true),
            "resolve.nxdomain → refused.rst → connected after 12.4 s"
        );
        assert_eq!(
            history_line(&spells, 80, false),
            "resolve.nxdomain -> refused.rst -> connected after 12.4 s"
        );
        assert_eq!(history_line(&spells, 45, true), "… → refused.rst → connected after 12.4 s");
        assert_eq!(history_line(&spells, 10, true), "… → connected after 12.4 s");
    }

    #[test]
    fn long_times_are_in_minutes() {
        assert_eq!(seconds(Millis(59_940.0)), "59.9 s");
        assert_eq!(seconds(Millis(59_960.0)), "1 min 0 s");
        assert_eq!(seconds(Millis(125_900.0)), "2 min 5 s");
        assert_eq!(seconds(Millis(-1.0)), "0.0 s");
    }
}
