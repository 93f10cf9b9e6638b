//! Fills the catalog's sentences with the facts of the case. Every value from outside is made safe here.

use super::{Alternative, ReportRemark, family_of};
use crate::diagnose::path::PathView;
use crate::diagnose::{
    Culprit, Diagnosis, Remark, deciding_device, deciding_refusals, icmp, narrow_device, source_device,
};
use crate::model::{
    AfterHandshake, Attempt, Call, Evidence, Family, Host, Link, LookupOutcome, NeighbourState, Payload,
    Refusal, RefusalKind, RouteType, Transport,
};
use crate::sanitize::clean;
use crate::verdict::{Code, Entry, Variant};

/// More routes and rules are counted, not named.
const MOST_REFUSALS: usize = 4;

/// The words that a sentence of the catalog may have in braces.
pub const KEYS: &[&str] = &[
    "address",
    "after",
    "alias_end",
    "arp",
    "asked",
    "beside",
    "device",
    "dns_elapsed",
    "dns_errno",
    "dns_source",
    "dns_waited",
    "eai_errno",
    "elapsed",
    "endpoint",
    "errno",
    "family",
    "family_flag",
    "foreign",
    "foreign_endpoint",
    "foreign_inode",
    "foreign_pid",
    "from",
    "gateway",
    "half_heard",
    "half_silent",
    "having",
    "holder",
    "holder_kind",
    "hooks",
    "host",
    "hosts_line",
    "hosts_number",
    "hosts_unread",
    "icmp",
    "ipv6_switch",
    "label",
    "leads_to",
    "limit",
    "links",
    "listener_device",
    "listener_endpoint",
    "listener_ip",
    "listener_pid",
    "listener_unit",
    "listeners",
    "loopback",
    "narrow_device",
    "opts",
    "opts_any_device",
    "opts_any_family",
    "opts_any_port",
    "opts_any_source",
    "opts_longer",
    "opts_longer_asked",
    "other_family",
    "others",
    "own_port",
    "payload",
    "port",
    "port_filter",
    "port_start",
    "ports",
    "rcode",
    "refusal",
    "refusal_removal",
    "refusal_type",
    "route_ttl",
    "router",
    "scope_device",
    "scoped",
    "sender",
    "server",
    "server_endpoint",
    "server_port",
    "server_why",
    "servers",
    "skipped_line",
    "source",
    "source_device",
    "sources",
    "sport",
    "ss",
    "syns",
    "timeout",
    "transport",
    "ttl_file",
    "ttl_setting",
    "tuple_holder",
    "typed",
    "unix_asked",
    "unix_at",
    "unix_elsewhere",
    "unix_full",
    "unix_link",
    "unix_listed",
    "unix_padding",
    "unix_parent",
    "unix_pid",
    "unix_type",
    "unix_typed",
    "unix_what",
    "wide_range",
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

    pub(super) fn entry(&self) -> &'static Entry {
        self.diagnosis.finding.code.entry()
    }

    /// The verdict in one sentence.
    pub fn headline(&self) -> String {
        let headlines = self.entry().headlines;
        let variant = self.variant();
        let named = |wanted: &str| headlines.iter().find(|(name, _)| *name == wanted);
        let usual = || named("udp").filter(|_| self.is_udp());
        let chosen = named(variant).or_else(usual).or_else(|| headlines.first());
        self.fill(chosen.map_or("", |(_, sentence)| sentence), |_, value| clean(value))
    }

    /// The wording that the rule chose: for UDP `udp`, or `udp-` and the rule's, where the verdict has it.
    pub(super) fn variant(&self) -> Variant {
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
            self.fill(known.map_or(code.entry().holds_when, |(_, why)| why), |_, value| clean(value))
        };
        self.diagnosis
            .finding
            .alternatives
            .iter()
            .map(|code| Alternative { code: *code, why: why(*code) })
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

    /// Who did it, in the few words that stand beside the certainty.
    pub fn culprit(&self) -> Option<String> {
        let who = match self.diagnosis.finding.culprit.as_ref()? {
            Culprit::Client => "this host".to_owned(),
            Culprit::Resolver { address: None } => "name service".to_owned(),
            Culprit::Resolver { address: Some(address) } => format!("name server {address}"),
            Culprit::Link { address } if self.diagnosis.finding.code == Code::UnreachableGateway => {
                format!("gateway {address}")
            }
            Culprit::Link { address } => format!("neighbour {address}"),
            Culprit::Router { address: None, hop: None } => "a router".to_owned(),
            Culprit::Router { address: None, hop: Some(hop) } => {
                format!("router at hop {hop}, address unknown")
            }
            Culprit::Router { address: Some(address), hop: None } => format!("router {address}"),
            Culprit::Router { address: Some(address), hop: Some(hop) } => {
                format!("router {address} at hop {hop}")
            }
            Culprit::Path { after: None } => "someone on the way, or the target".to_owned(),
            Culprit::Path { after: Some(hop) } => match hop.address {
                Some(address) => format!("lost at hop {}, {address}, or beyond", hop.hop),
                None => "lost at an unknown hop".to_owned(),
            },
            Culprit::Target if self.is_local() => "this host".to_owned(),
            Culprit::Target => "target".to_owned(),
            Culprit::Service => "service".to_owned(),
        };
        let partial = self.diagnosis.finding.code == Code::ConnectedPartial;
        Some(if partial { format!("first address: {who}") } else { who })
    }

    /// The observations that the verdict rests on, a sentence each.
    pub fn because(&self) -> Vec<String> {
        self.diagnosis.finding.because.iter().filter_map(|clue| self.clue(*clue)).collect()
    }

    /// The template with its words, each made safe by `safe`, which is given the word and its value.
    pub(super) fn fill(&self, template: &str, safe: impl Fn(&str, &str) -> String) -> String {
        let mut filled = String::with_capacity(template.len() + 32);
        let mut rest = template;
        while let Some((before, after)) = rest.split_once('{') {
            let (key, tail) = after.split_once('}').unwrap_or((after, ""));
            filled.push_str(before);
            filled.push_str(&safe(key, &self.value(key)));
            rest = tail;
        }
        filled.push_str(rest);
        filled
    }

    /// The value of a word in braces. One that the evidence does not hold is named in general terms.
    pub(super) fn value(&self, key: &str) -> String {
        let own = || self.own_value(key).or_else(|| self.unix_value(key)).or_else(|| self.step_value(key));
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
            "arp" => {
                // A gateway may be of the other family (RFC 8950).
                let asked =
                    self.attempt.and_then(|attempt| attempt.last_neighbour()).map(|sample| sample.address);
                let asked = asked.or_else(|| self.attempt?.gateway()).map(Family::of).or(family);
                if asked == Some(Family::V6) { "neighbour discovery" } else { "ARP" }.to_owned()
            }
            "beside" => or(self.beside(), "ICMP"),
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
                let silent = match self.diagnosis.finding.culprit {
                    Some(Culprit::Link { address }) => Some(address),
                    _ => None,
                };
                let gateway = silent.or_else(|| self.attempt.and_then(Attempt::gateway));
                or(gateway.map(|gateway| gateway.to_string()), "of the route")
            }
            "host" => request.target.host.to_string(),
            "icmp" => or(self.icmp(), "ICMP"),
            "other_family" => or(family.map(|family| family.other().to_string()), "the other family"),
            "payload" => {
                let payload = self.attempt.and_then(|attempt| attempt.payload);
                payload.map_or("the datagram", Payload::describe).to_owned()
            }
            "port_filter" => {
                let protocol = if self.is_udp() { "udp" } else { "tcp" };
                format!("{protocol} port {}", self.value("port"))
            }
            "ss" => if self.is_udp() { "u" } else { "t" }.to_owned(),
            "transport" => if self.is_udp() { Transport::Udp } else { Transport::Tcp }.to_string(),
            "port" => self.attempt.map_or(request.target.port, |attempt| attempt.address.port()).to_string(),
            "port_start" => {
                or(self.evidence.host.unprivileged_port_start.seen().map(ToString::to_string), "1024")
            }
            "source_device" => or(self.source_device(), "of its own"),
            "refusal" => {
                let all: Vec<String> = self.refusals().into_iter().map(describe_refusal).collect();
                match all.get(MOST_REFUSALS..) {
                    Some(more) if !more.is_empty() => {
                        let some = all.get(..MOST_REFUSALS).unwrap_or_default().join(", ");
                        format!("{some} or one of {} more", more.len())
                    }
                    _ if all.is_empty() => "a route".to_owned(),
                    _ => all.join(" or "),
                }
            }
            "refusal_type" => {
                let first = self.refusals().first().map(|refusal| refusal_word(refusal.action).to_owned());
                or(first, "unicast")
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
            "working" => {
                let works = self.evidence.working();
                or(works.map(|attempt| attempt.address.to_string()), "another address")
            }
            _ => format!("{{{key}}}"),
        }
    }

    /// Whether both ends are this host: then there is one machine to look at.
    pub(super) fn is_local(&self) -> bool {
        self.evidence.request.target.socket().is_some() || self.attempt.is_some_and(Attempt::is_local)
    }

    pub(super) fn path(&self) -> Option<PathView<'a>> {
        let attempt = self.attempt?;
        Some(PathView::new(attempt.path.seen()?, attempt.address.ip()))
    }

    /// The device whose MTU is too small for IPv6.
    pub(super) fn narrow_device(&self) -> Option<&Link> {
        narrow_device(self.evidence, self.attempt?)
    }

    pub(super) fn device(&self) -> Option<String> {
        let request = &self.evidence.request;
        let decided = deciding_device(self.evidence, self.attempt?).map(|link| link.name.clone());
        let scope = || match &request.target.host {
            Host::Address { scope, .. } => scope.clone(),
            Host::Name(_) | Host::Socket(_) => None,
        };
        // A device that does not exist is known by its name only.
        decided.or_else(|| request.interface.clone()).or_else(scope)
    }

    pub(super) fn errno(&self) -> Option<String> {
        let failed = || self.attempt?.failed.map(|failed| failed.errno);
        let so_error = || self.attempt?.so_errors.last().map(|error| error.errno);
        let looked_up = || match &self.evidence.lookup.seen()?.outcome {
            LookupOutcome::Failed { errno, .. } => *errno,
            _ => None,
        };
        let lacking = || self.evidence.lacking.map(|lacking| lacking.errno);
        let unread = || Some(clean(self.evidence.name_files.seen()?.unread().next()?.1));
        let known = failed().or_else(so_error).or_else(lacking).or_else(looked_up);
        known.map(|errno| errno.to_string()).or_else(unread)
    }

    fn icmp(&self) -> Option<String> {
        let (code, _) = self.attempt?.deciding_icmp()?;
        let protocol = if code.family == 6 { "ICMPv6" } else { "ICMP" };
        Some(format!("{protocol} {}", icmp::name(code)))
    }

    /// What others on this way were told, and by whom.
    pub(super) fn beside(&self) -> Option<String> {
        let beside = self.evidence.beside?;
        let protocol = if beside.icmp.family == 6 { "ICMPv6" } else { "ICMP" };
        let from = beside.from.map(|from| format!(" by {from}")).unwrap_or_default();
        Some(format!("{protocol} {}{from}", icmp::name(beside.icmp)))
    }

    pub(super) fn sender(&self) -> Option<String> {
        self.attempt?.deciding_icmp()?.1.sender.map(|sender| sender.to_string())
    }

    fn source_device(&self) -> Option<String> {
        let index = source_device(self.evidence, self.attempt?)?;
        let links = self.evidence.host.links.seen()?;
        links.iter().find(|link| link.index == index).map(|link| clean(&link.name))
    }

    /// The one route or rule that refuses.
    pub(super) fn refusal(&self) -> Option<&Refusal> {
        match self.refusals().as_slice() {
            [refusal] => Some(refusal),
            _ => None,
        }
    }

    fn refusals(&self) -> Vec<&Refusal> {
        self.attempt.map(|attempt| deciding_refusals(self.evidence, attempt)).unwrap_or_default()
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

pub(super) fn refusal_word(action: RouteType) -> &'static str {
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
