//! The states of a target that is waited for, one after the other. Pure.

use super::State;
use crate::diagnose::{Culprit, Finding};
use crate::model::Millis;
use crate::report::Spell;

/// Spells beyond this many are not kept: a target that flaps for a day has said all there is to say.
pub const MOST_SPELLS: usize = 256;

/// One try.
#[derive(Debug, Clone)]
pub struct Try {
    /// What it saw.
    pub state: State,
    /// What that comes to.
    pub finding: Finding,
    /// Whether it looked for explanations.
    pub explained: bool,
    /// When it began, or made its connection.
    pub from: Millis,
    /// When it ended.
    pub to: Millis,
}

/// What a try did to the history.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// It saw what the one before saw.
    None,
    /// The same state is called by another name, now that it has been explained.
    Renamed,
    /// Another state.
    New,
}

/// The spells so far.
#[derive(Debug, Clone, Default)]
pub struct History {
    spells: Vec<Spell>,
    state: Option<State>,
    explained: bool,
}

impl History {
    /// Adds a try.
    pub fn add(&mut self, seen: Try) -> Change {
        let Try { state, finding, explained, from, to } = seen;
        let same_state = self.state.as_ref() == Some(&state);
        self.state = Some(state);
        if let Some(spell) = self.spells.last_mut()
            && same_state
        {
            let new_name = explained && !is_same(spell, &finding);
            // An explanation names what was seen before it; a second one that differs has seen something else.
            if !new_name || !self.explained {
                spell.tries = spell.tries.saturating_add(1);
                spell.to_ms = to;
                let renamed = spell.code != finding.code;
                if explained {
                    spell.code = finding.code;
                    spell.certainty = finding.certainty;
                    spell.culprit = finding.culprit;
                }
                self.explained |= explained;
                return if explained && renamed { Change::Renamed } else { Change::None };
            }
        } else if let Some(spell) = self.spells.last_mut()
            && is_same(spell, &finding)
        {
            // Another way to the same verdict, such as one address more.
            spell.tries = spell.tries.saturating_add(1);
            spell.to_ms = to;
            if explained {
                (spell.certainty, spell.culprit) = (finding.certainty, finding.culprit);
            }
            self.explained = explained;
            return Change::None;
        }
        self.explained = explained;
        if self.spells.len() >= MOST_SPELLS {
            // The first one tells how it began.
            self.spells.remove(1);
        }
        self.spells.push(Spell {
            code: finding.code,
            certainty: finding.certainty,
            culprit: finding.culprit,
            from_ms: from,
            to_ms: to,
            tries: 1,
        });
        Change::New
    }

    /// Whether the last state has been explained.
    pub fn is_explained(&self) -> bool {
        self.explained
    }

    /// The last state.
    pub fn state(&self) -> Option<&State> {
        self.state.as_ref()
    }

    /// The spells, oldest first.
    pub fn spells(&self) -> &[Spell] {
        &self.spells
    }

    /// The spells, for the report.
    pub fn into_spells(self) -> Vec<Spell> {
        self.spells
    }
}

/// The same verdict about the same party. How far a sweep got differs from one to the next.
fn is_same(spell: &Spell, finding: &Finding) -> bool {
    spell.code == finding.code && party(spell.culprit.as_ref()) == party(finding.culprit.as_ref())
}

fn party(culprit: Option<&Culprit>) -> Option<Culprit> {
    match culprit? {
        Culprit::Path { .. } => Some(Culprit::Path { after: None }),
        Culprit::Router { address, .. } => Some(Culprit::Router { address: *address, hop: None }),
        other => Some(other.clone()),
    }
}

#[cfg(test)]
#[path = "history_tests.rs"]
mod tests;
