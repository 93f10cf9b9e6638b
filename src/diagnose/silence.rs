//! Rules about an attempt that was still waiting when time was up: where the SYNs went.
//!
//! They read per-socket numbers, which stay exact on a busy machine (`TCP_INFO`, `SO_MEMINFO`).

use super::signals::silent_link;
use super::view::View;
use super::{Culprit, Finding};
use crate::model::{NeighbourState, RouteAnswer};
use crate::verdict::{Certainty, Clue, Code};

/// The route went away after the first SYN: retransmissions find none (inet_csk_rebuild_route).
pub(super) fn route_lost(view: &View) -> Option<Finding> {
    let had_one = view.attempt.route().is_some();
    let lost = matches!(view.attempt.route_at_end.seen(), Some(RouteAnswer::Refused(_)));
    (view.is_waiting() && had_one && lost).then(|| {
        let because = [Clue::SynUnanswered, Clue::NoRoute];
        Finding::new(Code::UnreachableNoRoute, Certainty::Likely, Culprit::Client, &because)
            .variant("lost")
            .or(&[Code::TimeoutSilent])
    })
}

pub(super) fn neighbour(view: &View) -> Option<Finding> {
    if !view.is_waiting() {
        return None;
    }
    let held = view.attempt.unsent_bytes.seen().is_some_and(|bytes| *bytes > 0);
    match view.neighbour()? {
        NeighbourState::Failed if held => {
            Some(silent_link(view, Certainty::Certain, &[Clue::SynHeld, Clue::NeighbourSilent]))
        }
        // Asked, and no answer yet: how long it has had is what makes the difference.
        NeighbourState::Incomplete | NeighbourState::Failed => {
            let finding = silent_link(view, Certainty::Likely, &[Clue::NeighbourSilent]);
            let alternative = match finding.code {
                Code::UnreachableGateway => Code::TimeoutSilent,
                _ => Code::TimeoutPortSilent,
            };
            Some(finding.or(&[alternative]))
        }
        // Known, in use, and it leaves the kernel's probes unanswered.
        NeighbourState::Probe if view.attempt.gateway().is_some() => Some(
            silent_link(view, Certainty::Likely, &[Clue::SynUnanswered, Clue::NeighbourSilent])
                .variant("stale")
                .or(&[Code::TimeoutSilent]),
        ),
        _ => None,
    }
}

pub(super) fn answers_rejected(view: &View) -> Option<Finding> {
    let rejected = view.tcp()?.segments_in? > 0;
    (view.is_waiting() && rejected).then(|| {
        let culprit = Culprit::Target;
        Finding::new(Code::TimeoutAnswerInvalid, Certainty::Likely, culprit, &[Clue::SegmentsRejected])
            .or(&[Code::TimeoutSilent])
    })
}

/// The timer ran out, a retransmission was tried, none is in flight, and nothing waits in a queue: it failed
/// inside this host (`__tcp_retransmit_skb`), as where an output filter drops it.
pub(super) fn own_filter(view: &View) -> Option<Finding> {
    let tcp = view.tcp()?;
    let nothing_held = view.attempt.unsent_bytes.seen() == Some(&0);
    let failing = tcp.timeouts > 0 && tcp.retransmits? > 0 && tcp.in_flight_retransmits? == 0;
    let heard_nothing = tcp.segments_in? == 0;
    (view.is_waiting() && failing && nothing_held && heard_nothing).then(|| {
        Finding::new(Code::LocalFirewallDrop, Certainty::Certain, Culprit::Client, &[Clue::SynNotSent])
    })
}

/// Nothing came back. Who is silent is as far as it goes; why, many causes share.
pub(super) fn silence(view: &View) -> Option<Finding> {
    let attempt = view.attempt;
    let queued_error = view.icmp().is_some();
    // The second SYN leaves after one second: before that, one lost packet explains everything.
    let waited = view.tcp().is_some_and(|tcp| tcp.timeouts > 0) && !queued_error;
    let certainty = if waited { Certainty::Likely } else { Certainty::Possible };
    if attempt.is_local() {
        return Some(
            Finding::new(
                Code::TimeoutPortSilent,
                certainty,
                Culprit::Client,
                &[Clue::SynUnanswered, Clue::TargetIsLocal],
            )
            .variant("local")
            .or(&[Code::LocalFirewallDrop, Code::TimeoutAcceptQueue]),
        );
    }
    let on_link = attempt.route().is_some() && attempt.gateway().is_none();
    let neighbour_answered = match attempt.last_neighbour() {
        Some(sample) => match sample.state {
            NeighbourState::Reachable => true,
            // Delay keeps the time of the last confirmation: within this attempt, it was this attempt's ARP.
            NeighbourState::Delay | NeighbourState::Stale => {
                sample.confirmed_ms_ago.is_some_and(|ago| ago.0 <= attempt.ended_ms.unwrap_or_default().0)
            }
            _ => false,
        },
        None => false,
    };
    if on_link && neighbour_answered {
        return Some(
            Finding::new(
                Code::TimeoutPortSilent,
                certainty,
                Culprit::Target,
                &[Clue::SynUnanswered, Clue::NeighbourAnswered],
            )
            .or(&[Code::TimeoutAcceptQueue, Code::LocalReplyDropped, Code::TimeoutTooShort]),
        );
    }
    let alternatives: &[Code] = if waited {
        &[Code::TimeoutPortSilent, Code::TimeoutAcceptQueue, Code::LocalReplyDropped, Code::TimeoutTooShort]
    } else {
        &[Code::TimeoutTooShort, Code::TimeoutPortSilent, Code::LocalFirewallDrop]
    };
    Some(
        Finding::new(Code::TimeoutSilent, certainty, Culprit::Path { after: None }, &[Clue::SynUnanswered])
            .or(alternatives),
    )
}
