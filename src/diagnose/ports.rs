//! Rules about source ports: who has the one that was asked for, and how many are left.

use super::Finding;
use super::local::here;
use super::view::View;
use crate::model::{OwnSocket, SocketState};
use crate::verdict::{Certainty, Clue, Code};
use std::net::SocketAddr;

/// What holds the source port that was asked for: a listener before whatever else is there.
pub(super) fn port_holder<'a>(view: &View<'a>) -> Option<&'a OwnSocket> {
    let wanted = view.evidence.request.source;
    let family = view.target().to_canonical().is_ipv4();
    let stands = |socket: &&OwnSocket| {
        let ip = socket.local.ip();
        // Of IPv6's addresses only the wildcard can stand in IPv4's way.
        let same_family = ip.is_ipv4() == family || (ip.is_ipv6() && ip.is_unspecified());
        let same_address = ip.is_unspecified()
            || wanted.is_none_or(|wanted| wanted.is_unspecified() || wanted.to_canonical() == ip);
        same_family && same_address
    };
    let rank = |socket: &&OwnSocket| match socket.state {
        SocketState::Listen => 0,
        SocketState::Bound => 1,
        SocketState::Connected => 2,
        SocketState::TimeWait => 3,
    };
    let on_port = view.evidence.own_ends.seen()?.on_port.seen()?;
    on_port.iter().filter(stands).min_by_key(|socket| (socket.local.is_ipv4() != family, rank(socket)))
}

/// `EADDRINUSE` from bind: somebody has the port.
pub(super) fn taken(view: &View) -> Finding {
    let Some(holder) = port_holder(view) else {
        return here(Code::LocalSourceInUse, Certainty::Certain, &[Clue::CallFailed]);
    };
    let variant = if holder.state == SocketState::TimeWait { "time-wait" } else { "held" };
    here(Code::LocalSourceInUse, Certainty::Certain, &[Clue::CallFailed, Clue::PortHeld]).variant(variant)
}

/// The socket with the very four numbers that were asked for.
pub(super) fn same_tuple<'a>(view: &View<'a>) -> Option<&'a OwnSocket> {
    let target = SocketAddr::new(view.target().to_canonical(), view.attempt.address.port());
    let on_port = view.evidence.own_ends.seen()?.on_port.seen()?;
    let chosen = || view.attempt.route().and_then(|route| route.preferred_source);
    let source = view.evidence.request.source.filter(|source| !source.is_unspecified()).or_else(chosen);
    let ours = |socket: &&OwnSocket| source.is_none_or(|source| source.to_canonical() == socket.local.ip());
    on_port.iter().filter(ours).find(|socket| socket.remote == Some(target))
}

/// `EADDRNOTAVAIL` from connect, with a source port: this very connection exists (`__inet_check_established`).
pub(super) fn tuple(view: &View) -> Finding {
    match same_tuple(view) {
        Some(socket) => {
            let waits = socket.state == SocketState::TimeWait;
            here(Code::LocalTupleInUse, Certainty::Certain, &[Clue::CallFailed, Clue::TupleHeld])
                .variant(if waits { "time-wait" } else { "held" })
        }
        None => here(Code::LocalTupleInUse, Certainty::Likely, &[Clue::CallFailed])
            .or(&[Code::LocalFamilyDisabled]),
    }
}

/// `EADDRNOTAVAIL` from connect, without one: the kernel found none (`__inet_hash_connect`).
pub(super) fn exhausted(view: &View) -> Finding {
    let towards = view.evidence.own_ends.seen().and_then(|ends| ends.towards.seen());
    match towards {
        Some(towards) if towards.size() == 0 => {
            here(Code::LocalPortsExhausted, Certainty::Certain, &[Clue::CallFailed, Clue::PortsCounted])
                .variant("reserved")
        }
        // With a source address of its own a client may be given a port that is bound to another.
        Some(towards)
            if towards.connected >= towards.size()
                || (towards.taken() >= towards.size() && view.evidence.request.source.is_none()) =>
        {
            here(Code::LocalPortsExhausted, Certainty::Certain, &[Clue::CallFailed, Clue::PortsCounted])
                .variant("counted")
        }
        _ => here(Code::LocalPortsExhausted, Certainty::Likely, &[Clue::CallFailed])
            .or(&[Code::LocalTupleInUse, Code::LocalFamilyDisabled]),
    }
}
