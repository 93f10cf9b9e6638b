//! Rules for a name or an address that means something else than its user thinks: they look at a refusal once
//! more, and replace it where the reason is known.

use super::view::View;
use super::{Culprit, Finding};
use crate::model::{Attempt, Evidence, ForeignListening, Host, Listening, OwnAddress};
use crate::verdict::{Certainty, Class, Clue, Code};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// The verdict that explains a refusal better than the refusal itself.
pub(super) fn replace(view: &View, refusal: &Finding) -> Option<Finding> {
    if refusal.code.class() != Class::Refused {
        return None;
    }
    if is_sinkhole(view) {
        return (refusal.code == Code::RefusedRst).then(|| refusal.clone().variant("sinkhole"));
    }
    let overridden = |works| hosts_override(view, refusal, works);
    if refusal.code == Code::RefusedRstForged {
        return overridden(true).or_else(|| overridden(false));
    }
    // What is behind a forwarded port does not listen here.
    let forwarded = refusal.because.contains(&Clue::NotOverLoopback);
    localhost_elsewhere(view, refusal)
        .or_else(|| overridden(true))
        .or_else(|| other_family(view, refusal).filter(|_| !forwarded))
        .or_else(|| bound_elsewhere(view, refusal).filter(|_| !forwarded))
        .or_else(|| overridden(false))
        .or_else(|| another_namespace(view, refusal).filter(|_| !forwarded))
}

/// A name that leads to the unspecified address was blocked by whoever gave it: the port says nothing.
pub(super) fn is_sinkhole(view: &View) -> bool {
    let target = &view.evidence.request.target;
    let by_name =
        matches!(target.host, Host::Name(_)) && !target.is_numeric_name() && !target.is_loopback_name();
    by_name && view.target().is_unspecified()
}

/// `localhost` leads to something that is not loopback.
fn localhost_elsewhere(view: &View, refusal: &Finding) -> Option<Finding> {
    let evidence = view.evidence;
    // The kernel takes the unspecified address for loopback; and what loopback refuses as well is not amiss there.
    let loopback = |ip: IpAddr| ip.is_loopback() || ip.is_unspecified();
    let elsewhere = evidence.request.dns.is_none()
        && !evidence.attempts.iter().any(|attempt| loopback(attempt.address.ip()));
    (evidence.request.target.is_loopback_name() && elsewhere).then(|| {
        let mut because = refusal.because.clone();
        because.push(Clue::NotLoopback);
        Finding::new(Code::AliasLocalhostMapping, Certainty::Certain, Culprit::Client, &because)
    })
}

/// The hosts file pins the name, and the name servers give another address.
fn hosts_override(view: &View, refusal: &Finding, works: bool) -> Option<Finding> {
    let evidence = view.evidence;
    evidence.pins().find(|pin| pin.address.to_canonical() == view.target())?;
    if !evidence.is_overridden() || evidence.request.target.is_loopback_name() {
        return None;
    }
    let connected = evidence
        .contrast
        .seen()
        .is_some_and(|attempts| attempts.iter().any(|attempt| attempt.connected_ms.is_some()));
    let mut because = refusal.because.clone();
    because.extend([Clue::PinnedByHosts, Clue::DnsGivesOther]);
    match (works, connected) {
        (true, true) => {
            because.push(Clue::OtherAddressWorks);
            let finding =
                Finding::new(Code::AliasHostsOverride, Certainty::Certain, Culprit::Client, &because);
            // Programs may be told to read no hosts file; then the address has another source.
            let sources = evidence.name_files.seen().and_then(|files| files.sources.seen());
            Some(if sources.is_some() { finding } else { finding.unless(refusal.code) })
        }
        // Where the other address is this host too, nothing listens on either.
        (false, false) if here_too(view, refusal) => None,
        (false, false) => Some(
            Finding::new(Code::AliasHostsOverride, Certainty::Likely, Culprit::Client, &because)
                .or(&[refusal.code]),
        ),
        _ => None,
    }
}

/// Whether nothing listens on this host, and what the name servers give is this host as well.
fn here_too(view: &View, refusal: &Finding) -> bool {
    let tried = view.evidence.contrast.seen().map(Vec::as_slice).unwrap_or_default();
    refusal.because.contains(&Clue::NoListener) && !tried.is_empty() && tried.iter().all(Attempt::is_local)
}

/// Listeners of this network namespace on the very port.
pub(super) fn on_port(evidence: &Evidence) -> impl Iterator<Item = &Listening> {
    let port = evidence.request.target.port;
    let here = evidence.listeners.seen().and_then(|listeners| listeners.here.seen());
    let accepting =
        evidence.attempts.iter().filter_map(|attempt| attempt.acceptance.seen()?.listener.as_ref());
    // A connection's own listener was looked up where nobody looked for all.
    let accepting = accepting.take(if here.is_none() { 1 } else { 0 });
    here.into_iter().flatten().chain(accepting).filter(move |listening| listening.address.port() == port)
}

/// Listeners of other network namespaces on the very port.
pub(super) fn foreign(evidence: &Evidence) -> &[ForeignListening] {
    let listeners = evidence.listeners.seen().and_then(|listeners| listeners.elsewhere.seen());
    listeners.map(Vec::as_slice).unwrap_or_default()
}

/// Whether the target of this attempt is an address that the listener's namespace has, and no other one.
pub(super) fn owns(foreign: &ForeignListening, target: IpAddr) -> bool {
    foreign.owns_target && !target.is_loopback()
}

/// The listeners to which the kernel brings a connection to the target: of those that would take it, the ones
/// with the most exact address (compute_score in inet_hashtables.c).
pub(super) fn takers(evidence: &Evidence, target: IpAddr) -> Vec<&Listening> {
    let exactness = |listening: &Listening| {
        let score =
            u8::from(listening.device.is_some()).saturating_add(u8::from(listening.address.is_ipv4()));
        (!listening.address.ip().is_unspecified(), score)
    };
    let all = || on_port(evidence).filter(|listening| takes(evidence, listening, target));
    let best = all().map(exactness).max();
    all().filter(|listening| Some(exactness(listening)) == best).collect()
}

/// Whether it is not known that a listener would not take a connection to the target: nobody looked which
/// addresses its device has, or whether it takes IPv4.
fn may_take(evidence: &Evidence, listening: &Listening, target: IpAddr) -> bool {
    let tables = evidence.host.links.seen().is_some() && evidence.host.addresses.seen().is_some();
    let device = listening.device.is_some() && !tables && !target.is_loopback() && !target.is_unspecified();
    let family = listening.only_v6.is_none() && listening.address.is_ipv6();
    let opened =
        Listening { only_v6: if family { Some(false) } else { listening.only_v6 }, ..listening.clone() };
    (device || listening.device.is_none() || takes(evidence, listening, target)) && opened.takes(target)
}

/// Whether a listener would take a connection to the target. One that is bound to a device takes what that
/// device's own addresses are asked for.
pub(super) fn takes(evidence: &Evidence, listening: &Listening, target: IpAddr) -> bool {
    let through_device = listening.device.as_ref().is_none_or(|device| {
        let links = evidence.host.links.seen().map(Vec::as_slice).unwrap_or_default();
        let index = links.iter().find(|link| &link.name == device).map(|link| link.index);
        let own = evidence.host.addresses.seen().map(Vec::as_slice).unwrap_or_default();
        let has = |own: &OwnAddress| own.address == target && Some(own.device_index) == index;
        own.iter().any(has)
    });
    through_device && listening.takes(target)
}

/// A loopback name leads to one family, and the service listens on the other's loopback.
fn other_family(view: &View, refusal: &Finding) -> Option<Finding> {
    let evidence = view.evidence;
    let all_loopback = evidence.attempts.iter().all(|attempt| attempt.address.ip().is_loopback());
    if !matches!(evidence.request.target.host, Host::Name(_)) || !all_loopback {
        return None;
    }
    let other = match view.target() {
        IpAddr::V4(_) => IpAddr::V6(Ipv6Addr::LOCALHOST),
        IpAddr::V6(_) => IpAddr::V4(Ipv4Addr::LOCALHOST),
    };
    let asked = evidence.request.family.is_some()
        || evidence.request.target.is_numeric_name()
        || evidence.attempts.iter().any(|attempt| attempt.address.ip() == other);
    let listens = on_port(evidence).any(|listening| takes(evidence, listening, other));
    // One that takes the target is no reason for the refusal.
    let taken = on_port(evidence).any(|listening| may_take(evidence, listening, view.target()));
    (!asked && listens && !taken).then(|| proven(Code::AliasLocalhostFamily, Culprit::Client, refusal, false))
}

/// The port is open here, on another address.
fn bound_elsewhere(view: &View, refusal: &Finding) -> Option<Finding> {
    let evidence = view.evidence;
    let tried = |listening: &Listening| {
        evidence.attempts.iter().any(|attempt| takes(evidence, listening, attempt.address.ip()))
    };
    let mut listening = on_port(evidence).peekable();
    if !view.attempt.is_local() || listening.peek().is_none() {
        return None;
    }
    // One that takes the target is no reason for the refusal.
    let devices_only = on_port(evidence).all(|listening| listening.device.is_some());
    (!listening.any(tried)).then(|| {
        let doubt = on_port(evidence).any(|listening| may_take(evidence, listening, view.target()));
        let finding = proven(Code::AliasBoundElsewhere, Culprit::Service, refusal, doubt);
        if devices_only { finding.variant("device") } else { finding }
    })
}

/// A reset that this host's own TCP sent is one for want of a listener.
fn proven(code: Code, culprit: Culprit, refusal: &Finding, doubt: bool) -> Finding {
    let mut because = refusal.because.clone();
    because.retain(|clue| *clue != Clue::NoListener);
    let own_answer = [Clue::ResetByOwnTcp, Clue::ClosedByOwnUdp];
    let own = because.iter().any(|clue| own_answer.contains(clue)) && !doubt;
    because.push(Clue::ListensElsewhere);
    let finding =
        Finding::new(code, if own { Certainty::Certain } else { Certainty::Likely }, culprit, &because);
    if own { finding } else { finding.or(&[refusal.code]) }
}

/// Nothing listens here, and one other network namespace of this machine has the port open.
fn another_namespace(view: &View, refusal: &Finding) -> Option<Finding> {
    let foreign = foreign(view.evidence);
    let first = foreign.first()?;
    let alone = foreign.iter().all(|other| other.namespace == first.namespace);
    (view.attempt.is_local() && alone && on_port(view.evidence).next().is_none()).then(|| {
        let mut because = refusal.because.clone();
        because.push(Clue::ListensInNamespace);
        Finding::new(Code::AliasBoundElsewhere, Certainty::Likely, Culprit::Service, &because)
            .variant("namespace")
            .or(&[refusal.code])
    })
}

/// Whether anything on this machine listens on the port; `None` where not everything could be looked at, or
/// something listens that may or may not be meant.
pub(super) fn open_here(view: &View) -> Option<bool> {
    let listeners = view.evidence.listeners.seen()?;
    let here = listeners.here.seen()?;
    let port = view.attempt.address.port();
    let mut on_port = here.iter().filter(|listening| listening.address.port() == port).peekable();
    if on_port.peek().is_none() {
        return listeners.elsewhere.seen()?.is_empty().then_some(false);
    }
    on_port.any(|listening| takes(view.evidence, listening, view.target())).then_some(true)
}
