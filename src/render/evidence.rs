//! All evidence, for those who ask for it.

use super::human::{Page, TEXT_AT, options};
use crate::model::{
    Attempt, Counters, Evidence, Exchange, ExchangeOutcome, Fact, ForeignListening, Listening, NameSource,
    Owner, RouteAnswer, Window,
};
use crate::report::Report;
use crate::sanitize::{clean, clean_to};
use std::fmt::{Debug, Write as _};

impl Page<'_> {
    pub(super) fn all_evidence(&mut self, report: &Report) {
        let Some(evidence) = &report.evidence else { return };
        let _ = writeln!(self.text, "\n{}", self.style.heading("all evidence"));
        if let Some(asked) = &evidence.asked {
            let on = asked.on.as_deref().map(|on| format!("on {} ", clean(on))).unwrap_or_default();
            let (at, version) = (clean(&asked.when), clean(&asked.version));
            self.fact("asked", &format!("{on}at {at} by whyconn {version}"));
        }
        let resolution = &report.resolution;
        for resolved in &resolution.addresses {
            self.fact("address", &format!("{} (from {})", resolved.address, resolved.from));
        }
        if let Some(elapsed) = resolution.elapsed_ms {
            self.fact("lookup", &format!("{elapsed}"));
        }
        self.names(evidence);
        for (attempt, folded) in evidence.attempts.iter().zip(&report.attempts) {
            let code = folded.code.map_or("not needed", |code| code.as_str());
            let _ = writeln!(self.text, "  {}: {code}", attempt.address);
            self.attempt(attempt);
        }
        for attempt in evidence.contrast.seen().into_iter().flatten() {
            let _ = writeln!(self.text, "  {}, which only the name servers give:", attempt.address);
            self.attempt(attempt);
        }
        if let Some(seen) = evidence.unix.seen() {
            self.unix_evidence(seen);
        }
        self.listeners(evidence);
        self.seen("own addresses", &evidence.host.addresses);
        self.seen("devices", &evidence.host.links);
        self.seen("unprivileged ports from", &evidence.host.unprivileged_port_start);
        self.fact("took", &report.elapsed_ms.to_string());
    }

    fn attempt(&mut self, attempt: &Attempt) {
        if let Some(source) = attempt.source {
            self.fact("source", &source.to_string());
        }
        if let Some(payload) = attempt.payload {
            self.fact("sent", payload.describe());
        }
        if let Some(failed) = attempt.failed {
            self.fact("failed call", &format!("{:?}: {}", failed.call, failed.errno));
        }
        for error in &attempt.so_errors {
            self.fact("SO_ERROR", &format!("{} at {}", error.errno, error.at_ms));
        }
        match &attempt.queue {
            Fact::Seen(entries) if entries.is_empty() => self.fact("error queue", "empty"),
            Fact::Seen(entries) => {
                for entry in entries {
                    let sender = entry.sender.map_or("nobody".to_owned(), |sender| sender.to_string());
                    let ttl =
                        entry.hop_limit.map_or(String::new(), |ttl| format!(", arrived with TTL {ttl}"));
                    self.fact(
                        "error queue",
                        &format!(
                            "{:?} {}/{} from {sender} ({}) at {}{ttl}",
                            entry.origin, entry.kind, entry.code, entry.errno, entry.at_ms
                        ),
                    );
                }
            }
            other => self.seen("error queue", other),
        }
        if let Fact::Seen(tcp) = &attempt.tcp {
            let number = |value: Option<u32>| value.map_or("?".to_owned(), |value| value.to_string());
            self.fact(
                "TCP_INFO",
                &format!(
                    "{:?}, segments out {} in {}, timer ran out {}, retransmitted {} (in flight {})",
                    tcp.state,
                    number(tcp.segments_out),
                    number(tcp.segments_in),
                    tcp.timeouts,
                    number(tcp.retransmits),
                    number(tcp.in_flight_retransmits)
                ),
            );
            if let Some(rtt) = tcp.rtt_ms {
                self.fact("round trip", &rtt.to_string());
            }
        } else {
            self.seen("TCP_INFO", &attempt.tcp);
        }
        self.seen("held bytes", &attempt.unsent_bytes);
        self.route("route", &attempt.route);
        if attempt.route_at_end != attempt.route {
            self.route("route at the end", &attempt.route_at_end);
        }
        match &attempt.link {
            Fact::Seen(link) => {
                let carrier = match link.carrier {
                    Some(true) => "carrier",
                    Some(false) => "no carrier",
                    None => "carrier unknown",
                };
                let up = if link.up { "up" } else { "down" };
                self.fact("device", &format!("{} ({up}, {carrier})", clean(&link.name)));
            }
            other => self.seen("device", other),
        }
        match &attempt.neighbour {
            Fact::Seen(samples) => {
                for sample in samples {
                    self.fact(
                        "neighbour",
                        &format!("{} {:?} at {}", sample.address, sample.state, sample.at_ms),
                    );
                }
            }
            other => self.seen("neighbour", other),
        }
        self.seen("refusing routes", &attempt.refusals);
        if let Fact::Seen(sweep) = &attempt.path {
            for probe in &sweep.probes {
                let ttl = probe.ttl.map_or("full TTL".to_owned(), |ttl| format!("TTL {ttl}"));
                let answer = match (&probe.answer, probe.rtt()) {
                    (Some(answer), Some(rtt)) => format!("{answer:?} after {rtt}"),
                    (Some(answer), None) => format!("{answer:?}"),
                    (None, _) => "no answer".to_owned(),
                };
                self.fact("probe", &format!("{:?}, {ttl}, at {}: {answer}", probe.protocol, probe.sent_ms));
            }
        }
        for trial in attempt.trials.seen().into_iter().flatten() {
            let ttl = trial.ttl.map_or(String::new(), |ttl| format!(" with TTL {ttl}"));
            let answer = trial.answer.map_or("no answer".to_owned(), |answer| format!("{answer:?}"));
            let moved = counted(&trial.counters);
            let what = if attempt.payload.is_some() { "datagram" } else { "extra SYN" };
            self.fact(what, &format!("at {}{ttl}: {answer}; {moved}", trial.at_ms));
        }
        for window in attempt.windows.seen().into_iter().flatten() {
            let Window { from_ms, to_ms, syns, counters } = window;
            self.fact("counters", &format!("{from_ms} to {to_ms}, SYNs {syns}: {}", counted(counters)));
        }
        self.seen("after handshake", &attempt.after);
        match &attempt.acceptance {
            Fact::Seen(acceptance) => {
                self.fact("other end", &format!("{:?} {} later", acceptance.peer, acceptance.after_ms));
            }
            other => self.seen("other end", other),
        }
    }

    /// What the files and the name servers say.
    fn names(&mut self, evidence: &Evidence) {
        if let Some(files) = evidence.name_files.seen() {
            for line in files.hosts.seen().into_iter().flatten() {
                self.fact("hosts file", &format!("line {}: {}", line.line, line.address));
            }
            let named = |sources: &Vec<NameSource>| {
                sources.iter().map(|source| clean(&source.name)).collect::<Vec<_>>().join(" ")
            };
            if let Some(sources) = files.sources.seen() {
                self.fact("nsswitch.conf", &named(sources));
            }
            if let Some(settings) = files.resolver.seen() {
                let servers: Vec<String> = settings.servers.iter().map(ToString::to_string).collect();
                let search: Vec<String> = settings.search.iter().map(|domain| clean(domain)).collect();
                let text = format!(
                    "servers {}; search {}; ndots {}, timeout {} s, attempts {}",
                    or_none(&servers),
                    or_none(&search),
                    settings.ndots,
                    settings.timeout_s,
                    settings.attempts
                );
                self.fact("resolv.conf", &text);
            }
        }
        for server in evidence.direct.seen().into_iter().flat_map(|view| &view.servers) {
            let _ = writeln!(self.text, "  name server {}:", server.address());
            for exchange in &server.exchanges {
                self.exchange(exchange);
            }
            self.attempt(&server.attempt);
        }
    }

    fn exchange(&mut self, exchange: &Exchange) {
        let outcome = match &exchange.outcome {
            ExchangeOutcome::Silent => "no answer".to_owned(),
            ExchangeOutcome::Failed(errno) => format!("{errno}"),
            ExchangeOutcome::Malformed(why) => format!("can't be read: {}", clean(why)),
            ExchangeOutcome::Answer(answer) => {
                let addresses: Vec<String> = answer.addresses.iter().map(ToString::to_string).collect();
                let mut text = format!("response code {}, addresses {}", answer.rcode, or_none(&addresses));
                for alias in &answer.aliases {
                    let _ = write!(text, ", alias of {}", clean(alias));
                }
                for error in &answer.extended {
                    let _ = write!(text, ", extended error {} {}", error.code, clean(&error.text));
                }
                if answer.truncated {
                    text.push_str(", truncated");
                }
                text
            }
        };
        let Exchange { name, record, transport, sent, started_ms, elapsed_ms, .. } = exchange;
        let asked = format!("{record} of {} over {transport}", clean(name));
        self.fact("asked", &format!("{asked}, sent {sent}x from {started_ms}: {outcome} after {elapsed_ms}"));
    }

    /// Who listens here, and elsewhere on this machine.
    fn listeners(&mut self, evidence: &Evidence) {
        let Some(listeners) = evidence.listeners.seen() else { return };
        match &listeners.here {
            Fact::Seen(here) if here.is_empty() => self.fact("listeners", "none on this port or near it"),
            Fact::Seen(here) => {
                for listening in here {
                    let Listening { address, queue, queue_limit, owner, .. } = listening;
                    let whose = owned_by(owner);
                    self.fact("listener", &format!("{address}, queue {queue} of {queue_limit}, {whose}"));
                }
            }
            other => self.seen("listeners", other),
        }
        match &listeners.elsewhere {
            Fact::Seen(elsewhere) => {
                for foreign in elsewhere {
                    let ForeignListening { address, namespace, owner, .. } = foreign;
                    let whose = owned_by(owner);
                    self.fact("listener", &format!("{address} in network namespace {namespace}, {whose}"));
                }
            }
            other => self.seen("other namespaces", other),
        }
    }

    fn route(&mut self, what: &str, route: &Fact<RouteAnswer>) {
        match route {
            Fact::Seen(RouteAnswer::Refused(errno)) => self.fact(what, &format!("refused: {errno}")),
            Fact::Seen(RouteAnswer::Route(route)) => {
                let via = route.gateway.map_or("on the link".to_owned(), |gateway| format!("via {gateway}"));
                let table = route.table.map_or(String::new(), |table| format!(", table {table}"));
                self.fact(what, &format!("{:?}, {via}{table}", route.kind));
            }
            other => self.seen(what, other),
        }
    }

    /// A fact in its plain form; what nobody asked is not listed.
    pub(super) fn seen<T: Debug>(&mut self, what: &str, fact: &Fact<T>) {
        match fact {
            Fact::Seen(value) => self.fact(what, &clean_debug(value)),
            Fact::CouldNotLook(why) => self.fact(what, &format!("could not look: {}", clean(why))),
            Fact::NotAsked => {}
        }
    }

    pub(super) fn fact(&mut self, what: &str, value: &str) {
        let indent = " ".repeat(TEXT_AT);
        let text = clean_to(&format!("{what}: {value}"), 4096);
        let _ = writeln!(
            self.text,
            "{}",
            textwrap::fill(&text, options(self.style, "    ", &indent).break_words(true))
        );
    }
}

fn or_none(members: &[String]) -> String {
    if members.is_empty() { "none".to_owned() } else { members.join(" ") }
}

/// Counters that moved, by the kernel's names.
fn counted(counters: &Counters) -> String {
    let all = [
        ("InReceives", counters.in_receives),
        ("InMcastPkts", counters.in_multicast),
        ("InDelivers", counters.in_delivers),
        ("ForwDatagrams", counters.forwarded),
        ("OutRequests", counters.out_requests),
        ("OutTransmits", counters.out_transmits.unwrap_or(0)),
        ("OutRsts", counters.out_resets),
        ("UdpNoPorts", counters.udp_no_ports.unwrap_or(0)),
        ("InSegs", counters.in_segments),
        ("ListenOverflows", counters.listen_overflows),
        ("IPReversePathFilter", counters.reverse_path_filter),
        ("lo out", counters.loopback_out),
        ("XfrmOutNoStates", counters.ipsec_unmet.unwrap_or(0)),
        ("InAddrErrors", counters.in_address_errors.unwrap_or(0)),
        ("InCsumErrors", counters.in_checksum_errors.unwrap_or(0)),
    ];
    let moved: Vec<String> = all
        .iter()
        .filter(|(_, difference)| *difference != 0)
        .map(|(name, difference)| format!("{name} {difference:+}"))
        .collect();
    if moved.is_empty() { "no counter moved".to_owned() } else { moved.join(", ") }
}

fn owned_by(owner: &Owner) -> String {
    let process = match &owner.process {
        Fact::Seen(process) => format!("{}, pid {}", clean(&process.name), process.pid),
        Fact::CouldNotLook(why) => clean(why),
        Fact::NotAsked => "process not asked".to_owned(),
    };
    let cgroup =
        owner.cgroup.as_deref().map_or(String::new(), |cgroup| format!(", cgroup {}", clean(cgroup)));
    format!("user {}, {process}{cgroup}", owner.uid)
}

/// `Debug` escapes control characters already; this bounds it.
fn clean_debug(value: &impl Debug) -> String {
    crate::sanitize::clean_to(&format!("{value:?}"), 2000)
}
