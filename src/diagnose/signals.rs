//! Rules about what came back: a handshake, an ICMP error, a reset.

use super::view::View;
use super::{Culprit, Finding, icmp};
use crate::model::{AfterHandshake, NeighbourState, TcpState};
use crate::verdict::{Certainty, Clue, Code};
use nix::errno::Errno as E;

pub(super) fn handshake(view: &View) -> Option<Finding> {
    let attempt = view.attempt;
    // A reset right behind the SYN-ACK may be here before the first look: ECONNRESET, or a closed socket that
    // two segments reached and that names no error.
    let reset_at_once = attempt.failed.is_none()
        && match view.so_error() {
            Some(errno) => errno == E::ECONNRESET,
            None => {
                attempt.connected_ms.is_none()
                    && view.icmp().is_none()
                    && view.tcp().is_some_and(|tcp| {
                        tcp.state == TcpState::Close && tcp.segments_in.is_some_and(|segments| segments >= 2)
                    })
            }
        };
    if reset_at_once {
        return Some(Finding::new(
            Code::ServiceReset,
            Certainty::Certain,
            Culprit::Service,
            &[Clue::PeerReset],
        ));
    }
    attempt.connected_ms?;
    if attempt
        .source
        .is_some_and(|source| (source.ip(), source.port()) == (attempt.address.ip(), attempt.address.port()))
    {
        let because = [Clue::Handshake, Clue::SameEnds];
        return Some(Finding::new(Code::RefusedSelfConnect, Certainty::Certain, Culprit::Client, &because));
    }
    let broken =
        |code, clue| Some(Finding::new(code, Certainty::Certain, Culprit::Service, &[Clue::Handshake, clue]));
    match attempt.after.seen() {
        Some(AfterHandshake::Closed) => broken(Code::ServiceClosed, Clue::PeerClosed),
        Some(AfterHandshake::Reset) => broken(Code::ServiceReset, Clue::PeerReset),
        Some(AfterHandshake::Quiet | AfterHandshake::Data(_)) | None => Some(Finding {
            culprit: None,
            ..Finding::new(Code::ConnectedOk, Certainty::Certain, Culprit::Service, &[Clue::Handshake])
        }),
    }
}

/// An ICMP error from an address of this host was made on this host: a foreign packet with our own source
/// address is dropped as a martian (fib_validate_source).
pub(super) fn own_icmp(view: &View) -> Option<Finding> {
    let (icmp, entry) = view.icmp()?;
    if !view.is_ours(entry) {
        return None;
    }
    // The kernel reports an unanswered neighbour as host unreachable from itself (ipv4_link_failure).
    let silent_neighbour = match view.neighbour() {
        Some(state) => {
            matches!(state, NeighbourState::Failed | NeighbourState::Incomplete | NeighbourState::Absent)
        }
        // Without a look at the table: resolving gives up after three seconds, a filter at once.
        None => entry.at_ms.0 >= 900.0 && view.attempt.neighbour.was_asked(),
    };
    if icmp::is_host_unreachable(icmp) && silent_neighbour && !view.attempt.is_local() {
        let looked = view.neighbour().is_some();
        let because: &[Clue] = if looked {
            &[Clue::IcmpError, Clue::IcmpFromThisHost, Clue::NeighbourSilent]
        } else {
            &[Clue::IcmpError, Clue::IcmpFromThisHost]
        };
        let certainty = if looked { Certainty::Certain } else { Certainty::Likely };
        return Some(silent_link(view, certainty, because));
    }
    let because = [Clue::IcmpError, Clue::IcmpFromThisHost];
    Some(Finding::new(Code::LocalFirewallReject, Certainty::Certain, Culprit::Client, &because))
}

/// The gateway or the target itself, whichever the SYN has to go through first.
pub(super) fn silent_link(view: &View, certainty: Certainty, because: &[Clue]) -> Finding {
    match view.attempt.gateway() {
        Some(gateway) => {
            Finding::new(Code::UnreachableGateway, certainty, Culprit::Link { address: gateway }, because)
        }
        None => Finding::new(
            Code::UnreachableNeighbor,
            certainty,
            Culprit::Link { address: view.target() },
            because,
        ),
    }
}

pub(super) fn foreign_icmp(view: &View) -> Option<Finding> {
    let (icmp, entry) = view.icmp()?;
    let code = icmp::code_of(icmp);
    let (culprit, variant) = match entry.sender {
        Some(sender) if sender == view.target() => {
            (Culprit::Target, if code == Code::RefusedIcmpPort { "" } else { "target" })
        }
        Some(address) => (
            Culprit::Router { address, hop: None },
            if code == Code::RefusedIcmpPort { "router" } else { "" },
        ),
        None => (Culprit::Path { after: None }, ""),
    };
    if icmp::is_time_exceeded(icmp) {
        return Some(
            Finding::new(code, Certainty::Likely, culprit, &[Clue::IcmpError])
                .variant("time-exceeded")
                .or(&[Code::UnreachableLoop]),
        );
    }
    // Nobody looked whether the sender is this host: then it may be this host's filter.
    let certainty =
        if entry.sender_is_ours.seen().is_some() { Certainty::Certain } else { Certainty::Likely };
    Some(Finding::new(code, certainty, culprit, &[Clue::IcmpError]).variant(variant))
}

/// `ECONNREFUSED` that no ICMP error explains, on a socket that a segment reached.
pub(super) fn reset(view: &View) -> Option<Finding> {
    if view.so_error()? != E::ECONNREFUSED {
        return None;
    }
    let segments_in = view.tcp().and_then(|tcp| tcp.segments_in);
    let no_icmp = view.attempt.queue.seen().is_some();
    match segments_in {
        Some(0) => return None,
        None if !no_icmp => return None,
        Some(_) | None => {}
    }
    // Whoever sends resets in the target's name, or filters on the way in here, gives the same evidence.
    let mut because = vec![Clue::SynReset];
    let (variant, alternatives): (_, &[Code]) = if view.attempt.is_local() {
        because.push(Clue::TargetIsLocal);
        ("local", &[Code::AliasBoundElsewhere, Code::LocalFirewallReject])
    } else {
        ("", &[Code::RefusedRstForged, Code::LocalFirewallReject])
    };
    Some(
        Finding::new(Code::RefusedRst, Certainty::Likely, Culprit::Target, &because)
            .variant(variant)
            .or(alternatives),
    )
}

/// An error that ended the attempt while its packet stayed hidden: a kernel without an error queue for TCP.
pub(super) fn unseen_error(view: &View) -> Option<Finding> {
    let errno = view.so_error()?;
    let ended = view.tcp().is_none_or(|tcp| tcp.state == TcpState::Close);
    if !ended || errno == E::ETIMEDOUT {
        return None;
    }
    let nobody = Culprit::Path { after: None };
    let because = [Clue::SoError];
    let finding = match errno {
        // A reset would have reached the socket.
        E::ECONNREFUSED => {
            Finding::new(Code::RefusedIcmpPort, Certainty::Likely, nobody, &because).variant("unseen")
        }
        _ => Finding::new(Code::UnreachableIcmpOther, Certainty::Possible, nobody, &because)
            .variant("unseen")
            .or(&[Code::UnreachableIcmpHost, Code::UnreachableNeighbor, Code::UnreachableGateway]),
    };
    Some(finding)
}
