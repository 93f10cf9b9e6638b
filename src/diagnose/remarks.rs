//! Facts worth knowing beside the verdict.

use super::alias::{foreign, on_port, owns};
use super::servers::{Standing, standings};
use super::view::View;
use super::{Diagnosis, Finding, Remark, half_heard, ports, trials};
use crate::model::{
    Evidence, Family, ForeignListening, Host, Listening, LookupOutcome, Millis, OwnAddress, RecordKind,
    SocketState,
};
use crate::plan::SLOW_NAME;
use crate::verdict::{Class, Clue, Code};
use std::net::{IpAddr, SocketAddr};

/// At most this many near misses are named.
const MOST_NEAR: usize = 3;

/// Everything that is worth a remark.
pub(super) fn remarks(evidence: &Evidence, diagnosis: &Diagnosis) -> Vec<Remark> {
    let finding = &diagnosis.finding;
    let mut remarks = of_the_name(evidence, finding);
    if let Some(attempt) = diagnosis.about.and_then(|about| evidence.attempts.get(about)) {
        let view = View { evidence, attempt };
        remarks.extend(forwarding(&view, finding));
        remarks.extend(near_misses(&view, finding));
        remarks.extend(shared_port(&view, finding));
        remarks.extend(about_the_source(&view, finding));
        // Everybody else's containers say nothing about a target that is not this host.
        let bears = |other: &ForeignListening| view.attempt.is_local() || owns(other, view.target());
        let unnamed = finding.variant != "namespace" && foreign(evidence).iter().any(bears);
        remarks.extend(unnamed.then_some(Remark::ListensInNamespace));
    }
    if finding.code == Code::ConnectedPartial {
        remarks.push(Remark::FirstAddressCost);
    }
    remarks.extend((!evidence.request.proxies.is_empty()).then_some(Remark::ProxyVariable));
    remarks
}

/// What this host sends from, where that may be why nothing comes of it.
fn about_the_source(view: &View, finding: &Finding) -> Vec<Remark> {
    let mut remarks = Vec::new();
    let class = finding.code.class();
    let of_addresses = matches!(finding.code, Code::LocalFamilyDisabled | Code::LocalSourceAddress);
    if (of_addresses || matches!(class, Class::Unreachable | Class::Timeout))
        && finding.variant != "tentative"
    {
        remarks.extend(tentative(view).map(|address| Remark::TentativeAddress { address }));
    }
    let told = finding.because.contains(&Clue::OddSource);
    let unanswered = view.is_waiting() && !view.path().is_some_and(|path| path.target_is_up());
    if unanswered && !told && has_odd_source(view) {
        remarks.push(Remark::OddSource);
    }
    remarks
}

/// An address for targets like this one that nothing is sent from yet.
fn tentative(view: &View) -> Option<IpAddr> {
    let own = view.evidence.host.addresses.seen().filter(|_| !view.attempt.is_local())?;
    let fits = |own: &&OwnAddress| {
        let as_far = is_of_the_link(own.address) == is_of_the_link(view.target());
        own.tentative && Family::of(own.address) == view.family() && as_far
    };
    own.iter().find(fits).map(|own| own.address)
}

/// Whether an address means nothing beyond its link: fe80::/10, 169.254.0.0/16 (RFC 3927).
fn is_of_the_link(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => v4.is_link_local(),
        IpAddr::V6(v6) => v6.is_unicast_link_local(),
    }
}

/// Whether the source is an address that means nothing where the target is.
fn has_odd_source(view: &View) -> bool {
    let target = view.target();
    let Some(source) = view.attempt.source.map(|source| source.ip()) else { return false };
    if view.attempt.is_local() || target.is_multicast() || target.is_loopback() {
        return false;
    }
    view.attempt.gateway().is_some() && is_of_the_link(source) && !is_of_the_link(target)
}

fn of_the_name(evidence: &Evidence, finding: &Finding) -> Vec<Remark> {
    let mut remarks = Vec::new();
    if !matches!(evidence.request.target.host, Host::Name(_)) {
        return remarks;
    }
    if evidence.request.dns.is_some() {
        remarks.push(Remark::AskedServer);
    }
    remarks.extend(dead_servers(evidence).map(|server| Remark::NameServerDead { server }));
    remarks.extend(half_silent(evidence));
    let nowhere = evidence.attempts.iter().find(|attempt| attempt.address.ip().is_unspecified());
    let nowhere = nowhere.filter(|_| !evidence.request.target.is_numeric_name());
    remarks.extend(nowhere.map(|attempt| Remark::Sinkhole { address: attempt.address.ip() }));
    let pinned = evidence.is_overridden();
    if pinned && finding.code != Code::AliasHostsOverride && finding.code.class() != Class::Connected {
        remarks.push(Remark::HostsOverride);
    }
    remarks
}

/// A server that answers for one record of a name, and not for the other.
fn half_silent(evidence: &Evidence) -> Option<Remark> {
    let lookup = evidence.lookup.seen().filter(|lookup| lookup.elapsed_ms >= SLOW_NAME)?;
    let (server, record) = half_heard(evidence)?;
    // What programs got in the end, it has answered: late.
    let family = if record == RecordKind::A { Family::V4 } else { Family::V6 };
    let got = match &lookup.outcome {
        LookupOutcome::Addresses(all) => all.iter().any(|one| Family::of(one.address) == family),
        _ => false,
    };
    (!got).then_some(Remark::HalfSilent { server: server.address(), record })
}

/// How long the C library waits for a server, in seconds.
fn patience_s(evidence: &Evidence) -> u8 {
    let settings = evidence.name_files.seen().and_then(|files| files.resolver.seen());
    settings.map_or(5, |settings| settings.timeout_s)
}

/// Servers that kept silent, before one that answered: ordinary programs wait for each of them.
fn dead_servers(evidence: &Evidence) -> impl Iterator<Item = SocketAddr> {
    let all = standings(evidence);
    // Programs that were answered sooner than any dead server allows did not wait for one.
    let patience = Millis(f64::from(patience_s(evidence)) * 1e3);
    let waited = evidence
        .lookup
        .seen()
        .is_some_and(|lookup| lookup.outcome == LookupOutcome::NoAnswer || lookup.elapsed_ms >= patience);
    let answered = |standing: &Standing| !matches!(standing, Standing::Silent | Standing::Unreachable(_));
    let first = all.iter().position(|(_, standing)| answered(standing)).filter(|_| waited).unwrap_or(0);
    let silent = all.iter().take(first).filter(|(_, standing)| *standing == Standing::Silent);
    let dead: Vec<SocketAddr> = silent.map(|(server, _)| server.address()).collect();
    dead.into_iter()
}

/// Does the port lead somewhere else than its address says?
fn forwarding(view: &View, finding: &Finding) -> Option<Remark> {
    if finding.variant == "intercepted" {
        return Some(Remark::Intercepted);
    }
    // What this host could not send says nothing about who would answer.
    if finding.because.contains(&Clue::SynNotSent) || finding.because.contains(&Clue::LoopbackLedAway) {
        return None;
    }
    let by_device = finding.code == Code::LocalInterface || view.evidence.request.interface.is_some();
    if finding.code.class() == Class::Local && by_device {
        return None;
    }
    if trials::is_forwarded(view) {
        return Some(Remark::PortForwarded);
    }
    let path = view.path()?;
    let nearer = || path.reset_at().and_then(|at| at.checked_sub(1)).is_some_and(|ttl| path.reached_at(ttl));
    (path.target_forwards() || nearer()).then_some(Remark::PortForwarded)
}

/// The source port was had beside another socket: a client that does not share it would have failed.
fn shared_port(view: &View, finding: &Finding) -> Option<Remark> {
    if matches!(finding.code, Code::LocalSourceInUse | Code::LocalTupleInUse) {
        return None;
    }
    let holder = ports::port_holder(view)?;
    // Datagram sockets do not share: one that was bound had no rival. Nor has IPv4 an IPv6 one, if bind let it by.
    if view.is_udp() || holder.local.is_ipv4() != view.target().to_canonical().is_ipv4() {
        return None;
    }
    Some(Remark::SourcePortShared { waiting: holder.state == SocketState::TimeWait })
}

/// A port beside the one asked for is open, at the address asked for or in the hands of the same process.
fn near_misses(view: &View, finding: &Finding) -> Vec<Remark> {
    if !matches!(finding.code.class(), Class::Refused | Class::Alias) || !view.attempt.is_local() {
        return Vec::new();
    }
    let evidence = view.evidence;
    let here = evidence.listeners.seen().and_then(|listeners| listeners.here.seen());
    let port = evidence.request.target.port;
    let process = |listening: &Listening| listening.owner.process.seen().map(|process| process.pid);
    let same_process = |near: &Listening| {
        process(near).is_some() && on_port(evidence).any(|other| process(other) == process(near))
    };
    let near = here.into_iter().flatten().filter(|listening| {
        listening.address.port() != port && (listening.takes(view.target()) || same_process(listening))
    });
    near.take(MOST_NEAR).map(|listening| Remark::PortNearby { address: listening.address }).collect()
}
