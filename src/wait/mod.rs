//! Waiting until a target connects: tries at a sensible pace, and the history of what stood in the way.
//!
//! Every try asks anew: names, files, tables and sockets of the one before are gone. Most tries are lean, and are
//! compared with the last by what they saw ([`State`]); what that is called comes from whole investigations, which
//! are made when it changes, now and then, and before time is up ([`Pace`]).

mod history;
mod pace;
mod signals;
mod state;

pub use history::{Change, History, Try};
pub use pace::{Last, Pace, Step};
pub use signals::Signal;
pub(crate) use signals::Signals;
pub use state::State;

use crate::diagnose::{Finding, diagnose};
use crate::investigate::{Bounds, Depth, look, without_runtime};
use crate::model::{Evidence, Millis, Request};
use crate::report::Spell;
use crate::verdict::{Class, Code};
use std::pin::pin;
use std::time::{Duration, Instant};
use tokio::sync::watch;

/// So many tries in a row may see what may be no change, before it is one.
const MOST_DOUBTS: u32 = 2;

/// What waiting came to.
#[derive(Debug)]
pub struct Waited {
    /// The last state's evidence.
    pub evidence: Evidence,
    /// All states.
    pub history: Vec<Spell>,
    /// Why it ended.
    pub ended: Ended,
}

/// Why waiting ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// The target connects.
    Connected,
    /// Time is up.
    Over,
    /// No waiting can help: the target as it was typed can't be connected to.
    Pointless,
    /// Somebody has had enough.
    Signal(Signal),
}

/// Waits, at most this long, and tells of each try. Interrupt and termination end the waiting, not the program.
/// Where not even an event loop can be made, the evidence says so.
pub fn wait(request: &Request, limit: Duration, mut tell: impl FnMut(&History, Change)) -> Waited {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    match runtime {
        Ok(runtime) => {
            let mut signals = Signals::listen();
            runtime.block_on(wait_for(request, limit, &mut signals, &mut tell))
        }
        Err(error) => {
            let evidence = without_runtime(request.clone(), &error);
            Waited { evidence, history: Vec::new(), ended: Ended::Pointless }
        }
    }
}

/// Waits inside a runtime that is there already; of several targets each has a wait of its own.
pub(crate) async fn wait_for(
    request: &Request,
    limit: Duration,
    signals: &mut Signals,
    tell: &mut impl FnMut(&History, Change),
) -> Waited {
    let mut waiting = Waiting::new(request, limit);
    let mut depth = Depth::Full;
    loop {
        let last = match waiting.try_once(depth, signals).await {
            Tried::Ended(evidence, signal) => {
                let (last, change) = waiting.add(*evidence, depth);
                if let Some(change) = change {
                    tell(&waiting.history, change);
                }
                if let Some(signal) = signal {
                    return waiting.end(Ended::Signal(signal));
                }
                last
            }
            Tried::Dropped(signal) => return waiting.end(Ended::Signal(signal)),
        };
        match waiting.verdict() {
            // Some address works: why the others do not is for a whole investigation to say.
            Some(Code::ConnectedPartial) if depth == Depth::Lean && waiting.left() > Duration::ZERO => {
                depth = Depth::Full;
                continue;
            }
            Some(code) if code.class() == Class::Connected => return waiting.end(Ended::Connected),
            Some(Code::ResolveBadName | Code::LocalScopeMissing) => return waiting.end(Ended::Pointless),
            _ => {}
        }
        match waiting.pace.next(last, waiting.now()) {
            Step::Over => return waiting.end(Ended::Over),
            Step::Try { at, depth: next } => {
                depth = next;
                let at = tokio::time::Instant::from_std(waiting.begun + at.to_duration());
                tokio::select! {
                    biased;
                    signal = signals.next() => return waiting.end(Ended::Signal(signal)),
                    () = tokio::time::sleep_until(at) => {}
                }
            }
        }
    }
}

/// How a try ended.
enum Tried {
    /// With its evidence; by a signal, where it was the first.
    Ended(Box<Evidence>, Option<Signal>),
    /// By a signal, and an earlier one has said what there is to say.
    Dropped(Signal),
}

struct Waiting<'a> {
    request: &'a Request,
    begun: Instant,
    end: Instant,
    history: History,
    pace: Pace,
    /// The evidence for the last state, explained where it has been.
    evidence: Option<(Evidence, Finding)>,
    try_began: Millis,
    /// Tries in a row that may have seen a change, and were not believed.
    doubts: u32,
}

impl<'a> Waiting<'a> {
    fn new(request: &'a Request, limit: Duration) -> Self {
        let begun = Instant::now();
        Waiting {
            request,
            begun,
            end: begun + limit,
            history: History::default(),
            pace: Pace::new(request.timeout_ms, Millis::from(limit)),
            evidence: None,
            try_began: Millis::default(),
            doubts: 0,
        }
    }

    fn now(&self) -> Millis {
        Millis::from(self.begun.elapsed())
    }

    fn left(&self) -> Duration {
        self.end.saturating_duration_since(Instant::now())
    }

    fn verdict(&self) -> Option<Code> {
        self.evidence.as_ref().map(|(_, finding)| finding.code)
    }

    /// One try, with what time is left.
    async fn try_once(&mut self, depth: Depth, signals: &mut Signals) -> Tried {
        self.try_began = self.now();
        let left = Millis::from(self.left().max(Duration::from_millis(1)));
        let mut request = self.request.clone();
        if left < request.timeout_ms {
            request.timeout_ms = left;
        }
        let (cutter, cut) = watch::channel(false);
        let mut looking = pin!(look(request, Bounds { depth, end: Some(self.end), cut: Some(cut) }));
        let signal = tokio::select! {
            biased;
            signal = signals.next() => signal,
            evidence = &mut looking => return Tried::Ended(Box::new(evidence), None),
        };
        if self.evidence.is_some() {
            return Tried::Dropped(signal);
        }
        cutter.send_replace(true);
        Tried::Ended(Box::new(looking.await), Some(signal))
    }

    /// Takes a try's evidence in; without a change where it was too short to say anything.
    fn add(&mut self, evidence: Evidence, depth: Depth) -> (Last, Option<Change>) {
        let (began, to) = (self.try_began, self.now());
        let state = State::of(&evidence);
        let took = Millis(to.0 - began.0);
        let asked = self.request.timeout_ms;
        // What had less time than it asks for, and heard nothing, says nothing against what was heard before.
        let cut = evidence.request.timeout_ms < asked;
        let was_silent = self.history.state().is_none_or(State::is_silent);
        let doubtful = self.doubts < MOST_DOUBTS
            && self.history.state().is_some_and(|before| state.is_doubtful_after(before));
        self.doubts = if doubtful { self.doubts + 1 } else { 0 };
        let unheard = doubtful || (state.is_silent() && cut && !was_silent);
        let changed = self.history.state() != Some(&state);
        let mut last = Last {
            began,
            took,
            depth,
            changed: changed && !unheard,
            explained: true,
            silent: state.is_silent() && took.0 * 2.0 > evidence.request.timeout_ms.0,
            unresolved: evidence.attempts.is_empty() && state.is_silent(),
            rejected: state.is_rejected()
                || (unheard && self.history.state().is_some_and(State::is_rejected)),
            addresses: evidence.attempts.len(),
        };
        if unheard {
            last.explained = self.history.is_explained();
            return (last, None);
        }
        let finding = diagnose(&evidence).finding;
        let from = match evidence.working() {
            Some(works) => Millis(began.0 + works.started_ms.0 + works.connected_ms.unwrap_or_default().0),
            None => began,
        };
        let explained = depth == Depth::Full;
        let change = self.history.add(Try { state, finding: finding.clone(), explained, from, to });
        if explained || changed || !self.history.is_explained() {
            self.evidence = Some((evidence, finding));
        }
        last.explained = self.history.is_explained();
        (last, Some(change))
    }

    fn end(self, ended: Ended) -> Waited {
        let evidence = self.evidence.map(|(evidence, _)| evidence);
        Waited {
            evidence: evidence.unwrap_or_else(|| Evidence::new(self.request.clone())),
            history: self.history.into_spells(),
            ended,
        }
    }
}
