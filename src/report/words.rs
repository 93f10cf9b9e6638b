//! Fills the catalog's sentences with the facts of the case. Every value from outside is made safe here.

use super::{Alternative, NextStep, ReportRemark, family_of};
use crate::diagnose::path::PathView;
use crate::diagnose::{Culprit, Diagnosis, Hop, Remark, deciding_device, deciding_refusal, icmp};
use crate::model::{
    AfterHandshake, Attempt, Call, Evidence, Family, Host, LookupOutcome, NeighbourState, Payload, Refusal,
    RefusalKind, RouteAnswer, RouteType, Transport,
};
use crate::sanitize::{clean, shell_word};
use crate::verdict::{Clue, Entry, Side, Variant};

/// The words that a sentence of the catalog may have in braces.
pub const KEYS: &[&str] = &[
    "address",
    "arp",
    "device",
    "dns_elapsed",
    "dns_errno",
    "dns_waited",
    "elapsed",
    "endpoint",
    "errno",
    "family",
    "family_flag",
    "foreign",
    "gateway",
    "holder",
    "host",
    "hosts_line",
    "icmp",
    "label",
    "limit",
    "listener_device",
    "listener_endpoint",
    "listeners",
    "longer",
    "other_family",
    "others",
    "payload",
    "port",
    "port_start",
    "ports",
    "proto",
    "rcode",
    "refusal",
    "refusal_type",
    "sender",
    "server",
    "server_address",
    "server_endpoint",
    "server_port",
    "server_why",
    "servers",
    "source",
    "sport",
    "ss",
    "syns",
    "timeout",
    "transport",
    "ttl_setting",
    "tuple_holder",
    "unix_asked",
    "unix_at",
    "unix_elsewhere",
    "unix_full",
    "unix_link",
    "unix_listed",
    "unix_padding",
    "unix_pid",
    "unix_type",
    "unix_typed",
    "unix_what",
    "working",
];

/// The facts of one case, ready to be put into sentences.
#[derive(Clone, Copy)]
pub struct Words<'a> {
    pub(super) evidence: &'a Evidence,
    pub(super) diagnosis: &'a Diagnosis,
    pub(super) attempt: Option<&'a Attempt>,
}

impl<'a> Words<'a> {
    /// For a diagnosis and the evidence that it was made from.
    pub fn new(evidence: &'a Evidence, diagnosis: &'a Diagnosis) -> Self {
        let attempt = diagnosis.about.and_then(|index| evidence.attempts.get(index));
        Words { evidence, diagnosis, attempt }
    }

    fn entry(&self) -> &'static Entry {
        self.diagnosis.finding.code.entry()
    }

    /// The verdict in one sentence.
    pub fn headline(&self) -> String {
        let headlines = self.entry().headlines;
        let variant = self.variant();
        let named = |wanted: &str| headlines.iter().find(|(name, _)| *name == wanted);
        let usual = || named("udp").filter(|_| self.is_udp());
        let chosen = named(variant).or_else(usual).or_else(|| headlines.first());
        self.fill(chosen.map_or("", |(_, sentence)| sentence), clean)
    }

    /// The wording that the rule chose: for UDP `udp`, or `udp-` and the rule's, where the verdict has it.
    fn variant(&self) -> Variant {
        let variant = self.diagnosis.finding.variant;
        let wanted = if variant.is_empty() { "udp".to_owned() } else { format!("udp-{variant}") };
        let own = self.entry().headlines.iter().find(|(name, _)| self.is_udp() && *name == wanted);
        own.map_or(variant, |(name, _)| name)
    }

    pub(super) fn is_udp(&self) -> bool {
        let asked = self.evidence.request.target.transport;
        self.attempt.map_or(asked, |attempt| attempt.transport) == Transport::Udp
    }

    /// The look-alikes, with what makes them so.
    pub fn alternatives(&self) -> Vec<Alternative> {
        let why = |code| {
            let known = self.entry().look_alikes.iter().find(|(alike, _)| *alike == code);
            self.fill(known.map_or(code.entry().holds_when, |(_, why)| why), clean)
        };
        self.diagnosis
            .finding
            .alternatives
            .iter()
            .map(|code| Alternative { code: *code, why: why(*code) })
            .collect()
    }

    /// What to do.
    pub fn next_steps(&self) -> Vec<NextStep> {
        let variant = self.variant();
        self.entry()
            .next
            .iter()
            .filter(|step| step.only.is_empty() || step.only.contains(&variant))
            .map(|step| NextStep {
                on: if step.on == Side::Target && self.is_local() { Side::Client } else { step.on },
                what: self.fill(step.text, clean),
                command: (!step.command.is_empty()).then(|| self.command(step.command)),
            })
            .collect()
    }

    /// A fact beside the verdict.
    pub fn remark(&self, remark: &Remark) -> ReportRemark {
        let text = match remark {
            Remark::PortForwarded => format!(
                "port {} is forwarded: what answers on it is behind {}",
                self.value("port"),
                self.value("address")
            ),
            Remark::Intercepted => {
                "a redirection on this host answers in the target's name: look for a local proxy".to_owned()
            }
            Remark::AddressFailed { attempt, code } => {
                let address = self.evidence.attempts.get(*attempt).map(|attempt| attempt.address.to_string());
                format!("{} fails: {code}, {}", address.unwrap_or_default(), code.entry().holds_when)
            }
            other => self.naming_remark(other).or_else(|| self.own_remark(other)).unwrap_or_default(),
        };
        ReportRemark { code: remark.code().to_owned(), text }
    }

    /// Who did it, for people.
    pub fn culprit(&self) -> Option<String> {
        Some(match self.diagnosis.finding.culprit.as_ref()? {
            Culprit::Client => "this host".to_owned(),
            Culprit::Resolver { address: None } => "the name service".to_owned(),
            Culprit::Resolver { address: Some(address) } => format!("the name server {address}"),
            Culprit::Link { address } => format!("the neighbour {address}"),
            Culprit::Router { address: None, hop: None } => "a router".to_owned(),
            Culprit::Router { address: None, hop: Some(hop) } => {
                format!("the router at hop {hop}, which does not name itself")
            }
            Culprit::Router { address: Some(address), hop: None } => format!("the router {address}"),
            Culprit::Router { address: Some(address), hop: Some(hop) } => {
                format!("the router {address} (hop {hop})")
            }
            Culprit::Path { after: None } => "unknown: somewhere on the way, or the target".to_owned(),
            Culprit::Path { after: Some(hop) } => match hop.address {
                Some(address) => format!("somewhere after {address} (hop {})", hop.hop),
                None => "unknown: no hop answered".to_owned(),
            },
            Culprit::Target if self.is_local() => "this host, at the target's end".to_owned(),
            Culprit::Target => "the target".to_owned(),
            Culprit::Service => "the service".to_owned(),
        })
    }

    /// The observations that the verdict rests on, a sentence each.
    pub fn because(&self) -> Vec<String> {
        self.diagnosis.finding.because.iter().filter_map(|clue| self.clue(*clue)).collect()
    }

    /// A command to paste. One that runs whyconn again asks for the same transport.
    fn command(&self, template: &str) -> String {
        if !self.is_udp() || !template.starts_with("whyconn ") {
            return self.fill(template, shell_word);
        }
        let filled = template.replace("{endpoint}", "udp://{endpoint}");
        self.fill(&filled.replace("{listener_endpoint}", "udp://{listener_endpoint}"), shell_word)
    }

    fn fill(&self, template: &str, safe: fn(&str) -> String) -> String {
        let mut filled = String::with_capacity(template.len() + 32);
        let mut rest = template;
        while let Some((before, after)) = rest.split_once('{') {
            let (key, tail) = after.split_once('}').unwrap_or((after, ""));
            filled.push_str(before);
            filled.push_str(&safe(&self.value(key)));
            rest = tail;
        }
        filled.push_str(rest);
        filled
    }

    /// The value of a word in braces. One that the evidence does not hold is named in general terms.
    pub(super) fn value(&self, key: &str) -> String {
        let own = || self.own_value(key).or_else(|| self.unix_value(key));
        if let Some(value) = self.naming_value(key).or_else(own) {
            return value;
        }
        let request = &self.evidence.request;
        let or = |value: Option<String>, general: &str| value.unwrap_or_else(|| general.to_owned());
        let family = self.attempt.map(family_of).or(request.family);
        match key {
            "address" => or(
                self.attempt.map(|attempt| attempt.address.ip().to_string()),
                &request.target.host.to_string(),
            ),
            "arp" => if family == Some(Family::V6) { "neighbour discovery" } else { "ARP" }.to_owned(),
            "device" => or(self.device(), "of the route"),
            "elapsed" => {
                or(self.attempt.and_then(|attempt| attempt.ended_ms).map(|ms| ms.to_string()), "no time")
            }
            "endpoint" => {
                or(self.attempt.map(|attempt| attempt.address.to_string()), &request.target.endpoint())
            }
            "errno" => or(self.errno(), "an error"),
            "family" => or(family.map(|family| family.to_string()), "IP"),
            "family_flag" => if family == Some(Family::V6) { "-6" } else { "-4" }.to_owned(),
            "gateway" => {
                or(self.attempt.and_then(Attempt::gateway).map(|gateway| gateway.to_string()), "of the route")
            }
            "host" => request.target.host.to_string(),
            "icmp" => or(self.icmp(), "ICMP"),
            "other_family" => or(family.map(|family| family.other().to_string()), "the other family"),
            "payload" => {
                let payload = self.attempt.and_then(|attempt| attempt.payload);
                payload.map_or("the datagram", Payload::describe).to_owned()
            }
            "proto" => if self.is_udp() { "udp" } else { "tcp" }.to_owned(),
            "ss" => if self.is_udp() { "u" } else { "t" }.to_owned(),
            "transport" => if self.is_udp() { Transport::Udp } else { Transport::Tcp }.to_string(),
            "port" => self.attempt.map_or(request.target.port, |attempt| attempt.address.port()).to_string(),
            "port_start" => {
                or(self.evidence.host.unprivileged_port_start.seen().map(ToString::to_string), "1024")
            }
            "refusal" => or(self.refusal().map(describe_refusal), "a route"),
            "refusal_type" => {
                or(self.refusal().map(|refusal| refusal_word(refusal.action).to_owned()), "unicast")
            }
            "sender" => or(self.sender(), "a router"),
            "source" => {
                let chosen = || self.attempt?.source.map(|source| source.ip());
                or(request.source.or_else(chosen).map(|source| source.to_string()), "of the socket")
            }
            "sport" => or(request.source_port.map(|port| port.to_string()), "of the socket"),
            "syns" => match self.attempt.and_then(syns) {
                None if self.is_udp() => "the datagram".to_owned(),
                None => "the SYN".to_owned(),
                Some(1) => "1 SYN".to_owned(),
                Some(count) => format!("{count} SYNs"),
            },
            "timeout" => request.timeout_ms.to_string(),
            "longer" => {
                // Whole seconds, and three times what was not enough.
                let seconds = (request.timeout_ms.0 * 3.0 / 1e3).ceil().max(4.0);
                format!("{seconds:.0}s")
            }
            "ttl_setting" => if family == Some(Family::V6) {
                "net.ipv6.conf.all.hop_limit"
            } else {
                "net.ipv4.ip_default_ttl"
            }
            .to_owned(),
            "working" => {
                let works = self.evidence.working();
                or(works.map(|attempt| attempt.address.to_string()), "another address")
            }
            _ => format!("{{{key}}}"),
        }
    }

    /// Whether both ends are this host: then there is one machine to look at.
    fn is_local(&self) -> bool {
        self.evidence.request.target.socket().is_some() || self.attempt.is_some_and(Attempt::is_local)
    }

    fn path(&self) -> Option<PathView<'a>> {
        let attempt = self.attempt?;
        Some(PathView::new(attempt.path.seen()?, attempt.address.ip()))
    }

    fn device(&self) -> Option<String> {
        let request = &self.evidence.request;
        let decided = deciding_device(self.evidence, self.attempt?).map(|link| link.name.clone());
        let scope = || match &request.target.host {
            Host::Address { scope, .. } => scope.clone(),
            Host::Name(_) | Host::Socket(_) => None,
        };
        // A device that does not exist is known by its name only.
        decided.or_else(|| request.interface.clone()).or_else(scope)
    }

    fn errno(&self) -> Option<String> {
        let failed = || self.attempt?.failed.map(|failed| failed.errno);
        let so_error = || self.attempt?.so_errors.last().map(|error| error.errno);
        let looked_up = || match &self.evidence.lookup.seen()?.outcome {
            LookupOutcome::Failed { errno, .. } => *errno,
            _ => None,
        };
        let lacking = || self.evidence.lacking.map(|lacking| lacking.errno);
        failed().or_else(so_error).or_else(lacking).or_else(looked_up).map(|errno| errno.to_string())
    }

    fn icmp(&self) -> Option<String> {
        let (code, _) = self.attempt?.deciding_icmp()?;
        let protocol = if code.family == 6 { "ICMPv6" } else { "ICMP" };
        Some(format!("{protocol} {}", icmp::name(code)))
    }

    fn sender(&self) -> Option<String> {
        self.attempt?.deciding_icmp()?.1.sender.map(|sender| sender.to_string())
    }

    fn refusal(&self) -> Option<&Refusal> {
        deciding_refusal(self.evidence, self.attempt?)
    }

    fn clue(&self, clue: Clue) -> Option<String> {
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
            Clue::IcmpFromThisHost => "its sender is an address of this host: it was made here".to_owned(),
            Clue::SoError => format!("the socket reports {}", self.value("errno")),
            Clue::SynUnanswered => {
                format!("{} sent in {}, nothing came back", self.value("syns"), self.value("elapsed"))
            }
            Clue::DatagramUnanswered => format!(
                "{} was sent, and nothing came back in {}",
                self.value("payload"),
                self.value("elapsed")
            ),
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
                format!(
                    "{} does not answer {}: the entry is {}",
                    sample.address,
                    self.value("arp"),
                    state_word(sample.state)
                )
            }
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
            Clue::FamilyOff => format!("{} is switched off (disable_ipv6)", self.value("family")),
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
                            "{probes} with a small TTL get as far as hop {hop}, {address}; nothing answers beyond"
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
            Clue::NotTransmitted => "a SYN was handed to IP and reached no device (OutTransmits)".to_owned(),
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

/// SYNs handed to IP, where the kernel counts them.
fn syns(attempt: &Attempt) -> Option<u32> {
    attempt.syns_sent()
}

pub(super) fn call_name(call: Call) -> &'static str {
    match call {
        Call::Socket => "socket",
        Call::BindDevice => "binding to the device",
        Call::Scope => "looking up the device",
        Call::Bind => "bind",
        Call::Connect => "connect",
        Call::Send => "send",
        Call::EventLoop => "setting up",
    }
}

fn describe_refusal(refusal: &Refusal) -> String {
    let action = refusal_word(refusal.action);
    let table = match refusal.table {
        Some(254) | None => String::new(),
        Some(253) => " in table default".to_owned(),
        Some(255) => " in table local".to_owned(),
        Some(number) => format!(" in table {number}"),
    };
    let prefix = refusal.prefix.as_deref().map(clean);
    match refusal.kind {
        RefusalKind::Route => format!("the {action} route {}{table}", prefix.unwrap_or_default()),
        RefusalKind::Rule => {
            let to = prefix.map(|prefix| format!(" to {prefix}")).unwrap_or_default();
            format!("the {action} rule{to} (priority {})", refusal.priority.unwrap_or(0))
        }
    }
}

fn refusal_word(action: RouteType) -> &'static str {
    match action {
        RouteType::Blackhole => "blackhole",
        RouteType::Prohibit => "prohibit",
        RouteType::Throw => "throw",
        _ => "unreachable",
    }
}

pub(super) fn state_word(state: NeighbourState) -> &'static str {
    match state {
        NeighbourState::Absent => "ABSENT",
        NeighbourState::Incomplete => "INCOMPLETE",
        NeighbourState::Reachable => "REACHABLE",
        NeighbourState::Stale => "STALE",
        NeighbourState::Delay => "DELAY",
        NeighbourState::Probe => "PROBE",
        NeighbourState::Failed => "FAILED",
        NeighbourState::Noarp => "NOARP",
        NeighbourState::Permanent => "PERMANENT",
        NeighbourState::Other(_) => "of another state",
    }
}

/// What the peer did within the grace, for people.
pub(super) fn after_word(after: AfterHandshake) -> Option<String> {
    match after {
        AfterHandshake::Quiet => None,
        AfterHandshake::Data(bytes) => Some(format!("{bytes} bytes")),
        AfterHandshake::Closed => Some("FIN".to_owned()),
        AfterHandshake::Reset => Some("RST".to_owned()),
    }
}

/// What a service said before it was asked.
pub(super) fn first_words(bytes: u32, said: Option<&str>) -> String {
    let said = said.filter(|said| !said.is_empty());
    let said = said.map(|said| format!(", \"{}\"", clean(said))).unwrap_or_default();
    format!("the service spoke first: {bytes} bytes{said}")
}
