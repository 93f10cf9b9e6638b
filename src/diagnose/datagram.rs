//! Rules for a UDP target: one datagram, and what came of it. What UDP shares with TCP is judged by the other
//! rules.

use super::alias::open_here;
use super::handshake::{is_same_end, unless_neighbour_was_late};
use super::trials::{is_forwarded, is_kept, passed_loopback};
use super::view::View;
use super::{Culprit, Finding, icmp};
use crate::model::{Call, RouteType, Trial, Window};
use crate::verdict::{Certainty, Clue, Code};
use nix::errno::Errno as E;

/// A datagram came back: whatever it says, something answers on the port.
pub(super) fn answered(view: &View) -> Option<Finding> {
    let attempt = view.attempt;
    let answered = attempt.connected_ms.filter(|_| view.is_udp())?;
    if answered > view.evidence.request.timeout_ms {
        let because = [Clue::LateAnswer];
        let finding = Finding::new(Code::TimeoutTooShort, Certainty::Certain, Culprit::Client, &because);
        return Some(unless_neighbour_was_late(attempt, finding));
    }
    if attempt.source.is_some_and(|source| is_same_end(source, attempt.address)) {
        let because = [Clue::PeerAnswered, Clue::SameEnds];
        return Some(Finding::new(Code::RefusedSelfConnect, Certainty::Certain, Culprit::Client, &because));
    }
    let finding =
        Finding::new(Code::ConnectedOk, Certainty::Certain, Culprit::Service, &[Clue::PeerAnswered]);
    Some(Finding { culprit: None, ..finding })
}

/// A group of hosts is no target: nothing was sent.
pub(super) fn not_for_one(view: &View) -> Option<Finding> {
    let kind = view.attempt.route().map(|route| route.kind);
    let many =
        view.target().is_multicast() || matches!(kind, Some(RouteType::Broadcast | RouteType::Multicast));
    let unsent = view.attempt.failed.is_none() && !view.attempt.queue.was_asked();
    (view.is_udp() && many && unsent).then(|| {
        Finding::new(Code::UnreachableNoRoute, Certainty::Certain, Culprit::Client, &[Clue::NotUnicast])
            .variant("not-unicast")
    })
}

/// What `send` says at once: of a datagram, unlike of a SYN, the program is told what became of it on the way out
/// (udp_send_skb).
pub(super) fn send_failed(view: &View) -> Option<Finding> {
    match view.failed(Call::Send)? {
        // With IP_RECVERR a queue that drops it says so (ip(7)).
        E::ENOBUFS => Some(
            Finding::new(Code::LocalFirewallDrop, Certainty::Likely, Culprit::Client, &[Clue::CallFailed])
                .variant("queue")
                .or(&[Code::LocalLimits]),
        ),
        E::EPERM if view.icmp().is_some_and(|(_, entry)| view.is_ours(entry)) => {
            let because = [Clue::CallFailed, Clue::IcmpError, Clue::IcmpFromThisHost];
            Some(Finding::new(Code::LocalFirewallReject, Certainty::Certain, Culprit::Client, &because))
        }
        _ => None,
    }
}

/// Port unreachable from this host, about a port of this host: UDP here found no socket, and counted that; or the
/// input filter rejects in the same words, which is not counted.
pub(super) fn own_closed_port(view: &View) -> Option<Finding> {
    let (error, entry) = view.icmp()?;
    let port = icmp::code_of(error) == Code::RefusedIcmpPort;
    if !view.is_udp() || !view.attempt.is_local() || !port || !view.is_ours(entry) {
        return None;
    }
    let closed = |certainty, because: &[Clue]| {
        Finding::new(Code::RefusedIcmpPort, certainty, Culprit::Target, because).variant("udp")
    };
    let Some(no_ports) = view.trials().first().and_then(|Trial { counters, .. }| counters.udp_no_ports)
    else {
        let because = [Clue::IcmpError, Clue::TargetIsLocal];
        return Some(closed(Certainty::Likely, &because).or(&[Code::LocalFirewallReject]));
    };
    if is_forwarded(view) {
        let because = [Clue::IcmpError, Clue::NotOverLoopback];
        return Some(closed(Certainty::Likely, &because).or(&[Code::LocalFirewallReject]));
    }
    // Other traffic can only add to a counter.
    if no_ports == 0 {
        let because = [Clue::IcmpError, Clue::IcmpFromThisHost, Clue::NotByOwnUdp];
        let certain = passed_loopback(view) && is_kept(view);
        let certainty = if certain { Certainty::Certain } else { Certainty::Likely };
        let finding = Finding::new(Code::LocalFirewallReject, certainty, Culprit::Client, &because);
        return Some(if certain { finding } else { finding.or(&[Code::RefusedIcmpPort]) });
    }
    let mut because = vec![Clue::IcmpError, Clue::TargetIsLocal];
    // Others' datagrams are counted too: nobody else sent one meanwhile.
    let counted = no_ports == 1 && passed_loopback(view);
    because.extend(counted.then_some(Clue::ClosedByOwnUdp));
    let mut finding = closed(Certainty::Likely, &because);
    match open_here(view) {
        Some(false) if counted => {
            finding.because.push(Clue::NoListener);
            return Some(Finding { certainty: Certainty::Certain, variant: "nothing-here", ..finding });
        }
        // It was refused all the same: the socket is younger than the answer, or something stands between.
        Some(_) => finding.alternatives.push(Code::LocalFirewallReject),
        None => finding.alternatives.push(Code::AliasBoundElsewhere),
    }
    if !counted && !finding.alternatives.contains(&Code::LocalFirewallReject) {
        finding.alternatives.push(Code::LocalFirewallReject);
    }
    Some(finding)
}

/// An ICMP error that this kernel does not show: for UDP nothing else gives `ECONNREFUSED`.
pub(super) fn unseen_error(view: &View) -> Option<Finding> {
    let refused = view.is_udp() && view.icmp().is_none() && view.so_error() == Some(E::ECONNREFUSED);
    refused.then(|| {
        let nobody = Culprit::Path { after: None };
        Finding::new(Code::RefusedIcmpPort, Certainty::Likely, nobody, &[Clue::SoError])
            .variant("unseen")
            .or(&[Code::LocalFirewallReject])
    })
}

/// A port of this host that no socket has answers with an ICMP error; silence means that the datagram was dropped.
pub(super) fn own_silence(view: &View) -> Option<Finding> {
    let silent = view.is_udp() && view.is_waiting() && view.attempt.is_local() && !is_forwarded(view);
    let first = view.trials().first().and_then(|trial| trial.counters.udp_no_ports);
    if silent && first.is_some_and(|no_ports| no_ports > 0) {
        // Its UDP found no socket; the answer was lost on the way back here.
        let because = [Clue::TargetIsLocal, Clue::ClosedByOwnUdp];
        let finding = Finding::new(Code::RefusedIcmpPort, Certainty::Likely, Culprit::Target, &because);
        return Some(finding.variant("udp").or(&[Code::LocalReplyDropped]));
    }
    (silent && open_here(view) == Some(false)).then(|| {
        let because = [Clue::TargetIsLocal, Clue::DatagramUnanswered, Clue::NoListener];
        Finding::new(Code::LocalFirewallDrop, Certainty::Likely, Culprit::Client, &because)
            .variant("in")
            .or(&[Code::TimeoutPortSilent])
    })
}

/// An answer to the datagram is there in a window that begins within so many ms, as a rule; and the ms without one that
/// tell it from strays.
const SOON: f64 = 250.0;
const QUIET: f64 = 1000.0;

/// Soon after the datagram one came in for which UDP here found no socket, and none later: the service answers from
/// another address or port than was asked. The kernel gives a connected socket nothing but its peer's (connect(2)).
pub(super) fn unclaimed_answer(view: &View) -> Option<Finding> {
    // Of several name servers the slower ones answer when nobody listens any more.
    let named = view.evidence.lookup.was_asked();
    let alone = view.evidence.attempts.len() <= 1;
    if !view.is_udp() || !view.is_waiting() || view.attempt.is_local() || named || !alone {
        return None;
    }
    let windows = view.attempt.windows.seen()?;
    let (due, later): (Vec<_>, Vec<_>) = windows.iter().partition(|window| window.from_ms.0 < SOON);
    let unclaimed = |window: &&Window| window.counters.udp_no_ports.is_some_and(|count| count != 0);
    let quiet: f64 = later.iter().map(|window| window.to_ms.0 - window.from_ms.0).sum();
    (due.iter().any(unclaimed) && !later.iter().any(unclaimed) && quiet >= QUIET).then(|| {
        let because = [Clue::DatagramUnanswered, Clue::AnswerUnclaimed];
        let culprit = Culprit::Path { after: None };
        Finding::new(Code::TimeoutAnswerInvalid, Certainty::Likely, culprit, &because)
            .variant("unclaimed")
            .or(&[Code::TimeoutPortSilent])
    })
}

/// An answer that takes longer than this is rare; the datagram is not sent again.
const WAITED: f64 = 1000.0;

/// Nothing came back for the datagram: a service that does not understand it may keep silent, so this is never
/// certain.
pub(super) fn silence(view: &View) -> Option<Finding> {
    if !view.is_udp() {
        return None;
    }
    let attempt = view.attempt;
    let waited = attempt.ended_ms.is_some_and(|ended| ended.0 >= WAITED);
    let certainty = if waited { Certainty::Likely } else { Certainty::Possible };
    let mut because = vec![Clue::DatagramUnanswered];
    if attempt.is_local() {
        because.push(Clue::TargetIsLocal);
        return Some(
            Finding::new(Code::TimeoutPortSilent, certainty, Culprit::Target, &because)
                .variant("local")
                .or(&[Code::LocalFirewallDrop]),
        );
    }
    let path = view.path();
    let up = path.is_some_and(|path| path.target_is_up());
    if up || super::silence::neighbour_answered(view) {
        because.push(if up { Clue::TargetAnswers } else { Clue::NeighbourAnswered });
        // The hops were asked about another port: they do not tell where this one's datagrams end.
        let near = attempt.route().is_some() && attempt.gateway().is_none();
        let culprit = if near { Culprit::Target } else { Culprit::Path { after: None } };
        return Some(
            Finding::new(Code::TimeoutPortSilent, certainty, culprit, &because)
                .or(&[Code::LocalReplyDropped, Code::TimeoutTooShort]),
        );
    }
    let after = path.filter(|path| path.asked_hops()).map(|path| path.last_hop());
    because.extend(after.is_some().then_some(Clue::Path));
    let finding = Finding::new(Code::TimeoutSilent, certainty, Culprit::Path { after }, &because);
    Some(finding.or(&[Code::TimeoutPortSilent, Code::LocalReplyDropped, Code::TimeoutTooShort]))
}
