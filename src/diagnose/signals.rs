//! Rules about what came back: a handshake, an ICMP error, a reset.

use super::on_link::{OnLink, on_link};
use super::view::View;
use super::{Culprit, Finding, alias, icmp};
use crate::model::{
    AfterHandshake, Family, Icmp, Listening, NeighbourState, PathAnswer, PeerEnd, QueueEntry, TcpState,
    Transport, Trial,
};
use crate::plan::MOST_HOPS;
use crate::verdict::{Certainty, Clue, Code, Variant};
use nix::errno::Errno as E;
use std::net::{IpAddr, SocketAddr};

pub(super) fn handshake(view: &View) -> Option<Finding> {
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
    let connected = attempt.connected_ms?;
    if connected > view.evidence.request.timeout_ms {
        // One SYN and its answer: the time between is the round trip. After a repeat it may be a lost SYN.
        let one_syn = view.tcp().and_then(|tcp| tcp.retransmits) == Some(0);
        let certainty = if one_syn { Certainty::Certain } else { Certainty::Likely };
        let finding = Finding::new(Code::TimeoutTooShort, certainty, Culprit::Client, &[Clue::LateAnswer]);
        return Some(if one_syn { finding } else { finding.or(&[Code::TimeoutSilent]) });
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

/// Asking a neighbour takes the kernel three seconds; nothing else here takes one.
const RESOLVING: f64 = 900.0;

/// An ICMP error from an address of this host was made on this host: a foreign packet with our own source
/// address is dropped as a martian (fib_validate_source).
pub(super) fn own_icmp(view: &View) -> Option<Finding> {
    let (icmp, entry) = view.icmp()?;
    if !view.is_ours(entry) {
        return None;
    }
    // The kernel reports an unanswered neighbour as host unreachable from itself (ipv4_link_failure), after
    // three seconds of asking; a filter answers at once, and in any words.
    let host = icmp::is_host_unreachable(icmp) && !view.attempt.is_local();
    let silent = matches!(view.neighbour(), Some(NeighbourState::Failed | NeighbourState::Incomplete));
    let unknown = matches!(view.neighbour(), None | Some(NeighbourState::Absent));
    // The repeat of a SYN draws the same error a second later: the first one tells how long it took.
    let first =
        view.attempt.queue.seen().and_then(|all| all.iter().map(|entry| entry.at_ms.0).reduce(f64::min));
    let late = first.is_some_and(|first| first >= RESOLVING);
    let mut because = vec![Clue::IcmpError, Clue::IcmpFromThisHost];
    if host && silent {
        because.push(Clue::NeighbourSilent);
        // Somebody else may have been asking when this host's filter answered.
        let sure = late && !view.waits_for_another();
        let certainty = if sure { Certainty::Certain } else { Certainty::Likely };
        let finding = silent_link(view, certainty, &because);
        return Some(if sure { finding } else { finding.or(&[Code::LocalFirewallReject]) });
    }
    if host && unknown && late {
        return Some(silent_link(view, Certainty::Likely, &because).or(&[Code::LocalFirewallReject]));
    }
    if host && late {
        return Some(detour(&because));
    }
    let code = icmp::code_of(icmp);
    if is_forwarded(view) {
        return Some(
            Finding::new(code, Certainty::Likely, Culprit::Target, &[Clue::IcmpError, Clue::NotOverLoopback])
                .or(&[Code::LocalFirewallReject]),
        );
    }
    // A filter on the way out fails the call as well (udp_send_skb).
    let sent = view.is_udp() && view.attempt.failed.is_none() && !view.attempt.is_local();
    if sent && code == Code::RefusedIcmpPort {
        return Some(
            Finding::new(code, Certainty::Likely, Culprit::Client, &because)
                .variant("intercepted")
                .or(&[Code::LocalFirewallReject]),
        );
    }
    // An address of this host may stand for something behind it (a published container port), and a device
    // without neighbours may fail in the same words.
    // Whoever's neighbour answers may have sent this flow another way: a filter does not take so long.
    let certain = if view.attempt.is_local() {
        passed_loopback(view)
    } else {
        !(host && (unknown || late)) && !came_later(view)
    };
    let certainty = if certain { Certainty::Certain } else { Certainty::Likely };
    let finding = Finding::new(Code::LocalFirewallReject, certainty, Culprit::Client, &because);
    Some(if certain { finding } else { finding.or(&[icmp::code_of(icmp)]) })
}

/// Somebody was asked for in vain, and it is not the neighbour that the route names: a rule marks the packets for
/// another table, or their destination is rewritten (a packet filter, a control group's program).
fn detour(because: &[Clue]) -> Finding {
    Finding::new(Code::UnreachableGateway, Certainty::Likely, Culprit::Client, because)
        .variant("detour")
        .or(&[Code::UnreachableNeighbor, Code::LocalFirewallReject])
}

/// An error made while connect holds the socket's lock is only noted, and the repeat of the SYN draws the one that
/// counts; this one counted at once, so it came later. IPv6 takes packets with its own source address from outside,
/// IPv4 does not (fib_validate_source).
fn came_later(view: &View) -> bool {
    view.family() == Family::V6 && !view.is_udp() && view.tcp().is_some_and(|tcp| tcp.timeouts == 0)
}

/// The gateway or the target itself, whichever the SYN has to go through first.
pub(super) fn silent_link(view: &View, certainty: Certainty, because: &[Clue]) -> Finding {
    let target = view.target();
    // Whose entry was looked at tells it where the route could not be read, or leads another way than the flow.
    let asked = view.attempt.last_neighbour().map(|sample| sample.address);
    let next = asked.or(view.attempt.gateway()).filter(|next| *next != target);
    let (code, address) = match next {
        Some(gateway) => (Code::UnreachableGateway, gateway),
        None => (Code::UnreachableNeighbor, target),
    };
    let finding = Finding::new(code, certainty, Culprit::Link { address }, because);
    let here = |own, clue| {
        let because: Vec<Clue> = because.iter().copied().chain([clue]).collect();
        Finding::new(own, Certainty::Likely, Culprit::Client, &because).variant("discovery").or(&[code])
    };
    // ARP and neighbour discovery pass filters of this host too.
    let finding = match on_link(view) {
        Some(OnLink::NothingSent) => return here(Code::LocalFirewallDrop, Clue::DeviceSentNothing),
        Some(OnLink::HeardWhenDue) => return here(Code::LocalReplyDropped, Clue::DeviceHeardAnswers),
        Some(OnLink::SomeSent) => finding.unless(Code::LocalFirewallDrop),
        Some(OnLink::Heard) => finding.unless(Code::LocalReplyDropped),
        Some(OnLink::NothingHeard) | None => finding,
    };
    // Without carrier nobody answers either.
    if super::local::route_device(view).is_some() { finding } else { finding.unless(Code::LocalInterface) }
}

pub(super) fn foreign_icmp(view: &View) -> Option<Finding> {
    let (icmp, entry) = view.icmp()?;
    if host_unreachable_here(view, icmp, entry) {
        return Some(detour(&[Clue::IcmpError, Clue::NoRepeat]));
    }
    let (code, culprit, variant) = sender_of(view, icmp, entry.sender);
    if icmp.is_time_exceeded() {
        if let Some(finding) = worn_out(view, entry.sender) {
            return Some(finding);
        }
        return Some(
            Finding::new(code, Certainty::Likely, culprit, &[Clue::IcmpError])
                .variant("time-exceeded")
                .or(&[Code::UnreachableLoop]),
        );
    }
    let finding = Finding::new(code, Certainty::Certain, culprit, &[Clue::IcmpError]).variant(variant);
    if entry.sender_is_ours.seen().is_none() {
        // Nobody looked whether the sender is this host: then it may be this host's filter.
        return Some(finding.unless(Code::LocalFirewallReject));
    }
    let far = entry.sender != Some(view.target()) || view.attempt.is_local();
    let origin = if far { Origin::Beyond } else { origin(view, entry) };
    match origin {
        Origin::Here => return Some(answered_here(view, finding)),
        Origin::OwnNeighbour => {
            return Some(finding.unless(Code::LocalFirewallReject).unless(Code::UnreachableGateway));
        }
        Origin::Beyond | Origin::Unknown => {}
    }
    // A filter below IP answers in the target's name, and so does address translation.
    let named = view.path().filter(|_| entry.sender == Some(view.target()));
    if let Some((hop, beyond)) = named.and_then(|path| path.in_targets_name()) {
        let culprit = Culprit::Router { address: Some(beyond), hop: Some(hop) };
        let because = [Clue::IcmpError, Clue::IcmpFromNearer];
        return Some(Finding::new(code, Certainty::Likely, culprit, &because).variant("nearer"));
    }
    // Nothing counted its TTL down: it is from the gateway, be that the target or not.
    let from_gateway = !far && view.attempt.gateway().is_some() && !entry.was_routed();
    let reached = || view.path().is_some_and(|path| path.reached_at(1));
    let nearer = named.is_some_and(|path| path.may_be_nearer()) || (from_gateway && !reached());
    let finding = if nearer { Finding { certainty: Certainty::Likely, ..finding } } else { finding };
    Some(if matches!(origin, Origin::Unknown) { finding.unless(Code::LocalFirewallReject) } else { finding })
}

/// Where an ICMP error with the target's own address was made. This host can make one as well: what is rewritten to
/// an address of its own, or to a neighbour, is answered in the name of the target (nf_nat).
enum Origin {
    Beyond,
    Here,
    /// It may be this host's own kernel that has asked a neighbour in vain.
    OwnNeighbour,
    Unknown,
}

fn origin(view: &View, entry: &QueueEntry) -> Origin {
    if view.attempt.gateway().is_some() && entry.was_routed() {
        return Origin::Beyond;
    }
    let repeated = view.tcp().and_then(|tcp| tcp.retransmits).is_some_and(|repeats| repeats > 0);
    let unreachable = entry.icmp().is_some_and(icmp::is_host_unreachable);
    if unreachable && entry.at_ms.0 >= RESOLVING && !repeated {
        return Origin::OwnNeighbour;
    }
    // Other traffic can only add to a counter.
    let passed = |trial: &Trial| trial.counters.loopback_out > 0;
    match view.trials() {
        [] => Origin::Unknown,
        trials if trials.iter().all(passed) => Origin::Here,
        _ => Origin::Beyond,
    }
}

/// An ICMP error in the target's name that came over the loopback device: what this host redirects to itself has no
/// receiver, if it is a datagram, or its input filter rejects it. TCP answers by resets.
fn answered_here(view: &View, beyond: Finding) -> Finding {
    let because = [Clue::IcmpError, Clue::OverLoopback];
    if view.is_udp() && beyond.code == Code::RefusedIcmpPort {
        return Finding::new(beyond.code, Certainty::Likely, Culprit::Client, &because)
            .variant("intercepted")
            .or(&[Code::LocalFirewallReject]);
    }
    // One SYN may have met other traffic.
    let certain = !view.is_udp() && view.trials().len() > 1 && passed_loopback(view);
    let certainty = if certain { Certainty::Certain } else { Certainty::Likely };
    let finding = Finding::new(Code::LocalFirewallReject, certainty, Culprit::Client, &because);
    if certain { finding } else { finding.or(&[beyond.code]) }
}

/// Host unreachable in the target's name, while the timer ran out and no SYN could be sent again: the first one was
/// still held here, for a neighbour (`__tcp_retransmit_skb`).
fn host_unreachable_here(view: &View, icmp: Icmp, entry: &QueueEntry) -> bool {
    let held = view.tcp().is_some_and(|tcp| {
        tcp.timeouts > 0 && tcp.retransmits == Some(0) && tcp.segments_in.is_none_or(|segments| segments == 0)
    });
    icmp::is_host_unreachable(icmp) && entry.sender == Some(view.target()) && held
}

/// The verdict of an ICMP error, who sent it, and how to word it.
fn sender_of(view: &View, icmp: Icmp, sender: Option<IpAddr>) -> (Code, Culprit, Variant) {
    let code = icmp::code_of(icmp);
    let is_port = code == Code::RefusedIcmpPort;
    match sender {
        Some(sender) if sender == view.target() => {
            let variant = match view.attempt.transport {
                _ if !is_port => "target",
                Transport::Udp => "udp",
                _ => "",
            };
            (code, Culprit::Target, variant)
        }
        Some(address) => {
            let hop = view.path().and_then(|path| path.hop_of(address));
            (code, Culprit::Router { address: Some(address), hop }, if is_port { "router" } else { "" })
        }
        None => (code, Culprit::Path { after: None }, ""),
    }
}

/// The TTL ran out: in a loop, or because this host's own is too small.
pub(super) fn worn_out(view: &View, sender: Option<IpAddr>) -> Option<Finding> {
    let path = view.path()?;
    let route_ttl = view.attempt.route().and_then(|route| route.hop_limit);
    let own_ttl = route_ttl.or(view.attempt.own_ttl.seen().copied());
    if let Some((hop, address)) = path.repeating().first().copied() {
        let culprit = Culprit::Router { address: Some(address), hop: Some(hop) };
        // SYNs of a sweep may take ways of unequal length; a whole TTL is not worn out by that.
        let worn = sender.is_some() && own_ttl.is_some_and(|ttl| ttl > u32::from(MOST_HOPS));
        return Some(if worn {
            let because = [Clue::IcmpError, Clue::RoutersRepeat, Clue::OwnTtl];
            Finding::new(Code::UnreachableLoop, Certainty::Certain, culprit, &because)
        } else {
            Finding::new(Code::UnreachableLoop, Certainty::Likely, culprit, &[Clue::RoutersRepeat])
                .or(&[Code::TimeoutSilent])
        });
    }
    let router = sender?;
    let hop = path.hop_of(router)?;
    if !path.goes_beyond(hop, router) {
        return None;
    }
    let mut because = vec![Clue::IcmpError, Clue::GreaterTtlPasses];
    because.extend(own_ttl.is_some().then_some(Clue::OwnTtl));
    let own = |certainty| {
        Finding::new(Code::UnreachableIcmpOther, certainty, Culprit::Client, &because).variant("own-ttl")
    };
    Some(match own_ttl {
        Some(ttl) if ttl == u32::from(hop) => own(Certainty::Certain),
        // It was great enough to get there: this very flow goes round, where others do not.
        Some(_) => {
            let culprit = Culprit::Router { address: sender, hop: Some(hop) };
            Finding::new(Code::UnreachableLoop, Certainty::Likely, culprit, &because)
                .variant("flow")
                .or(&[Code::UnreachableIcmpOther])
        }
        None => own(Certainty::Likely).or(&[Code::UnreachableLoop]),
    })
}

/// An ICMP error that only the sweep's SYNs drew, because routers send few of them: it counts as the
/// target's own.
pub(super) fn rejected_on_the_path(view: &View) -> Option<Finding> {
    let (icmp, from) = view.path()?.rejection()?;
    let (code, culprit, variant) = sender_of(view, icmp, Some(from));
    // Datagrams of the sweep go to another port: only what is said about the whole address holds for this one.
    let about_all = matches!(code, Code::UnreachableIcmpNet | Code::UnreachableIcmpHost);
    if !view.is_waiting() || (view.is_udp() && !about_all) {
        return None;
    }
    Some(
        Finding::new(code, Certainty::Likely, culprit, &[Clue::PathRejected])
            .variant(variant)
            .or(&[Code::TimeoutSilent]),
    )
}

/// `ECONNREFUSED` that no ICMP error explains, on a socket that a segment reached.
pub(super) fn reset(view: &View) -> Option<Finding> {
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

/// Whether an address of this host stands for something behind it: what it is sent does not pass the loopback
/// device, as everything does that this host says to itself.
pub(super) fn is_forwarded(view: &View) -> bool {
    view.attempt.is_local() && view.trials().iter().any(|trial| trial.counters.loopback_out == 0)
}

/// Whether the extra SYNs and their answers passed the loopback device, and mostly nothing else did meanwhile.
pub(super) fn passed_loopback(view: &View) -> bool {
    least_passed(view.trials()).is_some_and(|least| (1..=2).contains(&least))
}

/// So many trials that agree outweigh those in which others' packets were counted too.
const AGREEING: usize = 4;

/// How many packets went over the loopback device for each of the SYNs. Other traffic can only add to that; `None`
/// where it hides it.
fn least_passed(trials: &[Trial]) -> Option<i64> {
    let passed = || trials.iter().map(|trial| trial.counters.loopback_out);
    let least = passed().min()?;
    let agree = passed().filter(|passed| *passed == least).count();
    let most = agree >= AGREEING && agree.saturating_mul(2) > trials.len();
    (most || agree == trials.len()).then_some(least)
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
        let certain = passed_loopback(view);
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
    match open_here(view) {
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

/// Whether anything on this machine listens on the port; `None` where not everything could be looked at, or
/// something listens that may or may not be meant.
pub(super) fn open_here(view: &View) -> Option<bool> {
    let listeners = view.evidence.listeners.seen()?;
    let here = listeners.here.seen()?;
    let port = view.attempt.address.port();
    let mut on_port = here.iter().filter(|listening| listening.address.port() == port).peekable();
    if on_port.peek().is_none() {
        return listeners.elsewhere.seen()?.is_empty().then_some(false);
    }
    on_port.any(|listening| alias::takes(view.evidence, listening, view.target())).then_some(true)
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
        let quiet = least_passed(trials) == Some(1);
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
        // Nobody knows whether a segment came: most refusals are resets.
        E::ECONNREFUSED if view.tcp().is_none_or(|tcp| tcp.segments_in.is_none()) => {
            let here: &[Code] = if view.attempt.is_local() { &[Code::AliasBoundElsewhere] } else { &[] };
            Finding::new(Code::RefusedRst, Certainty::Possible, Culprit::Target, &because)
                .or(&[Code::RefusedIcmpPort, Code::RefusedRstForged])
                .or(here)
        }
        // A reset would have reached the socket.
        E::ECONNREFUSED => {
            Finding::new(Code::RefusedIcmpPort, Certainty::Likely, nobody, &because).variant("unseen")
        }
        _ => Finding::new(Code::UnreachableIcmpOther, Certainty::Possible, nobody, &because)
            .variant("unseen")
            .or(icmp::behind(errno, view.family()))
            .or(&[Code::LocalFirewallReject]),
    };
    Some(finding)
}
