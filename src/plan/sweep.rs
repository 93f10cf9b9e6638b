//! Which probe of the path to send next. Pure: the probes so far and the time decide.
//!
//! One SYN for each TTL first, a handful in flight; silent hops below the last answer get another try; the
//! sweep ends at the learnt distance, or where a dozen hops in a row have said nothing. Routers allow each peer a
//! few ICMP errors and then one a second, so a probe that would tell nothing new is not sent.

use super::earliest;
use crate::model::{Millis, PathAnswer, PathProbe, PathProtocol, Question};
use std::net::IpAddr;

/// Hops beyond this are not asked for.
pub const MOST_HOPS: u8 = 30;
/// Tries for one hop.
pub const MOST_TRIES: usize = 3;
/// Hops in a row that say nothing, behind the last one that answers.
const MOST_SILENT: u8 = 12;
/// Hops by which the way back may be shorter.
const SHORTER: u8 = 3;
/// SYNs in flight at once.
const IN_FLIGHT: usize = 6;
/// How often the target itself is asked whether it is up, by each protocol.
const UP_TRIES: usize = 2;
/// How long an answer may take where no round trip is known yet, and the least and the most otherwise.
const PATIENCE: Millis = Millis(200.0);
const PATIENCE_LEAST: Millis = Millis(60.0);
const PATIENCE_MOST: Millis = Millis(800.0);

/// One probe to send.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shot {
    /// What it is made of.
    pub protocol: PathProtocol,
    /// Its TTL; `None` for the host's own.
    pub ttl: Option<u8>,
}

/// What to do now.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct SweepPlan {
    /// Probes to send now.
    pub send: Vec<Shot>,
    /// When to ask again, even if nothing is answered until then.
    pub wake_at: Option<Millis>,
    /// Nothing more to send or to wait for.
    pub done: bool,
}

/// How long to listen.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Pace {
    /// How long the attempt's own answer took; nothing while it has none.
    pub round_trip: Option<Millis>,
    /// How long an answer is waited for where there is nothing more to send.
    pub linger: Millis,
}

/// Plans the next probes; `hops` is what those with a small TTL are made of. Times are since the attempt's start.
pub fn next(
    question: Question,
    hops: PathProtocol,
    probes: &[PathProbe],
    pace: Pace,
    now: Millis,
) -> SweepPlan {
    let view = View { hops, probes, now, patience: patience(probes, pace.round_trip) };
    let mut plan = SweepPlan::default();
    // Whether the target is up matters most: where descriptors are few, these have theirs first.
    if matches!(question, Question::Silence | Question::Up) {
        plan.send.extend(view.full(PathProtocol::Udp));
        plan.send.extend(view.full(PathProtocol::Echo));
    }
    plan.send.extend(match question {
        Question::Rejection { sender, about } => view.up_to(sender, about),
        Question::Silence | Question::Reset | Question::Hops => view.hops(IN_FLIGHT, MOST_HOPS),
        Question::Up | Question::Nearer { .. } => Vec::new(),
    });
    if question == Question::Reset {
        plan.send.extend(view.contrast());
    }
    if let Question::Nearer { sender } = question {
        plan.send.extend(view.beyond(sender));
    }
    let sent = if plan.send.is_empty() { None } else { Some(Millis(now.0 + view.patience.0)) };
    plan.wake_at = earliest(view.next_expiry(), sent).or_else(|| view.last_word(pace.linger));
    plan.done = plan.wake_at.is_none();
    plan
}

/// Three round trips of the slowest answer so far.
fn patience(probes: &[PathProbe], round_trip: Option<Millis>) -> Millis {
    let sent = |probe: &&PathProbe| !matches!(probe.answer, Some(PathAnswer::NotSent(_)));
    let answers = probes.iter().filter(sent).filter_map(PathProbe::rtt);
    let slowest = answers.chain(round_trip).map(|rtt| rtt.0).fold(f64::NAN, f64::max);
    if slowest.is_nan() { PATIENCE } else { Millis((slowest * 3.0).clamp(PATIENCE_LEAST.0, PATIENCE_MOST.0)) }
}

struct View<'a> {
    hops: PathProtocol,
    probes: &'a [PathProbe],
    now: Millis,
    patience: Millis,
}

impl View<'_> {
    fn of(&self, protocol: PathProtocol, ttl: Option<u8>) -> impl Iterator<Item = &PathProbe> {
        self.probes.iter().filter(move |probe| probe.protocol == protocol && probe.ttl == ttl)
    }

    /// Still worth waiting for.
    fn is_open(&self, probe: &PathProbe) -> bool {
        probe.answer.is_none() && self.now.0 < probe.sent_ms.0 + self.patience.0
    }

    /// The nearest TTL at which something else than a hop answered the SYN.
    fn distance(&self) -> Option<u8> {
        self.probes
            .iter()
            .filter(|probe| probe.protocol == self.hops)
            .filter(|probe| probe.answer.is_some_and(|answer| answer.is_terminal()))
            .filter_map(|probe| probe.ttl)
            .min()
    }

    /// The farthest hop that answered.
    fn farthest(&self) -> u8 {
        self.probes
            .iter()
            .filter(|probe| probe.protocol == self.hops && probe.answer.is_some())
            .filter_map(|probe| probe.ttl)
            .max()
            .unwrap_or(0)
    }

    /// A routing loop shows the same hop again and again: more of it tells nothing.
    fn is_loop(&self) -> bool {
        let senders: Vec<_> = self.probes.iter().filter_map(PathProbe::time_exceeded_from).collect();
        senders.iter().any(|sender| senders.iter().filter(|other| other == &sender).count() >= 3)
    }

    /// The hops to the sender of an ICMP error. A Linux router has about three errors for us before it falls
    /// silent for good (ip_error and icmp_send draw on one allowance), and the attempt itself needs one more to
    /// end: whatever goes beyond the guessed distance goes alone.
    fn up_to(&self, sender: Option<IpAddr>, about: u8) -> Vec<Shot> {
        let named = sender.is_some() && self.probes.iter().any(|probe| probe.time_exceeded_from() == sender);
        if named || self.distance().is_some() {
            return Vec::new();
        }
        let near = self.hops(IN_FLIGHT, about);
        if !near.is_empty() || self.probes.iter().any(|probe| self.is_open(probe)) {
            return near;
        }
        // What came back may have taken a shorter way, though not by much.
        self.hops(1, about.saturating_add(SHORTER).min(MOST_HOPS))
    }

    fn hops(&self, in_flight: usize, most: u8) -> Vec<Shot> {
        let distance = self.distance();
        let end = distance.unwrap_or(self.farthest().saturating_add(MOST_SILENT)).min(most);
        let below = distance.unwrap_or_else(|| self.farthest());
        let mut open = self
            .probes
            .iter()
            .filter(|probe| probe.protocol == self.hops && probe.ttl.is_some() && self.is_open(probe))
            .count();
        let mut shots = Vec::new();
        if distance.is_none() && self.is_loop() {
            return shots;
        }
        for ttl in 1..=end {
            if open >= in_flight {
                break;
            }
            let mut tries = 0_usize;
            let mut settled = false;
            for probe in self.of(self.hops, Some(ttl)) {
                tries = tries.saturating_add(1);
                settled |= probe.answer.is_some() || self.is_open(probe);
            }
            let wanted = tries == 0 || (!settled && ttl < below && tries < MOST_TRIES);
            if wanted {
                shots.push(Shot { protocol: self.hops, ttl: Some(ttl) });
                open = open.saturating_add(1);
            }
        }
        shots
    }

    /// Asks the target itself, again after a silence.
    fn full(&self, protocol: PathProtocol) -> Option<Shot> {
        self.again(Shot { protocol, ttl: None }, UP_TRIES)
    }

    /// A reset that came from TTL r: does another protocol with the same TTL still die on the way, and does it
    /// reach the target with one hop less?
    fn contrast(&self) -> Vec<Shot> {
        let reset = self.probes.iter().filter(|probe| probe.answer == Some(PathAnswer::Reset));
        let Some(distance) = reset.filter_map(|probe| probe.ttl).min() else { return Vec::new() };
        let mut shots = Vec::new();
        for protocol in [PathProtocol::Udp, PathProtocol::Echo] {
            for ttl in [Some(distance), distance.checked_sub(1).filter(|ttl| *ttl > 0)].into_iter().flatten()
            {
                shots.extend(self.again(Shot { protocol, ttl: Some(ttl) }, UP_TRIES));
            }
        }
        shots
    }

    /// Does another packet die on the way where a SYN was answered in the target's name? The answer to an echo
    /// request costs the target none of the few ICMP errors that it has for us; where this user may send none, a
    /// datagram has to do.
    fn beyond(&self, target: IpAddr) -> Option<Shot> {
        let of_target = |probe: &&PathProbe| {
            let icmp = matches!(probe.answer, Some(PathAnswer::Icmp { from, .. }) if from == Some(target));
            icmp || probe.time_exceeded_from() == Some(target)
        };
        let answered = self.probes.iter().filter(|probe| probe.protocol == self.hops).filter(of_target);
        let ttl = Some(answered.filter_map(|probe| probe.ttl).min()?);
        let echo = self.again(Shot { protocol: PathProtocol::Echo, ttl }, UP_TRIES);
        let told = |probe: &PathProbe| {
            self.is_open(probe)
                || probe.answer.is_some_and(|answer| !matches!(answer, PathAnswer::NotSent(_)))
        };
        let settled = self.of(PathProtocol::Echo, ttl).any(told);
        echo.or_else(|| {
            if settled { None } else { self.again(Shot { protocol: PathProtocol::Udp, ttl }, UP_TRIES) }
        })
    }

    fn again(&self, shot: Shot, most: usize) -> Option<Shot> {
        let mut tries = 0_usize;
        for probe in self.of(shot.protocol, shot.ttl) {
            if probe.answer.is_some() || self.is_open(probe) {
                return None;
            }
            tries = tries.saturating_add(1);
        }
        (tries < most).then_some(shot)
    }

    /// When nobody listens for the last probe any more: what is far away answers later than what is near.
    fn last_word(&self, linger: Millis) -> Option<Millis> {
        let unanswered = self.probes.iter().filter(|probe| probe.answer.is_none());
        let last = unanswered.map(|probe| probe.sent_ms.0 + linger.0).max_by(f64::total_cmp)?;
        (last > self.now.0).then_some(Millis(last))
    }

    /// When the next open probe counts as unanswered.
    fn next_expiry(&self) -> Option<Millis> {
        self.probes
            .iter()
            .filter(|probe| self.is_open(probe))
            .map(|probe| probe.sent_ms.0 + self.patience.0)
            .min_by(f64::total_cmp)
            .map(Millis)
    }
}

#[cfg(test)]
#[path = "sweep_tests.rs"]
mod tests;
