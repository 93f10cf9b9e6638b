//! Rules about a TCP reset: by this host, by something nearer than the target, or as good as by the target.

use super::trials::{is_forwarded, is_kept, least_passed, passed_loopback};
use super::view::View;
use super::{Culprit, Finding, alias};
use crate::model::{PathAnswer, Trial};
use crate::verdict::{Certainty, Clue, Code};
use nix::errno::Errno as E;

/// `ECONNREFUSED` that no ICMP error explains, on a socket that a segment reached.
pub(super) fn received(view: &View) -> Option<Finding> {
    if view.so_error()? != E::ECONNREFUSED || view.is_udp() {
        return None;
    }
    let segments_in = view.tcp().and_then(|tcp| tcp.segments_in);
    let no_icmp = view.attempt.queue.seen().is_some();
    match segments_in {
        Some(0) => return None,
        None if !no_icmp => return None,
        Some(_) | None => {}
    }
    if view.attempt.is_local() {
        return Some(own_reset(view));
    }
    if view.has_rewritten_source() {
        let finding = Finding::new(
            Code::RefusedRst,
            Certainty::Likely,
            Culprit::Client,
            &[Clue::SynReset, Clue::OddSource],
        );
        return Some(finding.variant("intercepted").or(&[Code::LocalFirewallReject]));
    }
    if let Some(finding) = reset_made_here(view).or_else(|| nearer_reset(view)) {
        return Some(finding);
    }
    // Whoever sends resets in the target's name gives the same evidence: the last router's can't be told apart.
    Some(Finding::new(Code::RefusedRst, Certainty::Likely, Culprit::Target, &[Clue::SynReset]).or(
        if view.trials().is_empty() {
            &[Code::RefusedRstForged, Code::LocalFirewallReject]
        } else {
            &[Code::RefusedRstForged]
        },
    ))
}

/// A reset from an address of this host: by TCP, which counts its resets, or by the input filter, whose resets
/// are not counted (nf_send_reset).
fn own_reset(view: &View) -> Finding {
    if is_forwarded(view) {
        let because = [Clue::SynReset, Clue::NotOverLoopback];
        return Finding::new(Code::RefusedRst, Certainty::Likely, Culprit::Target, &because)
            .variant("forwarded")
            .or(&[Code::LocalFirewallReject]);
    }
    let resets = || view.trials().iter().filter(|trial| trial.answer == Some(PathAnswer::Reset));
    // Other traffic can only add to a counter: one that stood still proves that TCP sent no reset.
    if resets().any(|trial| trial.counters.out_resets == 0) {
        let because = [Clue::SynReset, Clue::TargetIsLocal, Clue::ResetByFilter];
        let certain = passed_loopback(view) && is_kept(view);
        let certainty = if certain { Certainty::Certain } else { Certainty::Likely };
        let finding = Finding::new(Code::LocalFirewallReject, certainty, Culprit::Client, &because);
        return if certain { finding } else { finding.or(&[Code::RefusedRst]) };
    }
    // Others' resets are counted too: each SYN drew one, and nobody else did meanwhile. On a busy host one trial
    // without others' packets may be chance.
    let alone = |trial: &&Trial| trial.counters.out_resets == 1 && trial.counters.loopback_out <= 2;
    let alone = resets().filter(alone).count();
    let counted = alone >= 2 || (alone == 1 && resets().count() == 1);
    let mut because = vec![Clue::SynReset, Clue::TargetIsLocal];
    because.extend(counted.then_some(Clue::ResetByOwnTcp));
    let mut finding =
        Finding::new(Code::RefusedRst, Certainty::Likely, Culprit::Target, &because).variant("local");
    match alias::open_here(view) {
        Some(false) if counted => {
            finding.because.push(Clue::NoListener);
            return Finding { certainty: Certainty::Certain, variant: "nothing-here", ..finding };
        }
        // It was refused all the same: the listener is younger than the answer, or something stands between.
        Some(true) => finding.alternatives.push(Code::LocalFirewallReject),
        Some(false) => {}
        None => finding.alternatives.push(Code::AliasBoundElsewhere),
    }
    if !counted && !finding.alternatives.contains(&Code::LocalFirewallReject) {
        finding.alternatives.push(Code::LocalFirewallReject);
    }
    finding
}

/// A reset that came back to a SYN whose TTL could not have reached the target.
fn nearer_reset(view: &View) -> Option<Finding> {
    let path = view.path()?;
    let at = path.reset_at()?;
    let beyond = path.passed_at(at)?;
    let mut because = vec![Clue::SynReset, Clue::ResetFromNearer];
    // Whatever sends other packets, or this connection, another way makes a target look farther than it is:
    // load sharing, address translation on this host, a policy route. So this is never certain.
    let (culprit, alternatives): (_, &[Code]) = match at.checked_sub(1).filter(|hop| *hop > 0) {
        None => {
            // Another router's word says nothing about the SYN's way.
            if view.attempt.gateway() != Some(beyond) {
                return None;
            }
            let left = view.trials().iter().any(|trial| trial.counters.loopback_out == 0);
            because.extend(left.then_some(Clue::LeftThisHost));
            let culprit = Culprit::Router { address: Some(beyond), hop: Some(1) };
            let here: &[Code] = &[Code::RefusedRst, Code::LocalFirewallReject];
            (culprit, if left { &[Code::RefusedRst] } else { here })
        }
        // The nearest hop that explains it rejects what it would forward.
        Some(hop) => {
            // Address translation there speaks in the target's name, to SYNs alone.
            let named = path.router_at(hop).filter(|router| *router != view.target());
            let address = named.or_else(|| path.passed_at(hop));
            (Culprit::Router { address, hop: Some(hop) }, &[Code::RefusedRst])
        }
    };
    Some(Finding::new(Code::RefusedRstForged, Certainty::Likely, culprit, &because).or(alternatives))
}

/// A reset made before `connect` returned: by this host's output filter, or by a local
/// proxy that nobody runs. Both send it over the loopback device; one from outside comes in by another.
fn reset_made_here(view: &View) -> Option<Finding> {
    let trials = view.trials();
    let over_loopback =
        |trial: &Trial| trial.answer == Some(PathAnswer::Reset) && trial.counters.loopback_out > 0;
    if trials.is_empty() || !trials.iter().all(over_loopback) {
        return None;
    }
    // TCP counts its resets, a packet filter's are not counted; other traffic can only add.
    if trials.iter().any(|trial| trial.counters.out_resets == 0) {
        let quiet = least_passed(trials) == Some(1) && is_kept(view);
        let certainty = if quiet { Certainty::Certain } else { Certainty::Likely };
        let because = [Clue::SynReset, Clue::ResetByFilter];
        let finding = Finding::new(Code::LocalFirewallReject, certainty, Culprit::Client, &because);
        return Some(if quiet { finding } else { finding.or(&[Code::RefusedRstForged]) });
    }
    let because = [Clue::SynReset, Clue::ResetByOwnTcp];
    Some(
        Finding::new(Code::RefusedRst, Certainty::Likely, Culprit::Client, &because)
            .variant("intercepted")
            .or(&[Code::RefusedRstForged]),
    )
}
