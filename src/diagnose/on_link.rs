//! Whether this host itself is why a neighbour does not answer: ARP and neighbour discovery pass its filters too.

use super::view::View;
use super::{Culprit, Finding, local};
use crate::model::{DevicePackets, Family, NeighbourSample, NeighbourState, Window};
use crate::verdict::{Certainty, Clue, Code};

/// What passed the device while a neighbour was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum OnLink {
    /// No question left it.
    NothingSent,
    /// Not each question left it, or others' packets hide whether it did.
    SomeSent,
    /// Something came in after each question that went no farther, and at no other time.
    HeardWhenDue,
    /// Something came in all the time: on a busy link no wonder.
    Heard,
    /// For so long that a question was out, nothing came in that may have been lost here.
    NothingHeard,
}

/// The kernel asks once a second (`RETRANS_TIME`): in so many ms a question goes out, and its answer comes in.
const ASKS_WITHIN: f64 = 1350.0;

/// Questions are at least so many ms apart.
const APART: f64 = 700.0;

/// On a device that has just come up both ends say more for a second: multicast groups, of which they speak at random
/// moments (RFC 3810, sections 6.1 and 9.11).
const SETTLING: f64 = 1200.0;

/// What remains behind that has to have two questions in it.
const SETTLED: f64 = 1700.0;

/// From one look at the device to the next.
struct Stretch {
    from: f64,
    to: f64,
    /// Without what IPv6 is known to have got.
    received: u64,
    sent: u64,
    /// Those of the sent ones that were packets of IP, where IP is not what asks and they were counted.
    sent_by_ip: Option<u64>,
    /// Without what IPv6 has sent, where that does not ask.
    sent_beside: u64,
}

/// `None` where it was not looked at for long enough.
pub(super) fn on_link(view: &View) -> Option<OnLink> {
    // Around a datagram they are read for what comes back to it.
    let windows = view.attempt.windows.seen().filter(|_| !view.is_udp());
    let all: &[Window] = windows.map(Vec::as_slice).unwrap_or_default();
    let stretches = stretches(view, all);
    // Only IPv6 asks by its own packets, which its counters see.
    let windows = if view.family() == Family::V6 { all } else { &[] };
    let (began, ended) = (stretches.first()?.from, stretches.last()?.to);
    if ended - began < ASKS_WITHIN {
        return None;
    }
    let held = (0..windows.len()).filter(|at| held(windows, *at) > 0).count();
    if held >= 2 || stretches.iter().all(|stretch| stretch.sent == 0) {
        return Some(OnLink::NothingSent);
    }
    let silent = longest(&stretches, |stretch| stretch.sent == 0) >= ASKS_WITHIN;
    if held > 0 || silent || is_hidden(&stretches) {
        return Some(OnLink::SomeSent);
    }
    let swallowed: Vec<f64> = windows
        .iter()
        .filter(|window| window.counters.swallowed() > 0)
        .map(|window| window.from_ms.0)
        .collect();
    if swallowed.is_empty() && longest(&stretches, |stretch| stretch.received == 0) >= ASKS_WITHIN {
        let crowded = is_crowded(&stretches, ended - began);
        return Some(if crowded { OnLink::SomeSent } else { OnLink::NothingHeard });
    }
    let when_due = if swallowed.is_empty() {
        let settled = |at: &usize| {
            let from = stretches.get(*at).map_or(ended, |stretch| stretch.from);
            *at == 0 || (from - began <= SETTLING && ended - from >= SETTLED)
        };
        let mut from = (0..stretches.len()).filter(settled);
        from.any(|at| stretches.get(at..).is_some_and(follows_questions))
    } else {
        let apart = swallowed.iter().zip(swallowed.iter().skip(1)).all(|(one, next)| next - one >= APART);
        swallowed.len() >= 2 && apart
    };
    Some(if when_due { OnLink::HeardWhenDue } else { OnLink::Heard })
}

/// How many packets IP counted in a window that reached no device. One that was between the two counters while they
/// were read has reached it by the next window.
pub(super) fn held(windows: &[Window], at: usize) -> i64 {
    let missing = |at: usize| {
        let counters = windows.get(at).map(|window| window.counters)?;
        Some(counters.out_requests.saturating_sub(counters.out_transmits?))
    };
    let late = missing(at.saturating_add(1)).map_or(0, |next| next.min(0).saturating_neg());
    missing(at).map_or(0, |missing| missing.saturating_sub(late).max(0))
}

/// How many packets of IP went to devices other than loopback in this time, where that is known.
fn sent_by_ip(windows: &[Window], from: f64, to: f64) -> Option<u64> {
    let in_time = windows.iter().filter(|window| {
        let middle = f64::midpoint(window.from_ms.0, window.to_ms.0);
        (from..to).contains(&middle)
    });
    let sent = in_time.filter_map(|window| {
        let counters = window.counters;
        u64::try_from(counters.out_transmits?.saturating_sub(counters.loopback_out)).ok()
    });
    sent.reduce(u64::saturating_add)
}

/// What the device carried between the looks at which the neighbour was still to answer.
fn stretches(view: &View, windows: &[Window]) -> Vec<Stretch> {
    let samples = view.attempt.neighbour.seen().map(Vec::as_slice).unwrap_or_default();
    let asking = |sample: &&NeighbourSample| sample.state == NeighbourState::Incomplete;
    let carried = |sample: &NeighbourSample| Some((sample.at_ms.0, sample.device_packets?));
    let looks: Vec<(f64, DevicePackets)> = samples.iter().take_while(asking).filter_map(carried).collect();
    let pairs = looks.iter().zip(looks.iter().skip(1));
    pairs
        .map(|(&(at, before), &(to, after))| {
            // What was counted late may be of any moment until then.
            let from = before.read_ms.map_or(at, |read| read.0.min(to));
            // What IPv6 got is no ARP. Where it is what asks, its own counters have to say what became of that.
            let counted = windows.iter().any(|window| {
                let middle = f64::midpoint(window.from_ms.0, window.to_ms.0);
                (from..to).contains(&middle) && window.counters.out_transmits.is_some()
            });
            let by_ipv6 = after.received_ipv6.saturating_sub(before.received_ipv6);
            let explained = if counted || view.family() == Family::V4 { by_ipv6 } else { 0 };
            let received = after.received.saturating_sub(before.received);
            let sent = after.sent.saturating_sub(before.sent);
            // ARP is none of IP's packets; neighbour discovery is.
            let asks_beside_ip = view.family() == Family::V4;
            let of_ipv6 = after.sent_ipv6.zip(before.sent_ipv6).filter(|_| asks_beside_ip);
            let of_ipv6 = of_ipv6.map_or(0, |(after, before)| after.saturating_sub(before));
            let sent_by_ip = sent_by_ip(windows, from, to)
                .filter(|_| asks_beside_ip)
                .map(|sent| sent.saturating_add(of_ipv6));
            Stretch {
                from,
                to,
                received: received.saturating_sub(explained),
                sent,
                sent_by_ip,
                sent_beside: sent.saturating_sub(of_ipv6),
            }
        })
        .collect()
}

/// Whether so much was sent, all the time, that it can't be told whether a question was among it. The kernel asks once a
/// second, and a device that has come up lately says a little besides.
fn is_crowded(stretches: &[Stretch], lasted: f64) -> bool {
    let uncounted = stretches.iter().all(|stretch| stretch.sent_by_ip.is_none());
    let began = stretches.first().map_or(0.0, |stretch| stretch.from);
    let settled = stretches.iter().filter(|stretch| stretch.from - began >= SETTLING);
    let busy = settled.filter(|stretch| stretch.sent_beside > 0).count();
    uncounted && f64::from(u32::try_from(busy).unwrap_or(u32::MAX)) > (lasted - SETTLING) / 1000.0 + 2.0
}

/// Whether all that was sent may have been packets of IP, for so long that a question was due, or but for one: a packet
/// may be counted by IP in a stretch and by the device in the next.
fn is_hidden(stretches: &[Stretch]) -> bool {
    let counted = || stretches.iter().filter_map(|stretch| Some((stretch.sent, stretch.sent_by_ip?)));
    let (sent, by_ip) = counted()
        .fold((0, 0), |all: (u64, u64), one| (all.0.saturating_add(one.0), all.1.saturating_add(one.1)));
    let by_ip_alone = |stretch: &Stretch| stretch.sent_by_ip.is_some_and(|by_ip| stretch.sent <= by_ip);
    by_ip > 0 && (sent <= by_ip.saturating_add(1) || longest(stretches, by_ip_alone) >= ASKS_WITHIN)
}

/// The longest time, in ms, for which this held.
fn longest(stretches: &[Stretch], holds: impl Fn(&Stretch) -> bool) -> f64 {
    let mut longest: f64 = 0.0;
    let mut begun = None;
    for stretch in stretches {
        if holds(stretch) {
            let from: f64 = *begun.get_or_insert(stretch.from);
            longest = longest.max(stretch.to - from);
        } else {
            begun = None;
        }
    }
    longest
}

/// Whether something came in just after something went out, twice at least, and at no other time.
fn follows_questions(stretches: &[Stretch]) -> bool {
    let sent = |at: usize| stretches.get(at).is_some_and(|stretch| stretch.sent > 0);
    let received = |at: usize| stretches.get(at).is_some_and(|stretch| stretch.received > 0);
    let asked: Vec<usize> = (0..stretches.len()).filter(|at| sent(*at)).collect();
    let answered = asked.iter().all(|at| received(*at) || received(at.saturating_add(1)));
    // The answer to the first question may have come just after the first look.
    let mut quiet =
        (1..stretches.len()).filter(|at| !sent(*at) && !at.checked_sub(1).is_some_and(sent)).peekable();
    asked.len() >= 2 && answered && quiet.peek().is_some() && quiet.all(|at| !received(at))
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
    // Where nobody looked for the route, none may lead there by the device that was asked for.
    let by_device = view.evidence.request.interface.is_some() && view.family() == Family::V4;
    let finding = if code == Code::UnreachableNeighbor && by_device && view.attempt.route().is_none() {
        finding.unless(Code::UnreachableNoRoute)
    } else {
        finding
    };
    match local::route_device(view) {
        // A bridge, or what else lies over other devices of this host, has filters behind its counters.
        Some(link) if link.over_others => {
            finding.unless(Code::LocalFirewallDrop).unless(Code::LocalReplyDropped)
        }
        Some(_) => finding,
        // Without carrier nobody answers either.
        None => finding.unless(Code::LocalInterface),
    }
}
