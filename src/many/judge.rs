//! How one target comes to its verdict: by a lean attempt where that decides, else by the whole investigation.

use super::fleet::Fleet;
use super::names::Answer;
use crate::diagnose::{Diagnosis, diagnose};
use crate::investigate::investigate_among;
use crate::model::{Attempt, Evidence, Fact, Host, Request, Trace, Transport};
use crate::plan;
use crate::probe::Lean;
use crate::verdict::{Class, Code};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::sleep;

/// Where this process runs out of something, the target waits: this long at first, then longer.
const FIRST_REST: Duration = Duration::from_millis(20);
const LONGEST_REST: Duration = Duration::from_secs(1);

/// And after so many times it is nothing that others in flight will give back.
const MOST_RESTS: u32 = 30;

/// So long without an answer, and a target that may be looked into closely is.
const EARLY: Duration = Duration::from_millis(50);

/// Silence for this long makes the way worth a sweep; a quarter of a short timeout does.
const SILENCE: Duration = Duration::from_millis(300);

/// Timeouts up to this may be shorter than a round trip: then the answer is awaited a little longer.
const SHORT: Duration = Duration::from_secs(2);
const LINGER: Duration = Duration::from_millis(200);

/// How a target is to be looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Care {
    /// As if it were the only one.
    Whole,
    /// As little as decides.
    Lean,
}

/// What a whole investigation has taken, to give back if all is well.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Took {
    Nothing,
    Spare,
    ForSilence,
}

/// A target's verdict.
pub(super) struct Judged {
    pub(super) evidence: Box<Evidence>,
    pub(super) diagnosis: Box<Diagnosis>,
    /// Whether a lean attempt came to it.
    pub(super) lean: bool,
}

impl Fleet {
    /// Gathers what bears on one target, and judges it. What this process lacks is no verdict on the target:
    /// that waits until others have given back what they hold.
    pub(super) async fn judge(&self, request: Arc<Request>, care: Care) -> Judged {
        let mut rest = FIRST_REST;
        let mut rests = 0;
        loop {
            let judged = self.look_into(&request, care).await;
            let short =
                matches!(judged.diagnosis.finding.code, Code::LocalLimits | Code::LocalPortsExhausted);
            if !short || rests == MOST_RESTS {
                return judged;
            }
            rests += 1;
            sleep(rest).await;
            rest = (rest * 2).min(LONGEST_REST);
        }
    }

    async fn look_into(&self, request: &Arc<Request>, care: Care) -> Judged {
        if care == Care::Whole || !may_be_lean(request) {
            return Box::pin(self.look_closely(request, care)).await;
        }
        // A worker that waits for an answer keeps no more than the request: there may be ten thousand.
        let found = match &request.target.host {
            Host::Name(name) => Box::pin(self.names.look_up(name, request)).await,
            _ => Answer::Literal,
        };
        let mut judged = match self.by_addresses(request, found).await {
            Ok(judged) => judged,
            Err((evidence, took)) => return Box::pin(self.whole(evidence, took)).await,
        };
        let attempt = judged.evidence.attempts.first();
        if !self.groups.borrow_mut().wants_sample(&judged.diagnosis.finding, attempt) {
            return judged;
        }
        let tried = !judged.evidence.attempts.is_empty();
        judged.evidence.attempts.clear();
        // A name that gave no address is asked for anew.
        let evidence = match tried {
            true => judged.evidence,
            false => Box::new(Evidence::new(judged.evidence.request)),
        };
        Box::pin(self.whole(evidence, Took::Spare)).await
    }

    async fn look_closely(&self, request: &Arc<Request>, care: Care) -> Judged {
        let mut evidence = Box::new(Evidence::new(Request::clone(request)));
        if let Host::Name(name) = &evidence.request.target.host {
            let known = self.names.recall(name, &evidence.request);
            known.into_iter().for_each(|answer| answer.tell(&mut evidence));
        }
        let took = care == Care::Whole && self.groups.borrow_mut().take_spare();
        self.whole(evidence, if took { Took::Spare } else { Took::Nothing }).await
    }

    /// A lean attempt at the address that clients try first.
    ///
    /// # Errors
    /// What is known so far, where more is needed.
    async fn by_addresses(
        &self,
        request: &Arc<Request>,
        found: Answer,
    ) -> Result<Judged, (Box<Evidence>, Took)> {
        let evidence = |found: Answer| {
            let mut evidence = Box::new(Evidence::new(Request::clone(request)));
            found.tell(&mut evidence);
            evidence
        };
        let (first, others) = match &found {
            Answer::Literal => (literal(request), false),
            _ => {
                let candidates = plan::candidates(&evidence(found.clone())).unwrap_or_default();
                (candidates.first().copied(), candidates.len() > 1)
            }
        };
        let Some(address) = first else { return Ok(self.conclude(evidence(found), true)) };
        let attempt = self.attempt(request, address, others).await;
        let mut evidence = evidence(found);
        match attempt {
            // The first address explains a target that it reaches; else the others have their say.
            Some(attempt) if !others || attempt.connected_ms.is_some() => {
                evidence.elapsed_ms = attempt.ended_ms.unwrap_or_default();
                evidence.attempts.push(attempt);
                Ok(self.conclude(evidence, true))
            }
            None if !others => Err((evidence, Took::ForSilence)),
            _ => Err((evidence, Took::Nothing)),
        }
    }

    /// The whole investigation.
    async fn whole(&self, evidence: Box<Evidence>, took: Took) -> Judged {
        // Boxed: a thousand workers have room for a thousand lean attempts, not for this.
        let evidence = {
            let sample = self.is_long.get() && took != Took::Nothing;
            let turns = if sample { &self.samples } else { &self.whole };
            let _turn = turns.acquire().await;
            Box::new(Box::pin(investigate_among(*evidence, Arc::clone(&self.shared))).await)
        };
        if let Host::Name(name) = &evidence.request.target.host {
            self.names.keep(name, &evidence);
        }
        let judged = self.conclude(evidence, false);
        if took != Took::Nothing && judged.diagnosis.finding.code.class() == Class::Connected {
            self.groups.borrow_mut().give_back(took == Took::ForSilence);
        }
        judged
    }

    /// Adds what is known of the way and of others on it, and judges.
    fn conclude(&self, mut evidence: Box<Evidence>, lean: bool) -> Judged {
        let mut groups = self.groups.borrow_mut();
        groups.note(&evidence);
        for attempt in &mut evidence.attempts {
            if attempt.connected_ms.is_none() && attempt.route().is_some() && !attempt.path.was_asked() {
                attempt.path = self.shared.hops(attempt).map_or(Fact::NotAsked, Fact::Seen);
            }
        }
        evidence.beside = match evidence.attempts.as_slice() {
            [attempt] if attempt.connected_ms.is_none() && attempt.deciding_icmp().is_none() => {
                groups.beside(attempt)
            }
            _ => None,
        };
        let diagnosis = Box::new(diagnose(&evidence));
        Judged { evidence, diagnosis, lean }
    }

    /// A lean attempt; `None` where its silence is worth the whole investigation.
    async fn attempt(&self, request: &Arc<Request>, address: SocketAddr, others: bool) -> Option<Attempt> {
        let mut lean = match Lean::start(request, address) {
            Ok(lean) => lean,
            Err(failed) => return Some(*failed),
        };
        if lean.is_waiting() {
            let timeout = request.timeout_ms.to_duration();
            let begun = lean.begun();
            lean.wait(begun + EARLY.min(timeout)).await;
            if !others
                && lean.is_waiting()
                && !lean.was_rejected()
                && self.groups.borrow_mut().take_for_silence()
            {
                return None;
            }
            if others || request.trace == Trace::Auto {
                lean.wait(begun + SILENCE.min(timeout / 4)).await;
                if lean.is_waiting() && others {
                    return None;
                }
                if lean.is_waiting() && request.trace == Trace::Auto {
                    lean.ask_the_way(request, &self.shared);
                }
            }
            let patience = if timeout <= SHORT { timeout + LINGER } else { timeout };
            lean.wait(begun + patience).await;
        }
        Some(lean.finish(request, &self.shared).await)
    }
}

/// The address that was typed; an IPv4-mapped one is IPv4 on the wire, with IPv4's routes and errors.
fn literal(request: &Request) -> Option<SocketAddr> {
    match &request.target.host {
        Host::Address { ip, .. } => Some(SocketAddr::new(ip.to_canonical(), request.target.port)),
        Host::Name(_) | Host::Socket(_) => None,
    }
}

/// Whether a lean attempt may decide; where not, more is needed to reach the target.
fn may_be_lean(request: &Request) -> bool {
    let target = &request.target;
    let scope = matches!(target.host, Host::Address { scope: Some(_), .. });
    target.transport == Transport::Tcp
        && request.source_port.is_none()
        && request.dns.is_none()
        && request.trace != Trace::Always
        && !scope
        && !target.is_loopback_name()
}
