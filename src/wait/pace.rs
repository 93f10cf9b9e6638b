//! When to try again, and how far to look. Pure: times come in as arguments.
//!
//! A refusal that comes at once is asked for again soon, then less often; a silence has taken its time already.
//! Tries are lean; what explains a state costs packets, so it is looked for when the state changes, now and then
//! while it lasts, and once more before time is up.

use crate::investigate::Depth;
use crate::model::Millis;

/// The pause from the beginning of one try to that of the next, at first and at most.
const FIRST: Millis = Millis(100.0);
const MOST: Millis = Millis(1000.0);
/// By how much it grows.
const GROWTH: f64 = 1.5;

/// Each address takes a SYN a try: this is 20 SYNs a second at most.
const PER_ADDRESS: Millis = Millis(50.0);

/// A lookup without an answer leaves its thread to the C library: there are to be few of them.
const UNANSWERED: Millis = Millis(1000.0);

/// Routers send each peer an ICMP error a second, and one without a route draws on that allowance twice: after this
/// long there is one left.
const REJECTED: Millis = Millis(2200.0);

/// Whole investigations: so many in a row, one more after each pause, and never closer than this.
const IN_A_ROW: f64 = 3.0;
const REFILL: Millis = Millis(10_000.0);
const APART: Millis = Millis(1000.0);
/// A state that lasts is explained anew after this long.
const REFRESH: Millis = Millis(30_000.0);

/// What a whole investigation may take at least, and the least that explains a silence: the repeat of a SYN is
/// due after one second.
const RESERVE: Millis = Millis(60.0);
const SILENCE: Millis = Millis(1200.0);
/// A try shorter than this tells nothing.
const LEAST: Millis = Millis(20.0);

/// The last try.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Last {
    /// When it began, since the waiting did.
    pub began: Millis,
    /// How long it took.
    pub took: Millis,
    /// How far it looked.
    pub depth: Depth,
    /// Whether it saw another state than the one before.
    pub changed: bool,
    /// Whether the state that it saw has been explained.
    pub explained: bool,
    /// Whether it ended by its timeout.
    pub silent: bool,
    /// Whether the name got no answer.
    pub unresolved: bool,
    /// Whether a router may still answer with an ICMP error.
    pub rejected: bool,
    /// How many addresses it tried.
    pub addresses: usize,
}

/// What to do next.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Step {
    /// Try again then.
    Try {
        /// When, since the waiting began.
        at: Millis,
        /// How far to look.
        depth: Depth,
    },
    /// Time is up.
    Over,
}

/// The pace of one wait.
#[derive(Debug, Clone)]
pub struct Pace {
    timeout: Millis,
    end: Millis,
    gap: Millis,
    /// Whole investigations that may be made now.
    credit: f64,
    counted: Millis,
    full_began: Millis,
    full_took: Millis,
}

impl Pace {
    /// The pace of tries with this timeout, until `end`. The first try is a whole investigation, at once.
    pub fn new(timeout: Millis, end: Millis) -> Pace {
        let none = Millis(0.0);
        Pace { timeout, end, gap: FIRST, credit: IN_A_ROW, counted: none, full_began: none, full_took: none }
    }

    /// What comes after a try.
    pub fn next(&mut self, last: Last, now: Millis) -> Step {
        if last.depth == Depth::Full {
            (self.full_began, self.full_took) = (last.began, last.took);
            self.refill(last.began);
            self.credit = (self.credit - 1.0).max(0.0);
        }
        self.gap = if last.changed { FIRST } else { Millis((self.gap.0 * GROWTH).min(MOST.0)) };
        let mut gap = self.gap.0.max(PER_ADDRESS.0 * last.addresses as f64);
        if last.unresolved {
            gap = gap.max(UNANSWERED.0);
        }
        if last.rejected {
            gap = gap.max(REJECTED.0);
        }
        let at = now.0.max(last.began.0 + gap);
        // The last look that explains comes when there is just time for it.
        let need = if last.silent { SILENCE.0 } else { RESERVE.0.max(self.full_took.0 * 1.2 + 50.0) };
        let latest = self.end.0 - need.min(self.timeout.0);
        let was_last = last.depth == Depth::Full && last.began.0 + last.took.0 >= latest;
        let full = |at: f64| Step::Try { at: Millis(at), depth: Depth::Full };
        if !last.silent && at > latest && now.0 <= latest {
            return full(latest);
        }
        if at <= latest && at + last.took.0 > latest {
            return full(at);
        }
        if at > latest {
            let missed = !was_last && !last.explained;
            return match self.end.0 - at {
                left if left < LEAST.0 => Step::Over,
                _ if missed => full(at),
                _ => Step::Try { at: Millis(at), depth: Depth::Lean },
            };
        }
        self.refill(Millis(at));
        let since = at - self.full_began.0;
        let wanted = if last.explained { since >= REFRESH.0 } else { since >= APART.0 };
        let depth = if wanted && self.credit >= 1.0 { Depth::Full } else { Depth::Lean };
        Step::Try { at: Millis(at), depth }
    }

    fn refill(&mut self, now: Millis) {
        self.credit = (self.credit + (now.0 - self.counted.0).max(0.0) / REFILL.0).min(IN_A_ROW);
        self.counted = Millis(self.counted.0.max(now.0));
    }
}

#[cfg(test)]
#[path = "pace_tests.rs"]
mod tests;
