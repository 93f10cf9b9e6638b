//! Rules about this host: limits, devices, source, family, routes, policy.

use super::refusals::{fitting_refusals, is_sure};
use super::view::View;
use super::{Culprit, Finding, ports};
use crate::model::{
    Call, Evidence, Family, Host, Link, NeighbourState, OwnAddress, Refusal, RefusalKind, RouteAnswer,
    RouteType, covers,
};
use crate::verdict::{Certainty, Clue, Code};
use nix::errno::Errno as E;
use std::net::{IpAddr, SocketAddr};

pub(super) fn here(code: Code, certainty: Certainty, because: &[Clue]) -> Finding {
    Finding::new(code, certainty, Culprit::Client, because)
}

/// Whether an errno says that this process or host ran out of something.
pub(super) fn is_shortage(errno: E) -> bool {
    matches!(errno, E::EMFILE | E::ENFILE | E::ENOBUFS | E::ENOMEM)
}

/// The finding for a shortage.
pub(super) fn shortage(errno: E) -> Finding {
    let files = matches!(errno, E::EMFILE | E::ENFILE);
    here(Code::LocalLimits, Certainty::Certain, &[Clue::CallFailed]).variant(if files { "files" } else { "" })
}

pub(super) fn limits(view: &View) -> Option<Finding> {
    let failed = view.attempt.failed?;
    is_shortage(failed.errno.get()).then(|| shortage(failed.errno.get()))
}

/// The priority of the rule that leads to the main table (`fib_default_rules_init`, net/ipv4/fib_rules.c).
const MAIN_TABLE: u32 = 32766;

/// The device asked for with `-i` or `%scope`, and the device of the route.
pub(super) fn device(view: &View) -> Option<Finding> {
    let asked =
        |variant| Some(here(Code::LocalInterface, Certainty::Certain, &[Clue::CallFailed]).variant(variant));
    match (view.failed(Call::BindDevice), view.failed(Call::Scope)) {
        (Some(E::ENODEV), _) | (_, Some(E::ENODEV | E::ENXIO)) => return asked("missing"),
        (Some(E::EPERM | E::EACCES), _) => return asked("denied"),
        (Some(_), _) | (_, Some(_)) => return asked(""),
        (None, None) => {}
    }
    if view.attempt.failed.is_none() && !view.is_waiting() && !ended_by_own_icmp(view) {
        return None;
    }
    if let Some(finding) = wrong_device(view) {
        return Some(finding);
    }
    let Some(link) = route_device(view) else { return all_down(view) };
    // A rule before the one that leads to the main table refuses whether the device is up or not.
    let refusals = fitting_refusals(view);
    let before_main = |refusal: &&Refusal| {
        let early = refusal.priority.is_some_and(|priority| priority < MAIN_TABLE);
        refusal.kind == RefusalKind::Rule && early && is_sure(refusal)
    };
    let unbound = view.evidence.request.interface.is_none() && !view.target().is_loopback();
    if unbound && view.attempt.link.seen().is_none() && refusals.iter().any(before_main) {
        return None;
    }
    let (clue, variant) = match link {
        Link { up: false, .. } => (Clue::LinkDown, "down"),
        // Loopback devices have no cable; a device without carrier sends nothing.
        Link { carrier: Some(false), loopback: false, .. } => (Clue::LinkNoCarrier, "no-carrier"),
        _ => return None,
    };
    let finding = here(Code::LocalInterface, Certainty::Certain, &[clue]).variant(variant);
    // What was silent before the device went away may be so without that. `lo` swallows all when it is down.
    let through = !view.attempt.is_local() && view.was_through();
    let finding = if through { finding.unless(Code::TimeoutPortSilent) } else { finding };
    Some(if refusals.is_empty() { finding } else { finding.unless(Code::UnreachableLocalRoute) })
}

/// The device asked for can't carry this: loopback addresses are reached through `lo` alone, and others never.
fn wrong_device(view: &View) -> Option<Finding> {
    let asked = view.evidence.request.interface.as_deref()?;
    let finding =
        |variant| Some(here(Code::LocalInterface, Certainty::Likely, &[Clue::WrongDevice]).variant(variant));
    match (asked == "lo", view.target().is_loopback(), view.attempt.is_local()) {
        (true, false, false) => finding("loopback"),
        (false, true, _) => finding("not-loopback"),
        _ => None,
    }
}

/// A loopback source never leaves this host (ip_route_output_key_hash, ip6_dst_lookup_tail).
pub(super) fn loopback_source(view: &View) -> Option<Finding> {
    let source = view.evidence.request.source.filter(std::net::IpAddr::is_loopback)?;
    let failed = view.failed(Call::Connect) == Some(E::EINVAL);
    let beyond = !view.target().is_loopback() && !view.attempt.is_local() && view.target() != source;
    (beyond && (failed || view.is_waiting())).then(|| {
        here(Code::LocalSourceAddress, Certainty::Likely, &[Clue::LoopbackSource])
            .variant("loopback")
            .or(&[Code::UnreachableNoRoute])
    })
}

/// Whether nothing can be sent by a device, and its routes are gone with it, or may be.
fn is_dead(link: &Link) -> bool {
    let routes_are_dead = link.carrier == Some(false) && link.routes_need_carrier == Some(true);
    !link.loopback && (!link.up || routes_are_dead)
}

/// The first device of which that holds: one that lacks its cable alone before one that is switched off.
pub(super) fn dead_device(evidence: &Evidence) -> Option<&Link> {
    let dead = evidence.host.links.seen()?.iter().filter(|link| is_dead(link));
    dead.min_by_key(|link| (!link.up, link.index))
}

/// No route, and every device that could have one is dead: its routes went with it.
fn all_down(view: &View) -> Option<Finding> {
    let nowhere = view.failed(Call::Connect) == Some(E::ENETUNREACH);
    if !nowhere || view.target().is_loopback() || !view.refusals().is_empty() {
        return None;
    }
    let first = dead_device(view.evidence)?;
    let mut devices = view.evidence.host.links.seen()?.iter().filter(|link| !link.loopback);
    devices.all(is_dead).then(|| {
        let (clue, variant) =
            if first.up { (Clue::LinkNoCarrier, "no-carrier") } else { (Clue::LinkDown, "down") };
        here(Code::LocalInterface, Certainty::Likely, &[Clue::CallFailed, clue])
            .variant(variant)
            .or(&[Code::UnreachableNoRoute])
    })
}

/// An unanswered neighbour ends an attempt by an ICMP error of our own: a dead link looks like that as well.
pub(super) fn ended_by_own_icmp(view: &View) -> bool {
    view.icmp().is_some_and(|(_, entry)| view.is_ours(entry))
}

/// The device that this flow leaves by, or would leave by if it were up.
pub(super) fn route_device<'a>(view: &View<'a>) -> Option<&'a Link> {
    let target = view.target();
    // A loopback target needs `lo`, whatever route its absence opens.
    if target.is_loopback()
        && let Some(links) = view.evidence.host.links.seen()
        && let Some(lo) = links.iter().find(|link| link.loopback && !link.up)
    {
        return Some(lo);
    }
    if let Some(name) = &view.evidence.request.interface
        && let Some(link) = view.device(name)
    {
        return Some(link);
    }
    if let Host::Address { scope: Some(scope), .. } = &view.evidence.request.target.host
        && let Some(link) = view.device(scope)
    {
        return Some(link);
    }
    if let Some(link) = view.attempt.link.seen() {
        return Some(link);
    }
    // The routes of a device that is down are gone; its addresses still say which targets lie on it.
    if view.route_refused() != Some(E::ENETUNREACH) {
        return None;
    }
    let addresses = view.evidence.host.addresses.seen()?;
    let on_link = addresses.iter().find(|own| covers(own.address, own.prefix_len, target))?;
    let links = view.evidence.host.links.seen()?;
    links.iter().find(|link| link.index == on_link.device_index && is_dead(link))
}

pub(super) fn source(view: &View) -> Option<Finding> {
    let request = &view.evidence.request;
    match view.failed(Call::Bind)? {
        // Nobody asked for a port: none was left to choose.
        E::EADDRINUSE if request.source_port.is_none() => Some(
            here(Code::LocalPortsExhausted, Certainty::Likely, &[Clue::CallFailed])
                .or(&[Code::LocalSourceInUse]),
        ),
        E::EINVAL if request.source.is_some_and(is_link_local) => Some(
            here(Code::LocalScopeMissing, Certainty::Certain, &[Clue::CallFailed, Clue::NoScope])
                .variant("source"),
        ),
        E::EADDRINUSE => Some(ports::taken(view)),
        E::EADDRNOTAVAIL => {
            let own = view.evidence.host.addresses.seen();
            let tentative = own.is_some_and(|all| {
                all.iter().any(|own| Some(own.address) == request.source && own.tentative)
            });
            let elsewhere = source_device(view).is_some();
            let finding = if elsewhere {
                let because = [Clue::CallFailed, Clue::SourceElsewhere];
                here(Code::LocalSourceAddress, Certainty::Certain, &because).variant("other-device")
            } else if tentative {
                here(Code::LocalSourceAddress, Certainty::Certain, &[Clue::CallFailed, Clue::TentativeSource])
                    .variant("tentative")
            } else {
                here(Code::LocalSourceAddress, Certainty::Certain, &[Clue::CallFailed])
            };
            Some(finding)
        }
        E::EACCES => {
            let port = request.source_port?;
            match view.evidence.host.unprivileged_port_start.seen() {
                Some(start) if port < *start => Some(here(
                    Code::LocalSourcePrivileged,
                    Certainty::Certain,
                    &[Clue::CallFailed, Clue::PrivilegedPorts],
                )),
                None if port < 1024 => Some(
                    here(Code::LocalSourcePrivileged, Certainty::Likely, &[Clue::CallFailed])
                        .variant("unknown")
                        .or(&[Code::LocalDenied]),
                ),
                _ => Some(here(Code::LocalDenied, Certainty::Likely, &[Clue::CallFailed])),
            }
        }
        _ => Some(here(Code::LocalDenied, Certainty::Possible, &[Clue::CallFailed])),
    }
}

/// The index of the device that has the source address asked for, where it is not the device asked for: a link-local
/// address is good for its own link alone (inet6_bind).
pub(super) fn source_device(view: &View) -> Option<u32> {
    let request = &view.evidence.request;
    let source = request.source.filter(|source| is_link_local(*source))?;
    let asked = view.device(request.interface.as_deref()?)?.index;
    let having = || {
        let own = view.evidence.host.addresses.seen().map(Vec::as_slice).unwrap_or_default();
        own.iter().filter(|own| own.address == source).map(|own| own.device_index)
    };
    if having().any(|index| index == asked) { None } else { having().next() }
}

fn is_link_local(address: IpAddr) -> bool {
    matches!(address, IpAddr::V6(v6) if v6.is_unicast_link_local())
}

/// IPv6 link-local addresses mean nothing without their link: connect fails with `EINVAL` (tcp_v6_connect).
pub(super) fn scope(view: &View) -> Option<Finding> {
    let SocketAddr::V6(target) = view.attempt.address else { return None };
    let link_local = target.ip().is_unicast_link_local() && target.scope_id() == 0;
    // `-i` names the link as well: then something else gives the same errno.
    let linked = view.evidence.request.interface.is_some();
    (link_local && !linked && view.failed(Call::Connect) == Some(E::EINVAL))
        .then(|| here(Code::LocalScopeMissing, Certainty::Certain, &[Clue::CallFailed, Clue::NoScope]))
}

pub(super) fn family(view: &View) -> Option<Finding> {
    if view.failed(Call::Socket) == Some(E::EAFNOSUPPORT) {
        return Some(no_such_family(view));
    }
    if let Some(finding) = odd_source(view) {
        return Some(finding);
    }
    let errno = view.failed(Call::Connect)?;
    if view.family() != Family::V6 || !matches!(errno, E::EADDRNOTAVAIL | E::ENETUNREACH) {
        return None;
    }
    if is_switched_off(view) {
        if narrow_device(view.evidence, view.target()).is_some() {
            let because = [Clue::CallFailed, Clue::MtuTooSmall];
            return Some(here(Code::LocalFamilyDisabled, Certainty::Certain, &because).variant("mtu"));
        }
        let finding =
            here(Code::LocalFamilyDisabled, Certainty::Certain, &[Clue::CallFailed, Clue::FamilyOff]);
        // A device that is down may be the one that has the family.
        let on = |link: &Link| is_dead(link) && link.ipv6_disabled != Some(true);
        let down = view.evidence.host.links.seen().is_some_and(|links| links.iter().any(on));
        return Some(if down { finding.unless(Code::LocalInterface) } else { finding });
    }
    if errno != E::EADDRNOTAVAIL {
        return None;
    }
    (!has_source(view)?).then(|| {
        let because = [Clue::CallFailed, Clue::NoOwnAddress];
        let finding = here(Code::LocalFamilyDisabled, Certainty::Certain, &because).variant("no-address");
        // A device that is down has no address of IPv6 either.
        let looked = view.evidence.host.links.seen().is_some();
        if looked { finding } else { finding.unless(Code::LocalInterface) }
    })
}

/// A kernel that has an address of the family has the family: then a policy refuses the socket, as
/// `RestrictAddressFamilies=` of systemd.exec(5) does by seccomp.
fn no_such_family(view: &View) -> Finding {
    let own = view.evidence.host.addresses.seen();
    let family = view.family();
    let has_address = own.map(|own| own.iter().any(|own| Family::of(own.address) == family));
    let filtered = view.evidence.host.seccomp.seen().map(|mode| *mode > 0);
    if has_address == Some(true) {
        let mut because = vec![Clue::CallFailed, Clue::FamilyOn];
        because.extend((filtered == Some(true)).then_some(Clue::SeccompOn));
        return here(Code::LocalDenied, Certainty::Certain, &because).variant("family");
    }
    let finding = here(Code::LocalFamilyDisabled, Certainty::Certain, &[Clue::CallFailed]);
    let alone = has_address == Some(false) && filtered == Some(false);
    if alone { finding } else { finding.unless(Code::LocalDenied) }
}

/// The kernel takes ::1, or a link-local address, to reach a target that neither can reach: no better address
/// is left (ipv6_dev_get_saddr). Of IPv4 it takes 0.0.0.0 then (inet_select_addr).
fn odd_source(view: &View) -> Option<Finding> {
    let source = view.attempt.source?.ip();
    let answered = view.tcp().is_some_and(|tcp| tcp.segments_in.is_some_and(|segments| segments > 0));
    let asked_for = view.evidence.request.source.is_some();
    if asked_for || answered || view.attempt.connected_ms.is_some() || view.attempt.is_local() {
        return None;
    }
    // Whoever answers from loopback was asked there.
    let port = view.icmp().is_some_and(|(icmp, _)| super::icmp::code_of(icmp) == Code::RefusedIcmpPort);
    if view.has_rewritten_source() && (source.is_ipv4() || port) {
        return None;
    }
    let finding =
        |certainty| here(Code::LocalFamilyDisabled, certainty, &[Clue::OddSource]).variant("no-address");
    // A socket whose connect failed is bound to none as well.
    let unbound = source.is_ipv4() && source.is_unspecified() && view.attempt.failed.is_none();
    if source.is_loopback() || unbound {
        // Without an address to send from, a neighbour is asked for in vain. What answers otherwise, or may have,
        // was reached over loopback: by a rewriting of the destination.
        let unanswered = view.so_error().is_none() && (view.is_udp() || view.tcp().is_some());
        let certain =
            unanswered || view.icmp().is_some_and(|(icmp, _)| super::icmp::is_host_unreachable(icmp));
        let finding = finding(Certainty::Certain);
        let finding = if certain { finding } else { finding.unless(Code::RefusedRst) };
        // Where there is another address to send from, a policy may have led it to ::1, and nobody takes it there.
        // What waits for a neighbour goes to no loopback device.
        let held = matches!(view.neighbour(), Some(NeighbourState::Incomplete | NeighbourState::Failed));
        let another =
            view.family() == Family::V6 && view.is_waiting() && !held && has_source(view) != Some(false);
        return Some(if another { finding.unless(Code::TimeoutAcceptQueue) } else { finding });
    }
    let link_local = matches!((source, view.target()), (IpAddr::V6(source), IpAddr::V6(target))
        if source.is_unicast_link_local() && !target.is_unicast_link_local());
    if !link_local {
        return None;
    }
    match view.icmp() {
        // Beyond the scope of the source address: the router says it.
        Some((icmp, _)) => {
            ((icmp.family, icmp.kind, icmp.code) == (6, 1, 2)).then(|| finding(Certainty::Certain))
        }
        None if view.attempt.gateway().is_none() => None,
        None => view.is_waiting().then(|| finding(Certainty::Likely).or(&[Code::TimeoutSilent])),
    }
}

/// Whether this host has an IPv6 address that it can send to the target from; `None` where nobody looked.
fn has_source(view: &View) -> Option<bool> {
    let own = view.evidence.host.addresses.seen()?;
    Some(own.iter().any(|own| {
        matches!(own.address, IpAddr::V6(v6) if !own.tentative
            && (is_link_local(view.target()) || !v6.is_unicast_link_local())
            && (view.target().is_loopback() || !v6.is_loopback()))
    }))
}

/// IPv6 is off where every device that could carry it has it off and no address of it is left.
fn is_switched_off(view: &View) -> bool {
    let (Some(links), Some(own)) = (view.evidence.host.links.seen(), view.evidence.host.addresses.seen())
    else {
        return false;
    };
    let loopback_target = view.target().is_loopback();
    let mut carriers = links.iter().filter(|link| link.up && (link.loopback == loopback_target)).peekable();
    let off = |link: &Link| link.ipv6_disabled == Some(true);
    let no_address = own.iter().all(|own| match own.address {
        IpAddr::V6(v6) => v6.is_loopback() && !loopback_target,
        IpAddr::V4(_) => true,
    });
    no_address
        && match carriers.peek() {
            Some(_) => carriers.all(off),
            None => links.iter().any(|link| link.loopback && off(link)),
        }
}

/// The first device that could carry packets to the target, where each that could has an MTU too small for IPv6.
pub(super) fn narrow_device(evidence: &Evidence, target: IpAddr) -> Option<&Link> {
    let carries = |link: &&Link| link.up && link.loopback == target.is_loopback();
    let mut carriers = evidence.host.links.seen()?.iter().filter(carries);
    let first = carriers.next()?;
    let narrow = |link: &Link| link.narrow_mtu.is_some();
    (narrow(first) && carriers.all(narrow)).then_some(first)
}

/// A loopback address that no device has is one like any other: packets to it leave by a gateway, or find no route.
pub(super) fn lost_loopback(view: &View) -> Option<Finding> {
    let away = match view.attempt.route.seen()? {
        RouteAnswer::Route(route) => route.kind == RouteType::Unicast,
        RouteAnswer::Refused(errno) => errno.get() == E::ENETUNREACH,
    };
    let failed = view.failed(Call::Connect);
    let unsent = view.attempt.failed.is_none() || matches!(failed, Some(E::ENETUNREACH | E::EADDRNOTAVAIL));
    // Through another device nothing gets to loopback.
    let bound = view.evidence.request.interface.is_some();
    if !view.target().is_loopback() || !away || !unsent || bound {
        return None;
    }
    let host = &view.evidence.host;
    let lo = host.links.seen().and_then(|links| links.iter().find(|link| link.loopback));
    let because = [Clue::LoopbackLedAway];
    let finding = if lo.is_some_and(|lo| lo.ipv6_disabled == Some(true)) && view.family() == Family::V6 {
        here(Code::LocalFamilyDisabled, Certainty::Certain, &because).variant("loopback")
    } else {
        here(Code::LocalInterface, Certainty::Certain, &because).variant("no-address")
    };
    // What has the address and does not lead to it is a matter of rules.
    let lacks =
        |own: &Vec<_>| !own.iter().any(|own: &OwnAddress| covers(own.address, own.prefix_len, view.target()));
    // Of IPv6 the device's switch decides which of the two it is.
    let known = lo.is_some() || view.family() == Family::V4;
    let sure = known && host.addresses.seen().is_some_and(lacks);
    Some(if sure { finding } else { finding.unless(Code::UnreachableNoRoute) })
}

/// A source address that bind took although no device has it (`ip_nonlocal_bind`): the route lookup refuses it
/// (ip_route_output_key_hash_rcu).
fn is_foreign_source(view: &View) -> bool {
    let own = view.evidence.host.addresses.seen();
    let source = view.evidence.request.source.filter(|source| !source.is_unspecified());
    source.zip(own).is_some_and(|(source, own)| !own.iter().any(|own| own.address == source))
}

pub(super) fn no_route(view: &View) -> Option<Finding> {
    let errno = view.failed(Call::Connect)?;
    if let Some(RouteAnswer::Route(route)) = view.attempt.route.seen()
        && matches!(route.kind, RouteType::Broadcast | RouteType::Multicast)
        && matches!(errno, E::ENETUNREACH | E::EACCES | E::EINVAL)
    {
        let because = [Clue::CallFailed, Clue::NotUnicast];
        return Some(here(Code::UnreachableNoRoute, Certainty::Certain, &because).variant("not-unicast"));
    }
    if errno != E::ENETUNREACH {
        return None;
    }
    if is_foreign_source(view) {
        return Some(
            here(Code::LocalSourceAddress, Certainty::Likely, &[Clue::CallFailed, Clue::ForeignSource])
                .or(&[Code::UnreachableNoRoute]),
        );
    }
    // Without a look at the tables, a refusing rule or a throw route could be behind it.
    let looked = view.attempt.refusals.seen().is_some();
    let refused = view.route_refused() == Some(E::ENETUNREACH);
    // A device that is down, or a family that is off, takes its routes with it.
    let host = &view.evidence.host;
    let finding = if refused && looked {
        let finding = here(Code::UnreachableNoRoute, Certainty::Certain, &[Clue::CallFailed, Clue::NoRoute]);
        let known = host.links.seen().is_some() && host.addresses.seen().is_some();
        if known && !may_be_cut_off(view) { finding } else { finding.unless(Code::LocalInterface) }
    } else {
        // A route that is there leaves a policy, too.
        let policy: &[Code] = if view.attempt.route().is_some() { &[Code::LocalDenied] } else { &[] };
        here(Code::UnreachableNoRoute, Certainty::Likely, &[Clue::CallFailed])
            .or(&[Code::UnreachableLocalRoute])
            .or(policy)
    };
    Some(finding)
}

/// Whether a device that is down, or without carrier and its routes gone therefore, has an address: it may have had the
/// route.
fn may_be_cut_off(view: &View) -> bool {
    let host = &view.evidence.host;
    // What is switched off keeps its addresses of IPv4, and loses those of IPv6.
    let without = |link: &&Link| {
        let cut = link.carrier == Some(false) && link.routes_need_carrier != Some(false);
        !link.loopback && (!link.up || cut)
    };
    let mut without = host.links.seen().into_iter().flatten().filter(without);
    let own = host.addresses.seen().map(Vec::as_slice).unwrap_or_default();
    without.any(|link| {
        own.iter().any(|own| {
            let global = Family::of(own.address) == view.family() && !is_link_local(own.address);
            own.device_index == link.index && (global || !link.up)
        })
    })
}

/// What is left when connect failed at once and no route explains it.
pub(super) fn connect_failed(view: &View) -> Option<Finding> {
    let failed = view.attempt.failed?;
    let finding = match failed.errno.get() {
        // A datagram, unlike a SYN, tells the program what the output filter did to it (udp_sendmsg).
        E::EPERM if failed.call == Call::Send => {
            let finding =
                here(Code::LocalFirewallDrop, Certainty::Certain, &[Clue::CallFailed]).variant("datagram");
            // A filter that rejects says so in the error queue.
            let looked = view.attempt.queue.seen().is_some();
            let finding = if looked { finding } else { finding.unless(Code::LocalFirewallReject) };
            // A seccomp filter can fail the call in the same way.
            let free = view.evidence.host.seccomp.seen() == Some(&0);
            if free { finding } else { finding.unless(Code::LocalDenied) }
        }
        // The packet filter marked it or rewrote its destination, and the lookup that follows was refused
        // (ip_route_me_harder): what else fails a datagram in these words fails it without a route, too.
        E::EINVAL | E::ENETUNREACH | E::EHOSTUNREACH | E::EACCES
            if failed.call == Call::Send && view.attempt.route().is_some() =>
        {
            here(Code::UnreachableLocalRoute, Certainty::Likely, &[Clue::CallFailed, Clue::RouteFound])
                .variant("detour")
                .or(&[Code::LocalDenied])
        }
        // Where no port is left to bind a datagram socket to (inet_autobind).
        E::EAGAIN if view.is_udp() => here(Code::LocalPortsExhausted, Certainty::Likely, &[Clue::CallFailed])
            .or(&[Code::LocalSourceInUse]),
        E::EADDRNOTAVAIL if view.evidence.request.source_port.is_some() => ports::tuple(view),
        E::EADDRNOTAVAIL => ports::exhausted(view),
        // A packet filter never fails a TCP connect at once (tcp_connect passes on ECONNREFUSED alone, and that
        // asynchronously): a control group's program, a security module or seccomp does.
        E::EPERM | E::ECONNREFUSED if view.attempt.route().is_some() => denied(view, Certainty::Certain),
        E::EACCES if view.attempt.route().is_some() => denied(view, Certainty::Likely),
        _ => here(Code::LocalDenied, Certainty::Possible, &[Clue::CallFailed]),
    };
    Some(finding)
}

fn denied(view: &View, certainty: Certainty) -> Finding {
    let mut because = vec![Clue::CallFailed, Clue::RouteFound];
    let filtered = view.evidence.host.seccomp.seen().is_some_and(|mode| *mode > 0);
    because.extend(filtered.then_some(Clue::SeccompOn));
    let finding = here(Code::LocalDenied, certainty, &because);
    // The route lookup asks for this user, port and protocol; a mark or a label it does not know.
    if certainty == Certainty::Certain { finding } else { finding.or(&[Code::UnreachableLocalRoute]) }
}
