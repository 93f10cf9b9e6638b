//! The observations that a verdict rests on, a sentence each.

use super::Words;
use super::words::{call_name, first_words, state_word};
use crate::diagnose::{Hop, icmp};
use crate::model::{AfterHandshake, IPV6_LEAST_MTU, LookupOutcome, NeighbourState, Payload, RouteAnswer};
use crate::sanitize::clean;
use crate::verdict::{Certainty, Clue};

impl Words<'_> {
    pub(super) fn clue(&self, clue: Clue) -> Option<String> {
        if let Some(sentence) = self.unix_clue(clue) {
            return Some(sentence);
        }
        let attempt = self.attempt;
        let sentence = match clue {
            Clue::NameAnswer => {
                let lookup = self.evidence.lookup.seen()?;
                match &lookup.outcome {
                    LookupOutcome::Addresses(all) => format!("getaddrinfo gave {} addresses", all.len()),
                    LookupOutcome::Failed { eai, .. } => {
                        format!("getaddrinfo answered {} after {}", clean(eai), lookup.elapsed_ms)
                    }
                    LookupOutcome::NoAnswer => {
                        format!("getaddrinfo had not answered after {}", lookup.elapsed_ms)
                    }
                }
            }
            Clue::OtherFamilyOnly => {
                let others = self.evidence.lookup.seen()?.other_family.seen()?;
                let shown: Vec<String> =
                    others.iter().take(4).map(|other| other.address.to_string()).collect();
                format!("it has {} addresses only: {}", self.value("other_family"), shown.join(", "))
            }
            Clue::NameMalformed => "the name breaks the rules of host names (RFC 1035, RFC 1123)".to_owned(),
            Clue::CallFailed => match attempt.and_then(|attempt| attempt.failed).or(self.evidence.lacking) {
                Some(failed) => format!(
                    "{} failed at once: {} ({})",
                    call_name(failed.call),
                    failed.errno,
                    failed.errno.describe()
                ),
                None => format!("getaddrinfo failed: {}", self.value("errno")),
            },
            Clue::Handshake => {
                let works = self.evidence.working()?;
                format!("the handshake with {} was complete after {}", works.address, works.connected_ms?)
            }
            Clue::PeerAnswered => {
                let works = self.evidence.working()?;
                let bytes = match works.after.seen()? {
                    AfterHandshake::Data(bytes) => *bytes,
                    _ => return None,
                };
                let asked = works.payload.map_or("the datagram", Payload::describe);
                format!("{} answered {asked} after {}: {bytes} bytes", works.address, works.connected_ms?)
            }
            Clue::StayedOpen => {
                format!("it stayed open and quiet for {}", self.evidence.request.grace_ms)
            }
            Clue::PeerSpoke => match attempt?.after.seen()? {
                AfterHandshake::Data(bytes) => first_words(*bytes, attempt?.said.as_deref()),
                _ => return None,
            },
            Clue::SameEnds if self.is_udp() => {
                "source and destination of the datagram are the same address and port".to_owned()
            }
            Clue::SameEnds => {
                "source and destination of the connection are the same address and port".to_owned()
            }
            Clue::PeerClosed => "the peer closed without sending a byte".to_owned(),
            Clue::PeerReset => "the peer reset the connection right after the handshake".to_owned(),
            Clue::FirstAddressFailed => {
                let first = self.evidence.attempts.first()?;
                let code = self.diagnosis.attempts.first()?.as_ref()?.code;
                format!("{} comes first in getaddrinfo's order, and fails: {code}", first.address)
            }
            Clue::SynReset => format!("a reset answered the SYN after {}", attempt?.so_errors.last()?.at_ms),
            Clue::IcmpError => {
                let (_, entry) = attempt?.deciding_icmp()?;
                format!("{} came from {} after {}", self.value("icmp"), self.value("sender"), entry.at_ms)
            }
            Clue::IcmpFromThisHost => {
                let sure = self.diagnosis.finding.certainty == Certainty::Certain;
                format!("its sender is an address of this host{}", if sure { ": it was made here" } else { "" })
            }
            Clue::SoError => format!("the socket reports {}", self.value("errno")),
            Clue::SynUnanswered => {
                let because = &self.diagnosis.finding.because;
                let about_replies =
                    [Clue::RepliesSwallowed, Clue::RepliesReset, Clue::RepliesBroken, Clue::SynsReturn];
                let swallowed = about_replies.iter().any(|clue| because.contains(clue));
                let came = if swallowed { "nothing reached the socket" } else { "nothing came back" };
                format!("{} sent in {}, {came}", self.value("syns"), self.value("elapsed"))
            }
            Clue::DatagramUnanswered => {
                let unclaimed = self.diagnosis.finding.because.contains(&Clue::AnswerUnclaimed);
                let came = if unclaimed { "nothing reached the socket" } else { "nothing came back" };
                format!("{} was sent, and {came} in {}", self.value("payload"), self.value("elapsed"))
            }
            Clue::DatagramHeld => {
                format!("the datagram is still held in this host ({} bytes)", attempt?.unsent_bytes.seen()?)
            }
            Clue::ClosedByOwnUdp => "this host's own UDP found no socket for it (NoPorts)".to_owned(),
            Clue::NotByOwnUdp => {
                "this host's own UDP did not look for a socket (NoPorts stood still): a filter answered".to_owned()
            }
            Clue::SynHeld => {
                format!("the SYN is still held in this host ({} bytes)", attempt?.unsent_bytes.seen()?)
            }
            Clue::NoRepeat => "the kernel was due to send the SYN again, and sent nothing".to_owned(),
            Clue::LeftThisHost => "nothing of it went over this host's loopback device".to_owned(),
            Clue::NotOverLoopback => format!(
                "a {} to {} left by another device than loopback: something behind this host answers",
                if self.is_udp() { "datagram" } else { "SYN" },
                self.value("address")
            ),
            Clue::OverLoopback => format!(
                "a {} to {} went over this host's loopback device: this host answers itself",
                if self.is_udp() { "datagram" } else { "SYN" },
                self.value("address")
            ),
            Clue::OwnTtl => {
                let attempt = attempt?;
                let route = attempt.route().and_then(|route| route.hop_limit);
                format!("this host sends with TTL {}", route.or(attempt.own_ttl.seen().copied())?)
            }
            Clue::SynNotSent => {
                let tried = attempt?.tcp.seen()?.retransmits?;
                let times = if tried == 1 { "once".to_owned() } else { format!("{tried} times") };
                format!("the kernel tried {times} to send the SYN again, and it failed inside this host")
            }
            Clue::SegmentsRejected => {
                format!(
                    "{} segments came for this connection, and were rejected",
                    attempt?.tcp.seen()?.segments_in?
                )
            }
            Clue::NeighbourSilent => {
                let sample = attempt?.last_neighbour()?;
                let entry = match sample.state {
                    NeighbourState::Absent => "is forgotten".to_owned(),
                    state => format!("is {}", state_word(state)),
                };
                format!("{} does not answer {}: the entry {entry}", sample.address, self.value("arp"))
            }
            Clue::DeviceSentNothing => format!(
                "the device {} sent no packet while this host asked for it: something here drops {}",
                clean(&self.value("device")),
                self.value("arp")
            ),
            Clue::DeviceHeardAnswers => format!(
                "packets came in by the device {} whenever an answer was due, and at no other time",
                clean(&self.value("device"))
            ),
            Clue::NeighbourAnswered => {
                let sample = attempt?.last_neighbour()?;
                format!("{} answers {}", sample.address, self.value("arp"))
            }
            Clue::NoRoute => {
                let attempt = attempt?;
                let refused = [&attempt.route_at_end, &attempt.route].into_iter().find_map(|route| {
                    match route.seen()? {
                        RouteAnswer::Refused(errno) => Some(*errno),
                        RouteAnswer::Route(_) => None,
                    }
                })?;
                format!("the route lookup finds none ({refused})")
            }
            Clue::RouteRefuses => match attempt?.route.seen()? {
                RouteAnswer::Refused(errno) => {
                    format!("the route lookup for this connection fails with {errno}")
                }
                RouteAnswer::Route(_) => return None,
            },
            Clue::RefusalFound => format!("in the tables: {}", self.value("refusal")),
            Clue::RouteFound => "there is a route to the target".to_owned(),
            Clue::TargetIsLocal => format!("{} is an address of this host", self.value("address")),
            Clue::NotUnicast => "the route is of type broadcast or multicast".to_owned(),
            Clue::LinkDown => format!("the device {} is switched off", clean(&self.value("device"))),
            Clue::LinkNoCarrier => format!("the device {} has no carrier", clean(&self.value("device"))),
            Clue::NoOwnAddress => format!("this host has no {} address to send from", self.value("family")),
            Clue::MtuTooSmall => {
                let link = self.narrow_device()?;
                format!("the device {} has an MTU of {} bytes; IPv6 takes at least {IPV6_LEAST_MTU}", clean(&link.name), link.narrow_mtu?)
            }
            Clue::FamilyOff => format!("{} is switched off (disable_ipv6)", self.value("family")),
            Clue::ForeignSource => {
                format!("no device of this host has the address {}", self.value("source"))
            }
            Clue::RepliesReset => "segments come in whenever an answer is due, and at no other time, and this host's TCP \
                 resets each of them: no socket here has their addresses and ports"
                .to_owned(),
            Clue::RepliesBroken => "segments come in whenever an answer is due, and at no other time, each with a wrong \
                 checksum (InCsumErrors)"
                .to_owned(),
            Clue::AnswerUnclaimed => "soon after, and at no other time, a datagram came in for which this host's UDP \
                 found no socket (NoPorts)"
                .to_owned(),
            Clue::SynsReturn => "a packet for an address that is not this host's comes in for each SYN, and at no other \
                 time (InAddrErrors)"
                .to_owned(),
            Clue::OwnAnswerKept => {
                format!("a SYN to {} was delivered on this host, and the answer to it was not", self.value("address"))
            }
            Clue::NoRouteByDevice => format!(
                "no route leads to {} by device {}: the kernel takes it for a neighbour there",
                self.value("address"),
                clean(&self.value("device"))
            ),
            Clue::LoopbackLedAway => {
                format!("this host's tables have no local route to {}", self.value("address"))
            }
            Clue::SourceElsewhere => {
                let device = self.value("source_device");
                format!("{} is an address of device {}", self.value("source"), clean(&device))
            }
            Clue::FamilyOn => format!("this host has an {} address", self.value("family")),
            Clue::OddSource if self.diagnosis.finding.variant == "intercepted" => {
                format!("the kernel sends it from {}: to this host itself", attempt?.source?.ip())
            }
            Clue::OddSource => {
                format!("the kernel chose {} as the source: no other is left", attempt?.source?.ip())
            }
            Clue::PrivilegedPorts => format!("ports below {} need privileges here", self.value("port_start")),
            Clue::NoScope => "fe80::/10 addresses mean nothing without their link".to_owned(),
            Clue::Path => {
                let path = self.path()?;
                let probes = if path.by_datagrams() { "datagrams to a high port" } else { "SYNs" };
                match path.last_hop() {
                    Hop { address: Some(address), hop } => {
                        format!(
                            "hop {hop}, {address}, is the last that answers {probes} with a small TTL"
                        )
                    }
                    Hop { .. } => format!("no hop answers {probes} with a small TTL"),
                }
            }
            Clue::TargetAnswers => format!("{} answers other packets", self.value("address")),
            Clue::ResetFromNearer => {
                let path = self.path()?;
                let at = path.reset_at()?;
                let beyond = path.passed_at(at)?;
                format!(
                    "a SYN with TTL {at} drew the reset, while another packet with TTL {at} still dies on the way, at {beyond}"
                )
            }
            Clue::IcmpFromNearer => {
                let (at, beyond) = self.path()?.in_targets_name()?;
                format!(
                    "a SYN with TTL {at} drew an answer from {}, while another packet with TTL {at} still dies on the way, at {beyond}",
                    self.value("address")
                )
            }
            Clue::OthersRejected => {
                let count = self.evidence.beside?.rejected;
                let targets = if count == 1 { "target was" } else { "targets were" };
                format!(
                    "{count} other {targets} rejected with {}; routers send each peer few ICMP errors",
                    self.beside()?
                )
            }
            Clue::PathRejected => {
                let (code, from) = self.path()?.rejection()?;
                let probe = if self.is_udp() { "datagram" } else { "SYN" };
                format!("a {probe} of the path sweep drew {} from {from}", icmp::name(code))
            }
            Clue::RoutersRepeat => {
                let repeating = self.path()?.repeating();
                let shown: Vec<String> = repeating.iter().take(4).map(|(_, from)| from.to_string()).collect();
                format!("the same routers come again and again: {}", shown.join(", "))
            }
            Clue::GreaterTtlPasses if self.is_udp() => "a datagram with a greater TTL gets farther".to_owned(),
            Clue::GreaterTtlPasses => "a SYN with a greater TTL gets farther".to_owned(),
            Clue::ResetByFilter => {
                "this host's TCP sent no reset (OutRsts stood still), and the reset was there at once"
                    .to_owned()
            }
            Clue::ResetByOwnTcp => "this host's own TCP sent the reset (OutRsts)".to_owned(),
            Clue::NotDelivered if self.is_udp() => {
                "the datagram to this host's own address came in, and was not delivered (InReceives, InDelivers)"
                    .to_owned()
            }
            Clue::NotDelivered => {
                "a SYN to this host's own address came in, and was not delivered (InReceives, InDelivers)"
                    .to_owned()
            }
            Clue::QueueOverflowed => "a SYN overflowed the accept queue (ListenOverflows)".to_owned(),
            Clue::NotTransmitted => format!(
                "a {} was handed to IP and reached no device (OutTransmits)",
                if self.is_udp() { "datagram" } else { "SYN" }
            ),
            Clue::NoAssociation => {
                "an IPsec policy of this host dropped a packet for want of a security association (XfrmOutNoStates)"
                    .to_owned()
            }
            Clue::DatagramDenied => "sending a UDP datagram to the target fails with EPERM".to_owned(),
            Clue::RepliesSwallowed => {
                "packets arrive whenever an answer is due, and are not delivered (InReceives, InDelivers)"
                    .to_owned()
            }
            Clue::LateAnswer if self.is_udp() => {
                format!("the answer came after {}", attempt?.connected_ms?)
            }
            Clue::LateAnswer => {
                format!("the handshake was complete after {}", attempt?.connected_ms?)
            }
            Clue::LongRoundTrip => {
                format!("the round trip to a hop on the way alone takes {}", self.path()?.longest_rtt()?)
            }
            Clue::TentativeSource => "the address is on a device, and still tentative".to_owned(),
            other => return self.naming_clue(other).or_else(|| self.own_clue(other)),
        };
        Some(sentence)
    }
}
