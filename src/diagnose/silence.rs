//! Rules about an attempt that was still waiting when time was up: where the SYNs went.
//!
//! They read per-socket numbers, which stay exact on a busy machine (`TCP_INFO`, `SO_MEMINFO`).

use super::icmp::code_of;
use super::on_link::{held, silent_link};
use super::refusals::is_sure;
use super::rejection::worn_out;
use super::trials::is_forwarded;
use super::view::View;
use super::{Culprit, Finding, alias};
use crate::model::{Beside, Counters, Listening, NeighbourState, PathProtocol, RouteAnswer, Trial, Window};
use crate::verdict::{Certainty, Clue, Code};

/// The route went away after the first SYN: retransmissions find none (inet_sk_rebuild_header).
pub(super) fn route_lost(view: &View) -> Option<Finding> {
    let had_one = view.attempt.route().is_some();
    let lost = matches!(view.attempt.route_at_end.seen(), Some(RouteAnswer::Refused(_)));
    (view.is_waiting() && had_one && lost).then(|| {
        let because = [view.unanswered(), Clue::NoRoute];
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
        NeighbourState::Failed if held && !view.waits_for_another() => {
            let held = if view.is_udp() { Clue::DatagramHeld } else { Clue::SynHeld };
            let finding = silent_link(view, Certainty::Certain, &[held, Clue::NeighbourSilent]);
            Some(silent_before(view, finding))
        }
        // Asked, and no answer yet: how long it has had is what makes the difference.
        NeighbourState::Incomplete | NeighbourState::Failed => {
            let finding = silent_link(view, Certainty::Likely, &[Clue::NeighbourSilent]);
            let alternatives: &[Code] = match finding.code {
                Code::UnreachableGateway => &[Code::TimeoutSilent],
                Code::UnreachableNeighbor => &[Code::TimeoutPortSilent],
                // Nothing has left this host, or nothing gets in.
                _ => &[],
            };
            Some(finding.or(alternatives))
        }
        // Known, in use, and it leaves the kernel's probes unanswered.
        NeighbourState::Probe if view.attempt.gateway().is_some() && heard_nothing(view) => Some(
            silent_link(view, Certainty::Likely, &[view.unanswered(), Clue::NeighbourSilent])
                .variant("stale")
                .or(&[Code::TimeoutSilent]),
        ),
        _ => None,
    }
}

/// What was silent before the neighbour was may be so without that.
pub(super) fn silent_before(view: &View, finding: Finding) -> Finding {
    let silence = match finding.code {
        Code::UnreachableNeighbor => Code::TimeoutPortSilent,
        _ => Code::TimeoutSilent,
    };
    if view.was_through() { finding.unless(silence) } else { finding }
}

fn heard_nothing(view: &View) -> bool {
    view.tcp().is_none_or(|tcp| tcp.segments_in.is_none_or(|segments| segments == 0))
}

/// The timer ran out and nothing was sent again: the first SYN is still held here, or it left and the repeats
/// find their own address gone (inet_sk_rebuild_header).
pub(super) fn stuck_here(view: &View) -> Option<Finding> {
    let tcp = view.tcp()?;
    let nothing_sent_again = tcp.timeouts > 0 && tcp.retransmits? == 0;
    if !view.is_waiting() || !nothing_sent_again || !heard_nothing(view) {
        return None;
    }
    let held = *view.attempt.unsent_bytes.seen()? > 0;
    Some(if held {
        // Its neighbour answers (the rule before this one), so a queue of this host has it.
        Finding::new(Code::LocalFirewallDrop, Certainty::Likely, Culprit::Client, &[Clue::SynHeld])
            .variant("queue")
            .or(&[Code::LocalLimits])
    } else {
        Finding::new(Code::LocalSourceAddress, Certainty::Likely, Culprit::Client, &[Clue::NoRepeat])
            .variant("lost")
            .or(&[Code::UnreachableNoRoute])
    })
}

pub(super) fn answers_rejected(view: &View) -> Option<Finding> {
    let rejected = view.tcp()?.segments_in? > 0;
    (view.is_waiting() && rejected).then(|| {
        let culprit = Culprit::Target;
        Finding::new(Code::TimeoutAnswerInvalid, Certainty::Likely, culprit, &[Clue::SegmentsRejected])
            .or(&[Code::TimeoutSilent])
    })
}

/// The repeats of the SYN fail inside this host, as where an output filter drops them.
pub(super) fn own_filter(view: &View) -> Option<Finding> {
    if !view.is_waiting() || !view.attempt.fails_to_repeat() {
        return None;
    }
    let mut because = vec![Clue::SynNotSent];
    because.extend(view.attempt.is_local().then_some(Clue::TargetIsLocal));
    let finding = |certainty| Finding::new(Code::LocalFirewallDrop, certainty, Culprit::Client, &because);
    let kept = kept_by_ip(view);
    let some = |what: Option<bool>| kept.contains(&what);
    let some_left = some(Some(false)) || hop_saw_syn(view) || trial_left(view);
    // What passes every filter of IP and fails all the same was dropped by the device or its queue, or has no
    // neighbour (`dev_queue_xmit`, `neigh_create`). A device that comes and goes lets some pass.
    let behind_ip = [Code::LocalLimits, Code::LocalInterface, Code::TimeoutSilent];
    if some(Some(false)) && !some(Some(true)) {
        return Some(finding(Certainty::Likely).variant("device").or(&behind_ip));
    }
    if some_left {
        let others = [Code::TimeoutPortSilent, Code::TimeoutSilent];
        return Some(finding(Certainty::Likely).variant("some").or(&others));
    }
    // What the packet filter marks is routed again, in ways of which the route lookup knows nothing
    // (ip_route_me_harder). There a route or a rule may refuse it.
    let refused = view.refusals().iter().any(|refusal| !is_sure(refusal));
    let looked = view.attempt.refusals.seen().is_some();
    let finding = finding(Certainty::Certain);
    // The loopback device has neither a queue nor neighbours.
    let all_kept = !kept.is_empty() && kept.iter().all(|kept| *kept == Some(true));
    let finding = if all_kept || view.attempt.is_local() {
        finding
    } else {
        behind_ip.into_iter().fold(finding, Finding::unless)
    };
    Some(if looked && !refused { finding } else { finding.unless(Code::UnreachableLocalRoute) })
}

/// For each repeat of the SYN, whether IP kept a packet to itself, or handed on all that it was asked to send; `None`
/// where what it forwards, or keeps from others, hides that.
fn kept_by_ip(view: &View) -> Vec<Option<bool>> {
    let windows = view.attempt.windows.seen().map(Vec::as_slice).unwrap_or_default();
    let repeats = windows.iter().enumerate().filter(|(_, window)| window.syns > 0);
    // The packet of a repeat may be counted one window away from it.
    let own = |at: usize| i64::from(around(windows, at).iter().any(|window| window.syns > 0));
    let others_kept = windows
        .iter()
        .enumerate()
        .filter(|(_, window)| window.syns == 0 && !is_blurred(view, window))
        .any(|(at, _)| held(windows, at) > own(at));
    repeats
        .map(|(at, _)| {
            // Summed up: a packet that was between two counters while they were read is in both windows.
            let sum = |count: &dyn Fn(&Counters) -> i64| {
                let near = around(windows, at).iter().map(|window| count(&window.counters));
                near.fold(0, i64::saturating_add)
            };
            let asked = sum(&|counters| counters.out_requests);
            let counted = around(windows, at).iter().all(|window| window.counters.out_transmits.is_some());
            if !counted {
                // Before Linux 6.7 IP counts what it is asked to send behind the filter.
                return (asked == 0).then_some(true);
            }
            let sent = sum(&|counters| counters.out_transmits.unwrap_or(0));
            // What is forwarded is sent, and nobody here asked for it.
            let forwarded = sum(&|counters| counters.forwarded);
            if sent < asked {
                return (!others_kept).then_some(true);
            }
            (sent >= asked.saturating_add(forwarded)).then_some(false)
        })
        .collect()
}

/// The socket and the counters are not read at the same moment: the windows before and behind belong to one.
fn around(windows: &[Window], at: usize) -> &[Window] {
    windows.get(at.saturating_sub(1)..at.saturating_add(2).min(windows.len())).unwrap_or_default()
}

/// Whether a hop has answered a SYN to the port.
fn hop_saw_syn(view: &View) -> bool {
    view.path().is_some_and(|path| !path.by_datagrams() && path.last_hop().hop > 0)
}

/// Whether IP handed on all that it was asked to send, an extra SYN among it.
fn trial_left(view: &View) -> bool {
    view.trials().iter().any(|trial| {
        let Counters { out_requests, out_transmits, forwarded, .. } = trial.counters;
        out_requests > 0 && out_transmits.is_some_and(|sent| sent >= out_requests.saturating_add(forwarded))
    })
}

/// The kernel takes a packet for sent, and it reached no device: something behind IP took it and told nobody, as a
/// policy without a security association does (`make_blackhole`, net/xfrm/xfrm_policy.c), or a queue to a program
/// (`nf_queue`, net/netfilter/nf_queue.c).
pub(super) fn taken_here(view: &View) -> Option<Finding> {
    if !view.is_waiting() || view.attempt.is_local() || (!view.is_udp() && has_left(view)) {
        return None;
    }
    // Other traffic can only add to a counter.
    let taken = |near: &[Counters]| {
        near.iter().all(|counters| counters.out_transmits == Some(0))
            && near.iter().any(|counters| counters.out_requests > 0)
    };
    let unprotected = |near: &[Counters]| {
        taken(near) && near.iter().any(|counters| counters.ipsec_unmet.is_some_and(|unmet| unmet > 0))
    };
    // What became of the last one counts: an association may be made on demand.
    let last = last_repeat(view);
    let tries = view.trials().iter().filter(|trial| trial.ttl.is_none() && trial.answer.is_none());
    let tries: Vec<[Counters; 1]> = tries.map(|trial| [trial.counters]).collect();
    let because = [view.unanswered(), Clue::NotTransmitted];
    let became = |holds: &dyn Fn(&[Counters]) -> bool| match &last {
        Some(near) => holds(near),
        None => tries.iter().any(|one| holds(one)),
    };
    if became(&unprotected) {
        let because = [&because[..], &[Clue::NoAssociation]].concat();
        return Some(
            Finding::new(Code::LocalDenied, Certainty::Likely, Culprit::Client, &because)
                .variant("ipsec")
                .or(&[Code::LocalFirewallDrop, Code::TimeoutSilent]),
        );
    }
    // What an output filter drops reaches no device either: of that the socket tells at the first repeat of a SYN,
    // and the call that sends a datagram.
    let told = view.is_udp() || last.is_some();
    (told && became(&taken)).then(|| {
        Finding::new(Code::LocalFirewallDrop, Certainty::Likely, Culprit::Client, &because)
            .variant("taken")
            .or(&[Code::LocalDenied, Code::TimeoutSilent])
    })
}

/// What was counted around the last repeat of the SYN.
fn last_repeat(view: &View) -> Option<Vec<Counters>> {
    let windows = view.attempt.windows.seen()?;
    let at = windows.iter().rposition(|window| window.syns > 0)?;
    Some(around(windows, at).iter().map(|window| window.counters).collect())
}

/// Whether an extra SYN is known to have left this host: a hop has seen it, or a device has sent it.
fn has_left(view: &View) -> bool {
    view.path().is_some_and(|path| path.last_hop().hop > 0)
        || view.trials().iter().any(|trial| trial.counters.out_transmits.is_some_and(|sent| sent > 0))
}

/// The same without waiting for a repeat: one extra SYN did not even reach a device.
pub(super) fn own_filter_at_once(view: &View) -> Option<Finding> {
    // Once a repeat was due, the socket itself tells whether SYNs leave.
    let decided = view.tcp().is_none_or(|tcp| tcp.timeouts > 0);
    if decided || !view.is_waiting() || view.attempt.is_local() {
        return None;
    }
    if has_left(view) {
        return None;
    }
    let held = view.trials().iter().any(|trial| {
        trial.ttl.is_none() && trial.answer.is_none() && trial.counters.out_transmits == Some(0)
    });
    let mut because = Vec::new();
    because.extend(held.then_some(Clue::NotTransmitted));
    because.extend(view.path().is_some_and(|path| path.datagram_denied()).then_some(Clue::DatagramDenied));
    (!because.is_empty()).then(|| {
        Finding::new(Code::LocalFirewallDrop, Certainty::Likely, Culprit::Client, &because)
            .or(&[Code::TimeoutSilent])
    })
}

/// A silent target on this host: an extra SYN was not delivered, or it overflowed the accept queue.
pub(super) fn own_target(view: &View) -> Option<Finding> {
    if !view.is_waiting() || !view.attempt.is_local() {
        return None;
    }
    let silent = || view.trials().iter().filter(|trial| trial.answer.is_none());
    // What stands for something behind it is not dropped here: what came in meanwhile were others' packets.
    let came_in = !is_forwarded(view)
        && silent().any(|trial| {
            let Counters { loopback_out, in_delivers, .. } = trial.counters;
            loopback_out > 0 && trial.counters.swallowed() > 0 && in_delivers == 0
        });
    if came_in {
        let because = [Clue::TargetIsLocal, Clue::NotDelivered];
        return Some(
            Finding::new(Code::LocalFirewallDrop, Certainty::Certain, Culprit::Client, &because)
                .variant("in"),
        );
    }
    // A socket without a handshake has no queue of them.
    if view.is_udp() {
        return None;
    }
    let full = |listening: &&Listening| listening.queue > listening.queue_limit;
    let takers = alias::takers(view.evidence, view.target());
    if !is_forwarded(view) && takers.iter().any(full) {
        let because = [Clue::TargetIsLocal, Clue::QueueFull];
        // Of several that share the port the kernel chooses one for each connection.
        let all = takers.iter().all(full);
        let finding = Finding::new(Code::TimeoutAcceptQueue, Certainty::Certain, Culprit::Service, &because);
        // The input filter comes before the queue: an extra SYN that was delivered rules it out.
        return Some(match (all, silent().next()) {
            (true, Some(_)) => finding,
            (true, None) => finding.unless(Code::LocalFirewallDrop),
            (false, _) => finding.unless(Code::TimeoutPortSilent),
        });
    }
    // The SYN was delivered, and the packet that came back over loopback was not, or did not get so far.
    let answer_kept = |trial: &Trial| {
        let Counters { in_delivers, out_requests, out_transmits, loopback_out, .. } = trial.counters;
        let on_the_way_in = loopback_out > 1 && trial.counters.swallowed() > 0;
        let on_the_way_out = out_transmits.is_some_and(|sent| sent > 0 && sent < out_requests);
        in_delivers > 0 && (on_the_way_in || on_the_way_out)
    };
    if silent().next().is_some() && silent().all(answer_kept) {
        let because = [Clue::TargetIsLocal, Clue::OwnAnswerKept];
        return Some(
            Finding::new(Code::LocalFirewallDrop, Certainty::Likely, Culprit::Client, &because)
                .variant("answer")
                .or(&[Code::TimeoutPortSilent, Code::TimeoutAcceptQueue]),
        );
    }
    let overflowed = silent().next().is_some() && silent().all(|trial| trial.counters.listen_overflows > 0);
    overflowed.then(|| {
        let because = [Clue::TargetIsLocal, Clue::QueueOverflowed];
        Finding::new(Code::TimeoutAcceptQueue, Certainty::Likely, Culprit::Service, &because)
            .or(&[Code::TimeoutPortSilent])
    })
}

/// Packets come in whenever an answer is due, and never otherwise, and go nowhere: this host drops them.
pub(super) fn reply_dropped(view: &View) -> Option<Finding> {
    if !view.is_waiting() || view.attempt.is_local() {
        return None;
    }
    let windows = view.attempt.windows.seen()?;
    let sent_in = |at: usize| windows.get(at).is_some_and(|window| window.syns > 0);
    // A window with a SYN in it and the one behind it are one chance to hear the answer.
    let chances: Vec<usize> = (0..windows.len()).filter(|at| sent_in(*at)).collect();
    let not_due = |(at, _): &(usize, &Window)| !sent_in(*at) && !at.checked_sub(1).is_some_and(sent_in);
    // What a window has too many the next takes back, if it shows: not behind the last, nor among answers.
    let hides = |at: usize| windows.get(at).is_none_or(|window| sent_in(at) || is_blurred(view, window));
    let heard = |count: &dyn Fn(&Counters) -> i64| {
        let counts = settled(windows, count);
        let in_window = |at: usize| counts.get(at).copied().unwrap_or_default();
        // Where answers to the sweep may come, hearing something says nothing; hearing nothing does.
        let (quiet, loud): (Vec<_>, Vec<_>) =
            windows.iter().enumerate().filter(not_due).partition(|(at, _)| in_window(*at) <= 0);
        chances.len() >= 2
            && quiet.len() >= 2
            && chances.iter().all(|at| in_window(*at).saturating_add(in_window(at.saturating_add(1))) > 0)
            && loud.iter().all(|(at, window)| {
                let next = at.saturating_add(1);
                let slack = in_window(*at) == 1 || next == windows.len();
                is_blurred(view, window) || (slack && hides(next))
            })
            // A beacon that beats once a second would do as well, were it not for the burst.
            && burst_answers(view, windows, count) >= BURST
    };
    let variant = if heard(&|counters| counters.reverse_path_filter) {
        "rp-filter"
    } else if heard(&Counters::swallowed) {
        if all_are(windows, &Counters::swallowed, &|counters| counters.in_address_errors.unwrap_or(0))
            && let Some(finding) = come_back(view)
        {
            return Some(finding);
        }
        ""
    } else if heard(&|counters| counters.in_segments) {
        let segments = |counters: &Counters| counters.in_segments;
        // No socket has their addresses and ports. What a filter keeps from a socket, of which there is one, draws no
        // reset.
        if all_are(windows, &segments, &|counters| counters.out_resets) {
            return Some(unfit(view, "elsewhere", Clue::RepliesReset));
        }
        if all_are(windows, &segments, &|counters| counters.in_checksum_errors.unwrap_or(0)) {
            return Some(unfit(view, "broken", Clue::RepliesBroken));
        }
        "socket"
    } else {
        return None;
    };
    let because = [Clue::SynUnanswered, Clue::RepliesSwallowed];
    Some(
        Finding::new(Code::LocalReplyDropped, Certainty::Likely, Culprit::Client, &because)
            .variant(variant)
            .or(&[Code::TimeoutSilent]),
    )
}

/// Whether each packet of one kind was counted as another.
fn all_are(windows: &[Window], one: &dyn Fn(&Counters) -> i64, other: &dyn Fn(&Counters) -> i64) -> bool {
    let sum = |count: &dyn Fn(&Counters) -> i64| {
        windows.iter().map(|window| count(&window.counters)).fold(0, i64::saturating_add)
    };
    sum(one) > 0 && sum(other) == sum(one)
}

/// Answers come, and fit no connection here: they have another address or port than was asked, or a wrong checksum.
fn unfit(view: &View, variant: &'static str, how: Clue) -> Finding {
    let after = view.path().filter(|path| path.asked_hops()).map(|path| path.last_hop());
    let culprit = Culprit::Path { after };
    Finding::new(Code::TimeoutAnswerInvalid, Certainty::Likely, culprit, &[Clue::SynUnanswered, how])
        .variant(variant)
        .or(&[Code::LocalReplyDropped, Code::TimeoutSilent])
}

/// What comes in is for an address that this host has not, nor passes on: a router sends the SYNs back. IPv4 counts
/// that in `ip_error` (net/ipv4/route.c), IPv6 in `ip6_forward` (net/ipv6/ip6_output.c).
fn come_back(view: &View) -> Option<Finding> {
    let last = view.path().filter(|path| path.asked_hops()).map(|path| path.last_hop());
    let answered = last.filter(|last| last.hop > 0).map(|last| (last.address, Some(last.hop)));
    let (address, hop) = answered.or_else(|| Some((Some(view.attempt.gateway()?), None)))?;
    let culprit = Culprit::Router { address, hop };
    let because = [Clue::SynUnanswered, Clue::SynsReturn];
    Some(
        Finding::new(Code::UnreachableLoop, Certainty::Likely, culprit, &because)
            .variant("back")
            .or(&[Code::LocalReplyDropped]),
    )
}

/// What was counted in each window, less what its neighbours owe: a packet that was between two counters while they
/// were read stands in one window and is taken back in another.
fn settled(windows: &[Window], count: &dyn Fn(&Counters) -> i64) -> Vec<i64> {
    let mut counts: Vec<i64> = windows.iter().map(|window| count(&window.counters)).collect();
    for at in 0..counts.len() {
        for other in [at.checked_sub(1), at.checked_add(1)].into_iter().flatten() {
            let owed = counts.get(at).map_or(0, |count| count.min(&0).saturating_neg());
            let paid = counts.get(other).map_or(0, |count| owed.min(*count).max(0));
            for (at, change) in [(at, paid), (other, paid.saturating_neg())] {
                if let Some(count) = counts.get_mut(at) {
                    *count = count.saturating_add(change);
                }
            }
        }
    }
    counts
}

/// A burst of extra SYNs has at least this many answers.
const BURST: i64 = 3;

/// What was counted while answers to the sweep, or to the extra SYNs, were due.
fn burst_answers(view: &View, windows: &[Window], count: &dyn Fn(&Counters) -> i64) -> i64 {
    let probes = view.attempt.path.seen().map(|sweep| sweep.probes.as_slice()).unwrap_or_default();
    let syns = probes.iter().filter(|probe| probe.protocol == PathProtocol::Tcp).map(|probe| probe.sent_ms.0);
    let sent: Vec<f64> = syns.chain(view.trials().iter().map(|trial| trial.at_ms.0)).collect();
    let due =
        |window: &Window| sent.iter().any(|sent| window.from_ms.0 <= sent + 250.0 && window.to_ms.0 >= *sent);
    windows
        .iter()
        .filter(|window| due(window))
        .map(|window| count(&window.counters))
        .fold(0, i64::saturating_add)
}

/// Whether answers to the sweep may have come in this window: at once, or repeated by the target one and three
/// seconds later because they were dropped here.
fn is_blurred(view: &View, window: &Window) -> bool {
    let probes = view.attempt.path.seen().map(|sweep| sweep.probes.as_slice()).unwrap_or_default();
    let sent =
        probes.iter().map(|probe| probe.sent_ms.0).chain(view.trials().iter().map(|trial| trial.at_ms.0));
    sent.flat_map(|sent| [sent, sent + 1000.0, sent + 3000.0])
        .any(|due| window.from_ms.0 <= due + 300.0 && window.to_ms.0 >= due - 50.0)
}

/// SYNs go round until their TTL is worn out, and routers have stopped saying so.
pub(super) fn silent_loop(view: &View) -> Option<Finding> {
    let path = view.path()?;
    // Load sharing over ways of unequal length shows a router twice; a target that answers is not in a loop.
    let elsewhere = path.target_is_up() || path.end().is_some() || !path.goes_in_circles();
    if view.is_waiting() && !elsewhere { worn_out(view, None) } else { None }
}

/// The round trip of the path alone is longer than the timeout.
pub(super) fn too_short(view: &View) -> Option<Finding> {
    let longest = view.path()?.longest_rtt()?;
    (view.is_waiting() && longest > view.evidence.request.timeout_ms).then(|| {
        let because = [view.unanswered(), Clue::LongRoundTrip];
        Finding::new(Code::TimeoutTooShort, Certainty::Likely, Culprit::Client, &because)
            .or(&[Code::TimeoutSilent])
    })
}

/// Nothing came back. Who is silent is as far as it goes; why, many causes share.
pub(super) fn silence(view: &View) -> Option<Finding> {
    let attempt = view.attempt;
    // The second SYN leaves after one second: before that, one lost packet explains everything.
    let waited = view.tcp().is_some_and(|tcp| tcp.timeouts > 0);
    let certainty = if waited { Certainty::Likely } else { Certainty::Possible };
    if attempt.is_local() {
        let because = [Clue::SynUnanswered, Clue::TargetIsLocal];
        return Some(
            Finding::new(Code::TimeoutPortSilent, certainty, Culprit::Client, &because)
                .variant("local")
                .or(&[Code::LocalFirewallDrop, Code::TimeoutAcceptQueue]),
        );
    }
    let mut because = vec![Clue::SynUnanswered];
    let after = view.path().filter(|path| path.asked_hops()).map(|path| path.last_hop());
    because.extend(after.is_some().then_some(Clue::Path));
    let after_none = after.as_ref().is_some_and(|after| after.hop == 0);
    let up = view.path().is_some_and(|path| path.target_is_up());
    if up || neighbour_answered(view) {
        because.push(if up { Clue::TargetAnswers } else { Clue::NeighbourAnswered });
        let culprit = if after.is_some() { Culprit::Path { after } } else { Culprit::Target };
        // Only the socket's own numbers tell that its SYNs leave this host; behind a bridge of its own not even they,
        // and then no hop answers a SYN, though the target answers what is none.
        let unseen = after_none && attempt.gateway().is_some();
        let here: &[Code] = if view.tcp().is_some() && !unseen { &[] } else { &[Code::LocalFirewallDrop] };
        // Somebody else may answer ARP for it: a router, or the host of a virtual machine.
        let stand_in: &[Code] = if up { &[] } else { &[Code::TimeoutSilent] };
        return Some(
            Finding::new(Code::TimeoutPortSilent, certainty, culprit, &because)
                .or(&[Code::TimeoutAcceptQueue, Code::LocalReplyDropped, Code::TimeoutTooShort])
                .or(stand_in)
                .or(here),
        );
    }
    let alternatives: &[Code] = if waited {
        &[Code::TimeoutPortSilent, Code::TimeoutAcceptQueue, Code::LocalReplyDropped, Code::TimeoutTooShort]
    } else {
        &[Code::TimeoutTooShort, Code::TimeoutPortSilent, Code::LocalFirewallDrop]
    };
    // A gateway that died lately stays in use until the kernel has probed it.
    // One that was entered by hand is never probed.
    let by_hand = view.neighbour() == Some(NeighbourState::Permanent);
    let unconfirmed =
        by_hand || matches!(view.neighbour(), Some(NeighbourState::Stale | NeighbourState::Delay));
    let no_hop = after.as_ref().is_none_or(|after| after.hop == 0);
    let gateway: &[Code] = match attempt.gateway() {
        Some(_) if unconfirmed && no_hop => &[Code::UnreachableGateway],
        None if by_hand => &[Code::UnreachableNeighbor],
        _ => &[],
    };
    let culprit = Culprit::Path { after };
    Some(Finding::new(Code::TimeoutSilent, certainty, culprit, &because).or(gateway).or(alternatives))
}

/// Silence beside targets that are rejected on the same way: the rejection of this one may never have been sent,
/// because routers send each peer few ICMP errors (icmp_ratelimit, icmp(7)).
pub(super) fn beside_rejections(finding: &mut Finding, beside: Beside) {
    if !matches!(finding.code, Code::TimeoutSilent | Code::TimeoutPortSilent) {
        return;
    }
    if finding.code == Code::TimeoutSilent && finding.variant.is_empty() {
        finding.variant = "others-rejected";
    }
    finding.certainty = Certainty::Possible;
    finding.because.push(Clue::OthersRejected);
    let code = code_of(beside.icmp);
    finding.alternatives.retain(|other| *other != code);
    finding.alternatives.insert(0, code);
}

/// The target is on our link and answered ARP or neighbour discovery during this very attempt.
pub(super) fn neighbour_answered(view: &View) -> bool {
    let attempt = view.attempt;
    if attempt.route().is_none() || attempt.gateway().is_some() {
        return false;
    }
    attempt.last_neighbour().is_some_and(|sample| match sample.state {
        NeighbourState::Reachable => true,
        // Delay keeps the time of the last confirmation: within this attempt, it was this attempt's ARP.
        NeighbourState::Delay | NeighbourState::Stale => {
            let lasted = attempt.ended_ms.unwrap_or_default();
            sample.confirmed_ms_ago.is_some_and(|ago| ago <= lasted)
        }
        _ => false,
    })
}
