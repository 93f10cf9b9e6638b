//! Rules about ICMP errors: this host's own, a router's, the target's, and those that only the sweep drew.

use super::on_link::silent_link;
use super::silence::silent_before;
use super::trials::{is_forwarded, is_kept, passed_loopback};
use super::view::View;
use super::{Culprit, Finding, icmp};
use crate::model::{Family, Icmp, NeighbourState, QueueEntry, TcpState, Transport, Trial};
use crate::plan::MOST_HOPS;
use crate::verdict::{Certainty, Clue, Code, Variant};
use nix::errno::Errno as E;
use std::net::IpAddr;

/// Asking a neighbour takes the kernel three seconds; nothing else here takes one.
const RESOLVING: f64 = 900.0;

/// An ICMP error from an address of this host was made on this host: a foreign packet with our own source
/// address is dropped as a martian (fib_validate_source).
pub(super) fn own_icmp(view: &View) -> Option<Finding> {
    let (icmp, entry) = view.icmp()?;
    if !view.is_ours(entry) {
        return None;
    }
    if icmp.is_time_exceeded() {
        return Some(worn_out_here(view, entry));
    }
    // The kernel reports an unanswered neighbour as host unreachable from itself (ipv4_link_failure), after
    // three seconds of asking; a filter answers at once, and in any words.
    let host = icmp::is_host_unreachable(icmp) && !view.attempt.is_local();
    let silent = matches!(view.neighbour(), Some(NeighbourState::Failed | NeighbourState::Incomplete));
    let unknown = matches!(view.neighbour(), None | Some(NeighbourState::Absent));
    // A device without neighbours has an entry all the same, in IPv6.
    let without = view.neighbour() == Some(NeighbourState::Noarp);
    // The repeat of a SYN draws the same error a second later: the first one tells how long it took.
    let first =
        view.attempt.queue.seen().and_then(|all| all.iter().map(|entry| entry.at_ms.0).reduce(f64::min));
    let late = first.is_some_and(|first| first >= RESOLVING);
    let mut because = vec![Clue::IcmpError, Clue::IcmpFromThisHost];
    because.extend(view.attempt.is_local().then_some(Clue::TargetIsLocal));
    if host && silent {
        because.push(Clue::NeighbourSilent);
        // Somebody else may have been asking when this host's filter answered.
        let sure = late && !view.waits_for_another();
        let certainty = if sure { Certainty::Certain } else { Certainty::Likely };
        let finding = silent_link(view, certainty, &because);
        let finding = if sure { finding } else { finding.or(&[Code::LocalFirewallReject]) };
        return Some(silent_before(view, finding));
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
    // Others can have this address too: a filter's answer is here, over loopback, before `connect` returns. A filter may
    // answer some SYNs and not others.
    let passed = |trial: &Trial| trial.counters.loopback_out > 0;
    let here = view.trials().iter().any(|trial| trial.answer.is_some() && passed(trial));
    if !view.attempt.is_local() && !here && !view.trials().iter().all(passed) {
        let (code, culprit, variant) = sender_of(view, icmp, entry.sender);
        let because = [Clue::IcmpError, Clue::LeftThisHost];
        return Some(
            Finding::new(code, Certainty::Likely, culprit, &because)
                .variant(variant)
                .or(&[Code::LocalFirewallReject]),
        );
    }
    // An address of this host may stand for something behind it (a published container port), and a device
    // without neighbours may fail in the same words.
    // Whoever's neighbour answers may have sent this flow another way: a filter does not take so long.
    // One SYN may have met other traffic.
    let few = view.trials().len() < 2;
    let elsewhere =
        !view.attempt.is_local() && (few || (host && (unknown || without || late)) || came_later(view));
    let certain = passed_loopback(view) && is_kept(view) && !elsewhere;
    let certainty = if certain { Certainty::Certain } else { Certainty::Likely };
    let finding = Finding::new(Code::LocalFirewallReject, certainty, Culprit::Client, &because);
    Some(if certain { finding } else { finding.or(&[icmp::code_of(icmp)]) })
}

/// The TTL ran out at this host: what it sent came back to it, and it was to pass it on. A filter can't say so.
fn worn_out_here(view: &View, entry: &QueueEntry) -> Finding {
    worn_out(view, entry.sender).unwrap_or_else(|| {
        let because = [Clue::IcmpError, Clue::IcmpFromThisHost];
        Finding::new(Code::UnreachableIcmpOther, Certainty::Likely, Culprit::Client, &because)
            .variant("time-exceeded")
            .or(&[Code::UnreachableLoop])
    })
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
    // What a router has counted down is from behind this link: the destination is rewritten here, and with it the name.
    // A tunnel has no neighbours, and its peer forwards: IPv6 tells that, in IPv4 nothing tells it from a neighbour that
    // nobody has asked for.
    let without = matches!(view.neighbour(), None | Some(NeighbourState::Noarp));
    let behind = !far && view.attempt.gateway().is_none() && entry.was_routed() && !without;
    let nearer = named.is_some_and(|path| path.may_be_nearer()) || (from_gateway && !reached()) || behind;
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
    let certain = !view.is_udp() && view.trials().len() > 1 && passed_loopback(view) && is_kept(view);
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
        let whole = own_ttl.is_some_and(|ttl| ttl > u32::from(MOST_HOPS));
        // What comes back to this host is no load that is shared.
        let own_end = view.attempt.source.map(|source| source.ip());
        let comes_back = path.repeating().iter().any(|(_, router)| Some(*router) == own_end);
        return Some(if sender.is_some() && whole && (path.is_round() || comes_back) {
            let because = [Clue::IcmpError, Clue::RoutersRepeat, Clue::OwnTtl];
            Finding::new(Code::UnreachableLoop, Certainty::Certain, culprit, &because)
        } else {
            let other = if sender.is_some() { Code::UnreachableIcmpOther } else { Code::TimeoutSilent };
            Finding::new(Code::UnreachableLoop, Certainty::Likely, culprit, &[Clue::RoutersRepeat])
                .or(&[other])
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
