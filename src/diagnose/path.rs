//! What a sweep's probes mean together: hops, distances, loops, and whether the target is up.

use super::Hop;
use crate::model::{Icmp, Millis, PathAnswer, PathProbe, PathProtocol, Sweep};
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

/// A sweep, read for one target.
#[derive(Clone, Copy)]
pub struct PathView<'a> {
    probes: &'a [PathProbe],
    target: IpAddr,
}

/// One hop as the SYNs met it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SeenHop {
    /// TTL or hop limit.
    pub ttl: u8,
    /// Who answered.
    pub address: Option<IpAddr>,
    /// The round trip.
    pub rtt: Option<Millis>,
}

impl<'a> PathView<'a> {
    /// For a target.
    pub fn new(sweep: &'a Sweep, target: IpAddr) -> Self {
        PathView { probes: &sweep.probes, target }
    }

    /// What the probes with a small TTL are made of: SYNs; for a UDP target, datagrams to a high port.
    fn of_hops(&self) -> PathProtocol {
        let any = self.probes.iter().any(|probe| probe.protocol == PathProtocol::Tcp);
        if any { PathProtocol::Tcp } else { PathProtocol::Udp }
    }

    fn small(&self) -> impl Iterator<Item = (u8, &'a PathProbe)> {
        let protocol = self.of_hops();
        self.probes
            .iter()
            .filter(move |probe| probe.protocol == protocol)
            .filter_map(|probe| probe.ttl.map(|ttl| (ttl, probe)))
    }

    /// Whether the hops were asked by datagrams, not by SYNs.
    pub fn by_datagrams(&self) -> bool {
        self.of_hops() == PathProtocol::Udp
    }

    /// Whether any hop was asked to name itself.
    pub fn asked_hops(&self) -> bool {
        self.small().next().is_some()
    }

    /// The hops on the way, up to the last that answered or to the target.
    pub fn hops(&self) -> Vec<SeenHop> {
        let end = self.end().map(|(ttl, _)| ttl);
        let last = end.or(self.small().filter(|(_, probe)| probe.answer.is_some()).map(|(ttl, _)| ttl).max());
        // One silent hop behind the last answer shows where it breaks off.
        let shown = match (end, last) {
            (Some(end), _) => end,
            (None, last) => {
                let tried = self.small().map(|(ttl, _)| ttl).max().unwrap_or(0);
                last.unwrap_or(0).saturating_add(1).min(tried)
            }
        };
        (1..=shown).map(|ttl| self.hop(ttl)).collect()
    }

    fn hop(&self, ttl: u8) -> SeenHop {
        let answered = self.small().find(|(at, probe)| *at == ttl && probe.answer.is_some());
        let address = answered.and_then(|(_, probe)| match probe.answer? {
            PathAnswer::TimeExceeded { from, .. } | PathAnswer::Icmp { from, .. } => from,
            PathAnswer::Reset | PathAnswer::SynAck | PathAnswer::Reply => Some(self.target),
            PathAnswer::NotSent(_) => None,
        });
        SeenHop { ttl, address, rtt: answered.and_then(|(_, probe)| probe.rtt()) }
    }

    /// The nearest TTL at which something else than "time exceeded" answered a SYN, and what.
    pub fn end(&self) -> Option<(u8, PathAnswer)> {
        self.small()
            .filter_map(|(ttl, probe)| probe.answer.map(|answer| (ttl, answer)))
            .filter(|(_, answer)| answer.is_terminal())
            .min_by_key(|(ttl, _)| *ttl)
    }

    /// The nearest TTL to which a reset came back.
    pub fn reset_at(&self) -> Option<u8> {
        self.small().filter(|(_, probe)| probe.answer == Some(PathAnswer::Reset)).map(|(ttl, _)| ttl).min()
    }

    /// The last hop that said "time exceeded"; hop 0 where none did.
    pub fn last_hop(&self) -> Hop {
        self.small()
            .filter_map(|(ttl, probe)| probe.time_exceeded_from().map(|from| (ttl, from)))
            .max_by_key(|(ttl, _)| *ttl)
            .map_or(Hop { hop: 0, address: None }, |(hop, from)| Hop { hop, address: Some(from) })
    }

    /// Who said "time exceeded" at this TTL.
    pub fn router_at(&self, ttl: u8) -> Option<IpAddr> {
        self.small()
            .find(|(at, probe)| *at == ttl && probe.time_exceeded_from().is_some())?
            .1
            .time_exceeded_from()
    }

    /// How far away the sender of an ICMP error is: where it said "time exceeded", or else the TTL from which on
    /// it rejects (ip_route_input comes before ip_forward's look at the TTL, its filter after it).
    pub fn hop_of(&self, sender: IpAddr) -> Option<u8> {
        let named = self
            .small()
            .filter(|(_, probe)| probe.time_exceeded_from() == Some(sender))
            .map(|(ttl, _)| ttl)
            .min();
        let rejects = || {
            let (ttl, _) = self
                .small()
                .filter(|(_, probe)| {
                    matches!(probe.answer, Some(PathAnswer::Icmp { from: Some(from), .. }) if from == sender)
                })
                .min_by_key(|(ttl, _)| *ttl)?;
            // A router without a way on rejects before it looks at the TTL; one that filters, after it.
            let before = ttl.checked_sub(1).filter(|hop| *hop > 0);
            let known = |hop: u8| self.router_at(hop).is_some_and(|other| other != sender);
            let known_before = before.is_none_or(known);
            // Of several that say nothing each may be the sender, which sends few errors.
            let one_silent = before.is_none_or(|hop| hop <= 1 || known(hop.saturating_sub(1)));
            match sender == self.target || known_before {
                true => Some(ttl),
                false if one_silent => before,
                false => None,
            }
        };
        named.or_else(rejects)
    }

    /// An ICMP error, other than "time exceeded", that any SYN of the sweep drew: the farthest-reaching one.
    pub fn rejection(&self) -> Option<(Icmp, IpAddr)> {
        self.small()
            .filter_map(|(ttl, probe)| match probe.answer {
                Some(PathAnswer::Icmp { icmp, from: Some(from), .. }) => Some((ttl, icmp, from)),
                _ => None,
            })
            .max_by_key(|(ttl, _, _)| *ttl)
            .map(|(_, icmp, from)| (icmp, from))
    }

    /// Whether the target itself answered something else than a SYN.
    pub fn target_is_up(&self) -> bool {
        self.probes
            .iter()
            .filter(|probe| probe.protocol != PathProtocol::Tcp)
            .any(|probe| self.is_from_target(probe))
    }

    fn is_from_target(&self, probe: &PathProbe) -> bool {
        match probe.answer {
            Some(PathAnswer::Reply) => true,
            Some(PathAnswer::Icmp { from, .. }) => from == Some(self.target),
            _ => false,
        }
    }

    /// A router that another protocol's probe with this TTL died at: the target is farther than that.
    pub fn passed_at(&self, ttl: u8) -> Option<IpAddr> {
        self.contrast(ttl).filter_map(PathProbe::time_exceeded_from).find(|from| *from != self.target)
    }

    /// The nearest TTL at which an ICMP error from the target's own address answered a SYN.
    fn named_at(&self) -> Option<u8> {
        let named = |probe: &PathProbe| match probe.answer {
            Some(PathAnswer::TimeExceeded { from, .. } | PathAnswer::Icmp { from, .. }) => {
                from == Some(self.target)
            }
            _ => false,
        };
        let at = self.small().filter(|(_, probe)| named(probe)).map(|(ttl, _)| ttl).min();
        at.filter(|_| !self.by_datagrams())
    }

    /// That TTL, and the router at which another packet with it dies: what answered is nearer than the target.
    pub fn in_targets_name(&self) -> Option<(u8, IpAddr)> {
        let at = self.named_at()?;
        Some((at, self.passed_at(at)?))
    }

    /// Whether what answered in the target's name may be nearer: it forwards, or it is the gateway, and no other
    /// packet was seen to get as far as to the target there.
    pub fn may_be_nearer(&self) -> bool {
        self.named_at().is_some_and(|at| (at == 1 || self.target_forwards()) && !self.reached_at(at))
    }

    /// Whether another protocol's probe with this TTL reached the target.
    pub fn reached_at(&self, ttl: u8) -> bool {
        self.contrast(ttl).any(|probe| self.is_from_target(probe))
    }

    fn contrast(&self, ttl: u8) -> impl Iterator<Item = &'a PathProbe> {
        self.probes.iter().filter(move |probe| probe.protocol != PathProtocol::Tcp && probe.ttl == Some(ttl))
    }

    /// Whether the target's own address said "time exceeded": it forwards what comes to it.
    pub fn target_forwards(&self) -> bool {
        self.probes.iter().any(|probe| probe.time_exceeded_from() == Some(self.target))
    }

    /// Routers that come again after another one: the nearest first. Empty where nothing repeats.
    pub fn repeating(&self) -> Vec<(u8, IpAddr)> {
        let mut hops: Vec<(u8, IpAddr)> = self
            .small()
            .filter_map(|(ttl, probe)| probe.time_exceeded_from().map(|from| (ttl, from)))
            .collect();
        hops.sort_unstable_by_key(|(ttl, _)| *ttl);
        hops.dedup();
        let mut repeating: Vec<(u8, IpAddr)> = Vec::new();
        for (ttl, from) in &hops {
            // The same router at the next TTL may be one that does not count down, or that sets the TTL anew;
            // with another between, the packet came back to it.
            let again =
                hops.iter().any(|(other, address)| address == from && self.left_between(*ttl, *other, *from));
            if again && !repeating.iter().any(|(_, known)| known == from) {
                repeating.push((*ttl, *from));
            }
        }
        repeating
    }

    /// Whether of the routers that repeat one is known to be farther away than another, as in a circle. A hop that
    /// shares its load answers in turns as well, where something sets each packet's TTL to its distance.
    pub fn is_round(&self) -> bool {
        // Senders begin with 64, 128 or 255.
        let distance = |left: u8| {
            let begun = [64, 128].into_iter().find(|begun| left <= *begun).unwrap_or(u8::MAX);
            begun.saturating_sub(left)
        };
        let repeating = self.repeating();
        let answers = self.small().filter_map(|(_, probe)| match probe.answer? {
            PathAnswer::TimeExceeded { from: Some(from), hop_limit: Some(left) } => Some((from, left)),
            _ => None,
        });
        let of_these = answers.filter(|(from, _)| repeating.iter().any(|(_, router)| router == from));
        let distances: BTreeSet<u8> = of_these.map(|(_, left)| distance(left)).collect();
        distances.len() > 1
    }

    /// Whether between two TTLs somebody else than this router answered. A gap says nothing: routers send few
    /// ICMP errors.
    fn left_between(&self, first: u8, second: u8, router: IpAddr) -> bool {
        (first.saturating_add(1)..second).any(|ttl| self.router_at(ttl).is_some_and(|other| other != router))
    }

    /// Whether one router answered three times, at equal distances: the length of a circle.
    pub fn goes_in_circles(&self) -> bool {
        let mut visits: BTreeMap<IpAddr, BTreeSet<u8>> = BTreeMap::new();
        for (ttl, probe) in self.small() {
            if let Some(from) = probe.time_exceeded_from() {
                visits.entry(from).or_default().insert(ttl);
            }
        }
        visits.iter().any(|(router, ttls)| {
            ttls.iter().any(|first| {
                ttls.iter().any(|second| {
                    let step = second.saturating_sub(*first);
                    step > 1
                        && ttls.contains(&second.saturating_add(step))
                        && self.left_between(*first, *second, *router)
                })
            })
        })
    }

    /// Whether a SYN with a greater TTL than `hop` got farther than the router there.
    pub fn goes_beyond(&self, hop: u8, router: IpAddr) -> bool {
        self.small().filter(|(ttl, _)| *ttl > hop).any(|(_, probe)| match probe.answer {
            Some(PathAnswer::TimeExceeded { from, .. }) => from.is_some_and(|from| from != router),
            Some(answer) => answer.is_terminal(),
            None => false,
        })
    }

    /// The longest round trip of a hop.
    pub fn longest_rtt(&self) -> Option<Millis> {
        self.small().filter_map(|(_, probe)| probe.rtt()).max_by(|a, b| a.0.total_cmp(&b.0))
    }

    /// Whether a datagram to the target was refused by this host itself (`EPERM`: an output filter).
    pub fn datagram_denied(&self) -> bool {
        self.probes.iter().filter(|probe| probe.protocol == PathProtocol::Udp).any(|probe| {
            matches!(probe.answer, Some(PathAnswer::NotSent(errno)) if errno.get() == nix::errno::Errno::EPERM)
        })
    }
}

#[cfg(test)]
#[path = "path_tests.rs"]
mod tests;
