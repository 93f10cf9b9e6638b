//! Rules about routes and rules of this host that refuse, or that lead nowhere by the device that was asked for.

use super::Finding;
use super::local::{ended_by_own_icmp, here};
use super::view::View;
use crate::model::{Call, Family, NeighbourState, Refusal, RefusalKind, RouteType};
use crate::verdict::{Certainty, Clue, Code};
use nix::errno::Errno as E;

/// Which refusing entries fit an errno: the kernel's `fib_props` and `fib_rules` tables.
fn fits(errno: E, kind: RefusalKind, action: RouteType) -> bool {
    match (errno, action) {
        (E::EACCES, RouteType::Prohibit) | (E::EINVAL, RouteType::Blackhole) => true,
        (E::EHOSTUNREACH, RouteType::Unreachable) => kind == RefusalKind::Route,
        (E::ENETUNREACH, RouteType::Unreachable) => kind == RefusalKind::Rule,
        (E::ENETUNREACH, RouteType::Throw) => true,
        _ => false,
    }
}

/// The entries that give the errno with which connect failed: which of several it was, nothing tells.
pub(super) fn fitting_refusals<'a>(view: &View<'a>) -> Vec<&'a Refusal> {
    let Some(errno) = view.failed(Call::Connect) else { return Vec::new() };
    let fitting = view.refusals().iter().filter(|refusal| fits(errno, refusal.kind, refusal.action));
    let mut fitting: Vec<&Refusal> = fitting.collect();
    fitting.sort_by_key(|refusal| (refusal.table, refusal.priority, refusal.prefix.clone()));
    fitting
}

/// Whether it surely matches this flow as the route lookup asks for it.
pub(super) fn is_sure(refusal: &Refusal) -> bool {
    match refusal.kind {
        // A route refuses only if its table was asked: default, main and local (253 to 255) are, by the rules
        // that every host has.
        RefusalKind::Route => matches!(refusal.table, Some(253..=255)),
        RefusalKind::Rule => refusal.other_selectors.is_empty(),
    }
}

pub(super) fn refusing_route(view: &View) -> Option<Finding> {
    let errno = view.failed(Call::Connect)?;
    let fitting = fitting_refusals(view);
    // The route lookup for this very flow gives the same errno: no policy stands between.
    let same = view.route_refused() == Some(errno);
    if !same {
        return refused_by_source(view, &fitting);
    }
    match fitting.first() {
        Some(first) => {
            let sure = fitting.iter().any(|refusal| is_sure(refusal));
            let certainty = if sure { Certainty::Certain } else { Certainty::Likely };
            let because = [Clue::CallFailed, Clue::RouteRefuses, Clue::RefusalFound];
            let variant = match first.kind {
                _ if fitting.len() > 1 => "several",
                RefusalKind::Rule => "rule",
                RefusalKind::Route => "",
            };
            Some(here(Code::UnreachableLocalRoute, certainty, &because).variant(variant))
        }
        // No entry was found, but nothing else gives these errnos in a route lookup.
        None if matches!(errno, E::EACCES | E::EINVAL | E::EHOSTUNREACH) => Some(
            here(Code::UnreachableLocalRoute, Certainty::Likely, &[Clue::CallFailed, Clue::RouteRefuses])
                .variant("unseen")
                .or(&[Code::LocalDenied]),
        ),
        None => None,
    }
}

/// The kernel looks a second time, with the source address that it has chosen (ip_route_connect); the lookup that was
/// asked for has none, and found a way.
fn refused_by_source(view: &View, fitting: &[&Refusal]) -> Option<Finding> {
    view.attempt.route()?;
    // One that any source met would have shown in the lookup.
    let by_source = |refusal: &&&Refusal| match refusal.kind {
        RefusalKind::Rule => is_sure(refusal),
        RefusalKind::Route => !is_sure(refusal),
    };
    let asks = view.evidence.request.source.is_none() && view.family() == Family::V4;
    let first = fitting.iter().find(by_source).filter(|_| asks)?;
    let variant = if first.kind == RefusalKind::Rule { "rule" } else { "" };
    let because = [Clue::CallFailed, Clue::RefusalFound];
    let variant = if fitting.len() > 1 { "several" } else { variant };
    Some(
        here(Code::UnreachableLocalRoute, Certainty::Likely, &because)
            .variant(variant)
            .or(&[Code::LocalDenied]),
    )
}

/// No route leads to the target by the device that was asked for: IPv4 takes it for a neighbour then, and asks for it in
/// vain (ip_route_output_key_hash_rcu; there is no table in such an answer).
pub(super) fn assumed_on_link(view: &View) -> Option<Finding> {
    let route = view.attempt.route()?;
    let assumed = route.table == Some(0) && route.gateway.is_none() && route.kind == RouteType::Unicast;
    let missing = view.attempt.neighbour_is_missing() || view.neighbour() == Some(NeighbourState::Failed);
    let bound = view.evidence.request.interface.is_some() && view.family() == Family::V4;
    let unanswered = missing && (view.is_waiting() || ended_by_own_icmp(view));
    (assumed && bound && unanswered).then(|| {
        here(Code::UnreachableNoRoute, Certainty::Likely, &[Clue::NoRouteByDevice, Clue::NeighbourSilent])
            .variant("device")
            .or(&[Code::UnreachableNeighbor, Code::UnreachableLocalRoute])
    })
}
