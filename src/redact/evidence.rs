//! The walk through a request and its attempts.

use super::{Map, Walk, walk, words};
use crate::model::target::Target;
use crate::model::{
    Acceptance, Asked, Attempt, Beside, Counters, Evidence, FailedCall, Host, Listeners, Lookup,
    LookupOutcome, PathAnswer, PathProbe, Question, QueueEntry, Request, Resolved, ServerView, SoError,
    Sweep, TcpInfo, Trial, Window,
};
use std::net::IpAddr;

walk!(Request { target, source, interface: Map::device_of, dns, proxies } keeps {
    family, timeout_ms, grace_ms, source_port, trace,
});

impl Walk for Target {
    fn walk(self, map: &mut Map) -> Self {
        let Target { input, host, port, transport } = self;
        let target = Target { input: String::new(), host: host.walk(map), port, transport };
        // What was typed may hold a password, or the rest of a URL: it is put together anew.
        let shown = match &target.host {
            Host::Socket(socket) if !input.starts_with("unix") => socket.to_string(),
            _ if Target::asks_for_udp(&input) => format!("udp://{}", target.endpoint()),
            _ => target.endpoint(),
        };
        Target { input: shown, ..target }
    }
}

impl Walk for Host {
    fn walk(self, map: &mut Map) -> Self {
        match self {
            Host::Address { ip, scope } => {
                Host::Address { ip: ip.walk(map), scope: scope.map(|scope| map.scope(scope)) }
            }
            Host::Socket(socket) => Host::Socket(socket.walk(map)),
            Host::Name(name) => Host::Name(map.name(name)),
        }
    }
}

walk!(Asked { on: Map::name_of, when: words::moment, version: words::version } keeps {});

walk!(Beside { from } keeps { icmp, rejected });

walk!(Evidence {
    asked, beside, request, lookup, name_files, direct, attempts, contrast, listeners, own_ends, unix, host, lacking,
} keeps { elapsed_ms });

walk!(Lookup { outcome, other_family } keeps { elapsed_ms });

impl Walk for LookupOutcome {
    fn walk(self, map: &mut Map) -> Self {
        match self {
            LookupOutcome::Addresses(addresses) => LookupOutcome::Addresses(addresses.walk(map)),
            LookupOutcome::Failed { eai, errno } => {
                LookupOutcome::Failed { eai: words::eai(eai), errno: errno.walk(map) }
            }
            LookupOutcome::NoAnswer => LookupOutcome::NoAnswer,
        }
    }
}

walk!(Resolved { address } keeps { scope });
walk!(FailedCall {} keeps { call, errno });
walk!(SoError {} keeps { at_ms, errno });

walk!(Attempt {
    address, source, failed, so_errors, queue, tcp, unsent_bytes, route, route_at_end, link, neighbour, refusals,
    own_ttl, path, trials, windows, after, said: Map::banner, acceptance,
} keeps { transport, payload, started_ms, connected_ms, ended_ms });

walk!(QueueEntry { sender, sender_is_ours } keeps { at_ms, errno, origin, kind, code, info, hop_limit });

walk!(TcpInfo {} keeps {
    state, timeouts, in_flight_retransmits, retransmits, segments_out, segments_in, rtt_ms,
});

walk!(Sweep { probes, questions, hops_from } keeps { done });
walk!(PathProbe { answer } keeps { protocol, ttl, sent_ms, answered_ms });

impl Walk for PathAnswer {
    fn walk(self, map: &mut Map) -> Self {
        match self {
            PathAnswer::TimeExceeded { from, hop_limit } => {
                PathAnswer::TimeExceeded { from: from.walk(map), hop_limit }
            }
            PathAnswer::Icmp { icmp, from, hop_limit } => {
                PathAnswer::Icmp { icmp: icmp.walk(map), from: from.walk(map), hop_limit }
            }
            PathAnswer::NotSent(errno) => PathAnswer::NotSent(errno.walk(map)),
            PathAnswer::Reset | PathAnswer::SynAck | PathAnswer::Reply => self,
        }
    }
}

impl Walk for Question {
    fn walk(self, map: &mut Map) -> Self {
        match self {
            Question::Rejection { sender, about } => {
                Question::Rejection { sender: sender.walk(map), about: about.walk(map) }
            }
            Question::Nearer { sender } => Question::Nearer { sender: sender.walk(map) },
            Question::Silence | Question::Reset | Question::Hops | Question::Up => self,
        }
    }
}

walk!(Counters {} keeps {
    in_receives, in_multicast, in_delivers, forwarded, out_requests, out_transmits, out_resets, udp_no_ports,
    in_segments, listen_overflows, reverse_path_filter, loopback_out, ipsec_unmet,
    in_address_errors, in_checksum_errors,
});

walk!(Trial { answer, counters } keeps { at_ms, ttl });
walk!(Window { counters } keeps { from_ms, to_ms, syns });
walk!(Acceptance { listener } keeps { peer, after_ms });
walk!(Listeners { here, elsewhere } keeps { at_ms });

/// Senders of ICMP errors that only their order tells apart ([`Attempt::deciding_icmp`]), the lesser first.
/// Replaced in this order, they keep it.
pub(super) fn rivals(evidence: &Evidence) -> Vec<(IpAddr, IpAddr)> {
    let servers = evidence.direct.seen().map(|view| view.servers.as_slice()).unwrap_or_default();
    let attempts = evidence.attempts.iter().chain(evidence.contrast.seen().into_iter().flatten());
    let mut rivals = Vec::new();
    for attempt in attempts.chain(servers.iter().map(|ServerView { attempt, .. }| attempt)) {
        let entries = attempt.queue.seen().map(Vec::as_slice).unwrap_or_default();
        for (at, entry) in entries.iter().enumerate() {
            let alike = |other: &&QueueEntry| {
                (other.at_ms, other.kind, other.code) == (entry.at_ms, entry.kind, entry.code)
            };
            for other in entries.iter().skip(at + 1).filter(alike) {
                rivals.extend(match (entry.sender, other.sender) {
                    (Some(a), Some(b)) if a != b => Some((a.min(b), a.max(b))),
                    _ => None,
                });
            }
        }
    }
    rivals.sort_unstable();
    rivals
}
