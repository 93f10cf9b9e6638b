//! Sentences about names, name servers and listeners.

use super::Words;
use super::steps::reachable;
use crate::diagnose::{
    Culprit, Diagnosis, Finding, Remark, deciding_server, foreign_listeners, half_heard, half_of,
    listeners_on_port,
};
use crate::model::{
    DnsAnswer, Evidence, Exchange, ExchangeOutcome, Fact, ForeignListening, Host, HostsLine, Listening,
    LookupOutcome, Owner, Process, RecordKind, ServerView, Transport,
};
use crate::sanitize::clean;
use crate::verdict::{Clue, Code};
use std::collections::BTreeSet;
use std::fmt::Display;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// Lists name this many of their members.
const MOST_LISTED: usize = 4;

impl Words<'_> {
    /// The value of a word in braces that is about names or listeners.
    pub(super) fn naming_value(&self, key: &str) -> Option<String> {
        let evidence = self.evidence;
        Some(match key {
            "server" => self.server().map_or("asked".to_owned(), |server| bare(server.address())),
            "server_address" => {
                self.server().map_or("127.0.0.1".to_owned(), |server| server.address().ip().to_string())
            }
            "server_endpoint" => {
                self.server().map_or("127.0.0.1:53".to_owned(), |server| server.address().to_string())
            }
            "server_port" => self.server().map_or(53, |server| server.address().port()).to_string(),
            "dns_waited" => evidence
                .direct
                .seen()
                .map_or(evidence.request.timeout_ms, |view| view.ended_ms.since(view.started_ms))
                .to_string(),
            "servers" => {
                let servers = evidence.direct.seen().map(|view| view.servers.as_slice()).unwrap_or_default();
                listed(servers.iter().map(|server| bare(server.address())))
            }
            "having" => self.first_addresses().map_or("another".to_owned(), |(server, ..)| bare(server)),
            "half_heard" => {
                half_heard(evidence).map_or("some".to_owned(), |(_, record)| record.other().to_string())
            }
            "half_silent" => half_heard(evidence).map_or("all".to_owned(), |(_, record)| record.to_string()),
            "eai_errno" => self.lookup_errno().unwrap_or_else(|| "it does not say how".to_owned()),
            "skipped_line" => {
                let settings = evidence.name_files.seen().and_then(|files| files.resolver.seen());
                settings.and_then(|settings| settings.skipped_server).unwrap_or(1).to_string()
            }
            "server_why" => self.why_unreachable().unwrap_or_else(|| "nothing answers there".to_owned()),
            "rcode" => self.server().and_then(worst).map_or("an error".to_owned(), rcode_name),
            "dns_errno" => self.server().and_then(tcp_failure).unwrap_or_else(|| "no answer".to_owned()),
            "dns_elapsed" => self
                .first_addresses()
                .map_or("a while".to_owned(), |(_, exchange, _)| exchange.elapsed_ms.to_string()),
            "label" => clean(&wrong_label(&evidence.request.target.host)),
            "others" => listed(evidence.other_addresses().iter().map(|other| other.address)),
            "hosts_line" => {
                self.pin().map_or("/etc/hosts".to_owned(), |pin| format!("line {} of /etc/hosts", pin.line))
            }
            "listeners" => listed(self.open().map(|listening| self.listener(listening))),
            "foreign" => listed(foreign_listeners(evidence).iter().map(|foreign| self.foreign(foreign))),
            "listener_device" => listeners_on_port(evidence)
                .find_map(|listening| listening.device.clone())
                .unwrap_or_else(|| "of the socket".to_owned()),
            "listener_endpoint" => self
                .open()
                .next()
                .map_or_else(|| self.value("endpoint"), |listening| reachable(listening.address).to_string()),
            _ => return None,
        })
    }

    /// A clue about names or listeners.
    pub(super) fn naming_clue(&self, clue: Clue) -> Option<String> {
        let evidence = self.evidence;
        Some(match clue {
            Clue::DnsAnswer => self.answer_sentence()?,
            Clue::DnsDisagrees => {
                let (server, exchange, answer) = self.first_addresses()?;
                let addresses = listed(answer.addresses.iter());
                format!("{} answers {addresses} for {}", bare(server), clean(&exchange.name))
            }
            Clue::DnsLate => {
                let (server, exchange, _) = self.first_addresses()?;
                let patience = evidence.name_files.seen()?.resolver.seen()?.timeout_s;
                format!(
                    "{} answered after {}, and the C library waits {patience} s for a server",
                    bare(server),
                    exchange.elapsed_ms
                )
            }
            Clue::DnsSilent => {
                let view = evidence.direct.seen()?;
                let unanswered = |exchange: &&Exchange| answer_of(exchange).is_none();
                // One that answered everything keeps no silence.
                let silent = view
                    .servers
                    .iter()
                    .filter(|server| server.exchanges.iter().any(|asked| unanswered(&asked)));
                let silent = silent.map(|server| {
                    let sent = server.exchanges.iter().filter(unanswered).map(|exchange| exchange.sent);
                    let sent = sent.fold(0, u32::saturating_add);
                    let record = half_of(server);
                    let of = record.map(|record| format!(" for {record}")).unwrap_or_default();
                    format!("{} ({sent} questions{of})", bare(server.address()))
                });
                let waited = view.ended_ms.0 - view.started_ms.0;
                format!(
                    "asked directly, no answer within {}: {}",
                    crate::model::Millis(waited),
                    listed(silent)
                )
            }
            Clue::DnsUnreachable => match self.why_unreachable() {
                Some(why) => why,
                None => format!(
                    "{} was asked over TCP, which failed: {}",
                    self.value("server"),
                    self.value("dns_errno")
                ),
            },
            Clue::NoDnsSource => {
                let sources = evidence.name_files.seen()?.sources.seen()?;
                let names: Vec<String> = sources.iter().map(|source| clean(&source.name)).collect();
                format!("nsswitch.conf has programs look in: {}", names.join(", "))
            }
            Clue::FilesUnread => {
                let unread = evidence.name_files.seen()?.unread();
                let each: Vec<String> =
                    unread.map(|(path, why)| format!("{path} could not be read: {}", clean(why))).collect();
                each.join("; ")
            }
            Clue::NoServerConfigured => {
                let settings = evidence.name_files.seen()?.resolver.seen()?;
                let what = match settings.skipped_server {
                    Some(line) => {
                        format!("programs skip line {line} of /etc/resolv.conf, which names a server")
                    }
                    None if settings.present => "/etc/resolv.conf names no server".to_owned(),
                    None => "there is no /etc/resolv.conf".to_owned(),
                };
                format!("{what}, so programs ask 127.0.0.1")
            }
            Clue::NotLoopback => format!(
                "{} leads to {}, which is not a loopback address",
                self.value("host"),
                self.value("address")
            ),
            Clue::PinnedByHosts => {
                format!(
                    "{} gives {} for {}",
                    self.value("hosts_line"),
                    self.value("address"),
                    self.value("host")
                )
            }
            Clue::DnsGivesOther => format!("the name servers give {}", self.value("others")),
            Clue::OtherAddressWorks => {
                let works =
                    evidence.contrast.seen()?.iter().find(|attempt| attempt.connected_ms.is_some())?;
                match self.is_udp() {
                    true => format!("{} answers", works.address),
                    false => format!("{} completes the handshake", works.address),
                }
            }
            Clue::NoListener => format!("nothing on this machine listens on port {}", self.value("port")),
            Clue::ListensElsewhere => format!("listening on this host: {}", self.value("listeners")),
            Clue::ListensInNamespace => {
                format!("listening in another network namespace: {}", self.value("foreign"))
            }
            Clue::AcceptedBy => format!("listening there: {}", self.value("listeners")),
            Clue::QueueFull => {
                let queues = listeners_on_port(evidence).max_by_key(|listening| listening.queue)?;
                let (waiting, most) = (queues.queue, queues.queue_limit);
                format!("the queue of {} is full: Recv-Q {waiting}, Send-Q {most}", self.listener(queues))
            }
            Clue::NotAccepted => {
                let after = self.attempt?.acceptance.seen()?.after_ms;
                format!("{after} after the handshake no process had accepted the connection")
            }
            _ => return None,
        })
    }

    /// A remark about names or listeners.
    pub(super) fn naming_remark(&self, remark: &Remark) -> Option<String> {
        let evidence = self.evidence;
        Some(match remark {
            Remark::NameServerDead { server } => {
                let patience = evidence
                    .name_files
                    .seen()
                    .and_then(|files| files.resolver.seen())
                    .map_or(5, |settings| settings.timeout_s);
                format!(
                    "the name server {} does not answer: ordinary programs wait {patience} s for it before they ask \
                     the next one, at every lookup",
                    bare(*server)
                )
            }
            Remark::HalfSilent { server, record } => {
                // Of two answers, glibc takes the one for A alone, and not the one for AAAA.
                let end = match record {
                    RecordKind::A => ", and with glibc they get no address then (EAI_AGAIN)",
                    RecordKind::Aaaa => "",
                };
                format!(
                    "the name server {} does not answer questions for {record} records: ordinary programs that ask \
                     for both wait for it at every lookup{end}",
                    bare(*server)
                )
            }
            Remark::AskedServer => format!(
                "{} was asked because of --dns: ordinary programs on this host ask the servers of /etc/resolv.conf",
                evidence.request.dns.map_or("the server".to_owned(), bare)
            ),
            Remark::Sinkhole { address } => {
                let from = if evidence.pins().next().is_some() { "/etc/hosts" } else { "the name service" };
                format!(
                    "{from} gives {address} for {}, as filters of names do to block one: connecting to it leads to \
                     this host itself",
                    self.value("host")
                )
            }
            Remark::HostsOverride => format!(
                "{} sends {} to {}; the name servers give {}",
                self.value("hosts_line"),
                self.value("host"),
                self.value("address"),
                self.value("others")
            ),
            Remark::ListensInNamespace => {
                let all = listed(foreign_listeners(evidence).iter().map(|foreign| self.foreign(foreign)));
                format!("port {} is open in another network namespace: {all}", self.value("port"))
            }
            Remark::PortNearby { address } => {
                let here = evidence.listeners.seen()?.here.seen()?;
                let near = here.iter().find(|listening| listening.address == *address)?;
                format!("a port nearby is open: {}", self.listener(near))
            }
            Remark::FirstAddressCost => self.cost_of_first(),
            _ => return None,
        })
    }

    /// Who suffers from a first address that fails, and how much.
    fn cost_of_first(&self) -> String {
        let others = match self.diagnosis.finding.variant {
            // Nothing comes back: tcp(7) has it give up after about two minutes.
            "slow" if self.is_udp() => "those that go on to the next wait for it first, as long as each does",
            "slow" => {
                "those that go on to the next wait for it first: about 2 minutes, or 250 ms where they race (RFC 8305)"
            }
            _ => "those that go on to the next address lose no more than a round trip",
        };
        format!("clients that try only the first address fail; {others}")
    }

    /// The errno that came with what `getaddrinfo` answered.
    fn lookup_errno(&self) -> Option<String> {
        match &self.evidence.lookup.seen()?.outcome {
            LookupOutcome::Failed { errno, .. } => errno.map(|errno| errno.to_string()),
            _ => None,
        }
    }

    pub(super) fn server(&self) -> Option<&ServerView> {
        match &self.diagnosis.finding.culprit {
            Some(Culprit::Resolver { address: Some(address) }) => {
                let servers = &self.evidence.direct.seen()?.servers;
                servers.iter().find(|server| server.address().ip() == *address)
            }
            _ => deciding_server(self.evidence).map(|(server, _)| server),
        }
    }

    /// The line of the hosts file with the address that the verdict is about.
    pub(super) fn pin(&self) -> Option<&HostsLine> {
        let about = self.attempt.map(|attempt| attempt.address.ip());
        let about = self.evidence.pins().find(|pin| Some(pin.address.to_canonical()) == about);
        about.or_else(|| self.evidence.pins().next())
    }

    /// The listeners on the port that the verdict is about.
    pub(super) fn open(&self) -> impl Iterator<Item = &Listening> {
        let other = self.attempt.map(|attempt| match attempt.address.ip() {
            IpAddr::V4(_) => IpAddr::V6(Ipv6Addr::LOCALHOST),
            IpAddr::V6(_) => IpAddr::V4(Ipv4Addr::LOCALHOST),
        });
        let other = other.filter(|_| self.diagnosis.finding.code == Code::AliasLocalhostFamily);
        listeners_on_port(self.evidence).filter(move |open| other.is_none_or(|other| open.takes(other)))
    }

    /// Why the deciding server is unreachable, in the words of a target.
    fn why_unreachable(&self) -> Option<String> {
        let (server, finding) = deciding_server(self.evidence)?;
        let finding: Finding = finding?;
        let diagnosis = Diagnosis { finding, about: None, attempts: Vec::new(), remarks: Vec::new() };
        Some(
            Words { evidence: self.evidence, diagnosis: &diagnosis, attempt: Some(&server.attempt) }
                .headline(),
        )
    }

    fn first_addresses(&self) -> Option<(SocketAddr, &Exchange, &DnsAnswer)> {
        self.evidence.direct.seen()?.answers().find(|(_, _, answer)| !answer.addresses.is_empty())
    }

    /// What the deciding server said, for which names.
    fn answer_sentence(&self) -> Option<String> {
        let server = self.server()?;
        let Some(code) = worst(server) else {
            let why = server.exchanges.iter().find_map(|exchange| match &exchange.outcome {
                ExchangeOutcome::Malformed(why) => Some(clean(why)),
                _ => None,
            })?;
            return Some(format!("{} answers what can't be read: {why}", bare(server.address())));
        };
        let mut names: Vec<String> = Vec::new();
        let says_so = |exchange: &&Exchange| answer_of(exchange).is_some_and(|answer| answer.rcode == code);
        for exchange in server.exchanges.iter().filter(says_so) {
            let name = clean(&exchange.name);
            if !names.contains(&name) {
                names.push(name);
            }
        }
        let answers = || server.exchanges.iter().filter_map(answer_of);
        let mut sentence =
            format!("{} answers {} for {}", bare(server.address()), rcode_name(code), listed(names));
        let failing: BTreeSet<String> = server
            .exchanges
            .iter()
            .filter(|exchange| answer_of(exchange).is_some_and(|answer| answer.rcode == code))
            .map(|exchange| exchange.record.to_string())
            .collect();
        if code != 0 && failing.len() == 1 && server.exchanges.len() > 1 {
            sentence = format!("{sentence} ({} only)", failing.into_iter().collect::<String>());
        }
        if code == 0 {
            sentence.push_str(", without an address");
        }
        if let Some(led) = answers().find(|answer| !answer.aliases.is_empty()) {
            let end = if led.alias_loop { ", in a circle" } else { "" };
            let aliases = led.aliases.iter().take(MOST_LISTED).map(|alias| clean(alias));
            sentence =
                format!("{sentence}; it is an alias of {}{end}", aliases.collect::<Vec<_>>().join(", then "));
        }
        if let Some(error) = answers().flat_map(|answer| &answer.extended).next() {
            let text =
                if error.text.is_empty() { String::new() } else { format!(": {}", clean(&error.text)) };
            sentence =
                format!("{sentence}; extended error {} ({}){text}", error.code, extended_name(error.code));
        }
        Some(sentence)
    }

    /// A listener of this network namespace, with whose it is.
    fn listener(&self, listening: &Listening) -> String {
        let mut notes: Vec<String> = Vec::new();
        if listening.only_v6 == Some(true) && listening.address.ip().is_unspecified() {
            notes.push("IPv6 only".to_owned());
        }
        notes.extend(listening.device.as_deref().map(|device| format!("device {}", clean(device))));
        notes.extend(owner(&listening.owner));
        notes.extend(listening.leads_to.map(|to| format!("leads to {to}")));
        with_notes(listening.address, &notes)
    }

    /// A listener of another network namespace.
    fn foreign(&self, foreign: &ForeignListening) -> String {
        let reach = match foreign.address.ip() {
            ip if ip.is_loopback() => "on that namespace's own loopback, which nobody outside can reach",
            ip if ip.is_unspecified() => "on that namespace's own addresses",
            _ => "on an address of that namespace",
        };
        let mut notes = owner(&foreign.owner);
        notes.push(reach.to_owned());
        with_notes(foreign.address, &notes)
    }
}

fn with_notes(address: SocketAddr, notes: &[String]) -> String {
    if notes.is_empty() { address.to_string() } else { format!("{address} ({})", notes.join(", ")) }
}

/// Whose a socket is, as far as it can be seen.
pub(super) fn owner(owner: &Owner) -> Vec<String> {
    let mut notes = Vec::new();
    match &owner.process {
        Fact::Seen(Process { pid, name }) => notes.push(format!("{}, pid {pid}", clean(name))),
        _ => notes.push(format!("user {}", owner.uid)),
    }
    notes.extend(owner.cgroup.as_deref().and_then(unit_of));
    notes
}

/// The service or container that a control group stands for, by the names that systemd and the container
/// engines give: `docker-ID.scope`, `libpod-ID.scope`, `cri-containerd-ID.scope`, `/docker/ID`, `NAME.service`.
pub(crate) fn unit_of(cgroup: &str) -> Option<String> {
    let parts = || cgroup.split('/').filter(|part| !part.is_empty()).rev();
    let is_id = |text: &str| text.len() >= 12 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    for part in parts() {
        let stem = part.strip_suffix(".scope").unwrap_or(part);
        let (engine, id) = stem.rsplit_once('-').unwrap_or(("", stem));
        if is_id(id) {
            let engine = match engine {
                "libpod" => "podman ",
                "docker" => "docker ",
                _ if cgroup.contains("/docker/") => "docker ",
                _ => "",
            };
            return Some(format!("{engine}container {}", id.get(..12).unwrap_or(id)));
        }
    }
    if let Some((_, rest)) = cgroup.split_once("/lxc") {
        let name = rest.trim_start_matches(".payload.").trim_start_matches('/').split('/').next()?;
        return (!name.is_empty()).then(|| format!("container {}", clean(name)));
    }
    let service = parts().find(|part| part.ends_with(".service"));
    service.or_else(|| parts().find(|part| part.ends_with(".scope"))).map(clean)
}

/// A server without its port, where that is the usual one.
fn bare(server: SocketAddr) -> String {
    if server.port() == 53 { server.ip().to_string() } else { server.to_string() }
}

pub(super) fn listed<T: Display>(members: impl IntoIterator<Item = T>) -> String {
    let all: Vec<String> = members.into_iter().map(|member| member.to_string()).collect();
    let more = all.len().saturating_sub(MOST_LISTED);
    let mut text = all.into_iter().take(MOST_LISTED).collect::<Vec<_>>().join(", ");
    if more > 0 {
        text = format!("{text} and {more} more");
    }
    text
}

pub(super) fn answer_of(exchange: &Exchange) -> Option<&DnsAnswer> {
    match &exchange.outcome {
        ExchangeOutcome::Answer(answer) => Some(answer),
        _ => None,
    }
}

/// The response code that a server's verdict rests on: an error, else NXDOMAIN only where all say so.
fn worst(server: &ServerView) -> Option<u16> {
    let answers = server.exchanges.iter().filter_map(answer_of);
    // What was cut short has been asked again.
    let codes: Vec<u16> = answers.filter(|answer| !answer.truncated).map(|answer| answer.rcode).collect();
    let error = codes.iter().copied().filter(|code| !matches!(code, 0 | 3)).min();
    error.or_else(|| codes.iter().copied().min())
}

fn tcp_failure(server: &ServerView) -> Option<String> {
    server.exchanges.iter().find_map(|exchange| match (&exchange.outcome, exchange.transport) {
        (ExchangeOutcome::Failed(errno), Transport::Tcp) => Some(errno.to_string()),
        _ => None,
    })
}

/// RFC 6895 section 2.3.
fn rcode_name(code: u16) -> String {
    match code {
        0 => "no error",
        1 => "FORMERR",
        2 => "SERVFAIL",
        3 => "NXDOMAIN",
        4 => "NOTIMP",
        5 => "REFUSED",
        9 => "NOTAUTH",
        other => return format!("response code {other}"),
    }
    .to_owned()
}

/// The registry of RFC 8914 section 4.
fn extended_name(code: u16) -> &'static str {
    match code {
        1 => "unsupported DNSKEY algorithm",
        2 => "unsupported DS digest type",
        3 => "stale answer",
        4 => "forged answer",
        5 => "DNSSEC indeterminate",
        6 => "DNSSEC bogus",
        7 => "signature expired",
        8 => "signature not yet valid",
        9 => "DNSKEY missing",
        10 => "RRSIGs missing",
        11 => "no zone key bit set",
        12 => "NSEC missing",
        13 => "cached error",
        14 => "not ready",
        15 => "blocked",
        16 => "censored",
        17 => "filtered",
        18 => "prohibited",
        19 => "stale NXDOMAIN answer",
        20 => "not authoritative",
        21 => "not supported",
        22 => "no reachable authority",
        23 => "network error",
        24 => "invalid data",
        _ => "other error",
    }
}

/// The label that makes a name impossible.
fn wrong_label(host: &Host) -> String {
    let Host::Name(name) = host else { return host.to_string() };
    let bare = name.strip_suffix('.').unwrap_or(name);
    let legal = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    let wrong = |label: &&str| {
        label.is_empty() || label.len() > 63 || label.starts_with('-') || !label.bytes().all(legal)
    };
    let (place, label) = bare.split('.').enumerate().find(|(_, label)| wrong(label)).unwrap_or((0, bare));
    if label.is_empty() { format!("number {}", place + 1) } else { format!("'{label}'") }
}

/// Where an address of the target came from, as the files and the answers have it.
pub(super) fn origin(evidence: &Evidence, address: IpAddr) -> (&'static str, Option<u32>) {
    if evidence.request.target.is_numeric_name() {
        return ("literal", None);
    }
    if let Some(pin) = evidence.pins().find(|pin| pin.address.to_canonical() == address.to_canonical()) {
        return ("hosts", Some(pin.line));
    }
    if evidence.lookup.seen().is_none_or(|lookup| lookup.outcome == LookupOutcome::NoAnswer) {
        return ("dns", None);
    }
    let Some(files) = evidence.name_files.seen() else { return ("getaddrinfo", None) };
    let told = |server: IpAddr| {
        evidence
            .direct
            .seen()
            .is_some_and(|view| view.answers().any(|(_, _, answer)| answer.addresses.contains(&server)))
    };
    let others: Vec<&str> = match files.sources.seen() {
        Some(sources) => {
            sources.iter().map(|source| source.name.as_str()).filter(|name| *name != "files").collect()
        }
        None => return ("getaddrinfo", None),
    };
    match others.as_slice() {
        ["dns"] => ("dns", None),
        _ if told(address) => ("dns", None),
        _ => ("nss", None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_groups_name_services_and_containers() {
        let id = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
        let rows = [
            ("/system.slice/nginx.service".to_owned(), Some("nginx.service")),
            (format!("/system.slice/docker-{id}.scope"), Some("docker container 0123456789ab")),
            (format!("/docker/{id}"), Some("docker container 0123456789ab")),
            (format!("/machine.slice/libpod-{id}.scope/container"), Some("podman container 0123456789ab")),
            (format!("/kubepods.slice/pod1.slice/cri-containerd-{id}.scope"), Some("container 0123456789ab")),
            ("/lxc/web1".to_owned(), Some("container web1")),
            ("/lxc.payload.web1/system.slice".to_owned(), Some("container web1")),
            ("/user.slice/user-1000.slice/session-3.scope".to_owned(), Some("session-3.scope")),
            ("/user.slice".to_owned(), None),
            (String::new(), None),
        ];
        for (cgroup, unit) in rows {
            assert_eq!(unit_of(&cgroup).as_deref(), unit, "{cgroup}");
        }
    }

    #[test]
    fn the_label_that_is_wrong_is_named() {
        let label = |name: &str| wrong_label(&Host::Name(name.to_owned()));
        assert_eq!(label("a..b"), "number 2");
        assert_eq!(label("db.-x.example"), "'-x'");
        assert_eq!(label("a b.example"), "'a b'");
    }
}
