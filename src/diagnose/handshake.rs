//! Rules about a handshake: what came after it, and whether anybody took the connection.

use super::view::View;
use super::{Culprit, Finding, alias};
use crate::model::{AfterHandshake, Attempt, Listening, NeighbourState, PeerEnd, TcpState};
use crate::verdict::{Certainty, Clue, Code};
use nix::errno::Errno as E;
use std::net::SocketAddr;

pub(super) fn completed(view: &View) -> Option<Finding> {
    let attempt = view.attempt;
    // A reset right behind the SYN-ACK may be here before the first look: ECONNRESET, or a closed socket that
    // two segments reached and that names no error.
    let spoke = matches!(attempt.after.seen(), Some(AfterHandshake::Data(_)));
    let reset_at_once = attempt.failed.is_none()
        && !spoke
        && match view.so_error() {
            // EPIPE: the peer had closed before it reset (tcp_reset).
            Some(errno) => matches!(errno, E::ECONNRESET | E::EPIPE),
            None => {
                attempt.connected_ms.is_none()
                    && view.icmp().is_none()
                    && view.tcp().is_some_and(|tcp| {
                        tcp.state == TcpState::Close && tcp.segments_in.is_some_and(|segments| segments >= 2)
                    })
            }
        };
    let broken = |code, because: &[Clue]| {
        let mut because = because.to_vec();
        let acceptor = acceptor(view);
        because.extend(acceptor.is_some().then_some(Clue::AcceptedBy));
        let finding = Finding::new(code, Certainty::Certain, Culprit::Service, &because);
        Some(if acceptor.is_some_and(is_proxy) { finding.variant("proxy") } else { finding })
    };
    if reset_at_once {
        return broken(Code::ServiceReset, &[Clue::PeerReset]);
    }
    attempt.connected_ms?;
    let timeout = view.evidence.request.timeout_ms;
    if !attempt.is_in_time(timeout) {
        // One SYN and its answer: the time between is the round trip. After a repeat it may be a lost SYN.
        let one_syn = view.tcp().and_then(|tcp| tcp.retransmits) == Some(0);
        let certainty = if one_syn { Certainty::Certain } else { Certainty::Likely };
        let finding = Finding::new(Code::TimeoutTooShort, certainty, Culprit::Client, &[Clue::LateAnswer]);
        let finding = if one_syn { finding } else { finding.or(&[Code::TimeoutSilent]) };
        return Some(unless_neighbour_was_late(attempt, finding));
    }
    if attempt.source.is_some_and(|source| is_same_end(source, attempt.address)) {
        let because = [Clue::Handshake, Clue::SameEnds];
        return Some(Finding::new(Code::RefusedSelfConnect, Certainty::Certain, Culprit::Client, &because));
    }
    match attempt.after.seen() {
        Some(AfterHandshake::Closed) => broken(Code::ServiceClosed, &[Clue::Handshake, Clue::PeerClosed]),
        Some(AfterHandshake::Reset) => broken(Code::ServiceReset, &[Clue::Handshake, Clue::PeerReset]),
        after => {
            // Whoever spoke has accepted it since.
            let spoke = matches!(after, Some(AfterHandshake::Data(_)));
            if let Some(finding) = not_accepted(view).filter(|_| !spoke) {
                return Some(finding);
            }
            let mut because = vec![Clue::Handshake];
            because.extend(after.map(|after| match after {
                AfterHandshake::Data(_) => Clue::PeerSpoke,
                _ => Clue::StayedOpen,
            }));
            let finding = Finding::new(Code::ConnectedOk, Certainty::Certain, Culprit::Service, &because);
            Some(Finding { culprit: None, ..finding })
        }
    }
}

/// A neighbour that is there answers within a few ms.
const NEIGHBOUR_IS_LATE: f64 = 100.0;

/// What had to wait for a neighbour first was late for that: it was no round trip.
pub(super) fn unless_neighbour_was_late(attempt: &Attempt, finding: Finding) -> Finding {
    let late = attempt.neighbour.seen().is_some_and(|samples| {
        samples
            .iter()
            .any(|sample| sample.state == NeighbourState::Incomplete && sample.at_ms.0 >= NEIGHBOUR_IS_LATE)
    });
    let link = match attempt.gateway() {
        Some(_) => Code::UnreachableGateway,
        None => Code::UnreachableNeighbor,
    };
    if late { finding.unless(link) } else { finding }
}

/// The listener of this host that the connection belongs to.
fn acceptor<'a>(view: &View<'a>) -> Option<&'a Listening> {
    let local = view.attempt.is_local();
    let takes = |listening: &&Listening| alias::takes(view.evidence, listening, view.target());
    alias::on_port(view.evidence).filter(|_| local).find(takes)
}

/// Programs that do nothing but accept for others, by their names; the kernel cuts a name to 15 bytes (`TASK_COMM_LEN`).
pub(crate) const PROXIES: &[&str] = &[
    "docker-proxy",
    "rootlessport",
    "rootlesskit",
    "slirp4netns",
    "pasta",
    "passt",
    "gvproxy",
    "haproxy",
    "socat",
    "systemd-socket-",
];

fn is_proxy(listening: &Listening) -> bool {
    let named = |name: &str| PROXIES.contains(&name);
    listening.leads_to.is_some() || listening.owner.process.seen().is_some_and(|process| named(&process.name))
}

/// A program that has not accepted for this long may be busy, but does not accept.
pub(super) const UNACCEPTED: f64 = 2900.0;

/// The handshake is the kernel's work: here the program never took the connection from the accept queue.
fn not_accepted(view: &View) -> Option<Finding> {
    let acceptance = view.attempt.acceptance.seen()?;
    let full = acceptance.listener.as_ref().is_some_and(|listener| listener.queue > listener.queue_limit);
    let sure = match acceptance.peer {
        PeerEnd::Unaccepted => acceptance.after_ms.0 >= UNACCEPTED,
        // A handshake whose last ACK found the queue full looks like one that waits for data.
        PeerEnd::Deferred if full => false,
        _ => return None,
    };
    let because = [Clue::Handshake, Clue::NotAccepted];
    let certainty = if sure { Certainty::Certain } else { Certainty::Likely };
    let finding = Finding::new(Code::ServiceNotAccepting, certainty, Culprit::Service, &because);
    Some(if sure { finding } else { finding.or(&[Code::ConnectedOk]) })
}

/// Whether both ends are one; 0.0.0.0 and :: are connected to loopback.
pub(super) fn is_same_end(source: SocketAddr, target: SocketAddr) -> bool {
    let same_address =
        source.ip() == target.ip() || (target.ip().is_unspecified() && source.ip().is_loopback());
    same_address && source.port() == target.port()
}
