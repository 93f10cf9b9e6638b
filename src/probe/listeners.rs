//! Who listens on this machine, as far as it bears on a target.

use crate::model::{Fact, ForeignListening, Listeners, Listening, Millis, Owner};
use crate::sys::{self, ForeignSocket, Holders, ListeningSocket, SockDiag};
use std::collections::{BTreeSet, HashMap};
use std::io;
use std::net::{IpAddr, SocketAddr};

/// Listeners of this network namespace beyond this many are not kept.
const MOST_HERE: usize = 64;

/// Listeners of other network namespaces beyond this many are not kept.
const MOST_ELSEWHERE: usize = 16;

/// The listeners that bear on a target: here, on its port and those near it, the nearest port first; in other
/// network namespaces, on its very port.
///
/// Looks through /proc and the control groups: a few milliseconds as a rule, at most about a second for each
/// of its three passes.
pub(crate) fn listeners(target: SocketAddr, at_ms: Millis) -> Listeners {
    let here = named(listening(target.port()).map(|mut sockets| {
        sockets.sort_by_key(|socket| (socket.address.port().abs_diff(target.port()), socket.address));
        sockets.truncate(MOST_HERE);
        sockets
    }));
    let elsewhere: Fact<Vec<ForeignSocket>> = sys::listening_elsewhere(target)
        .map(|mut sockets| {
            sockets.sort_by_key(|socket| (!socket.owns_target, socket.address, socket.namespace));
            sockets.truncate(MOST_ELSEWHERE);
            sockets
        })
        .into();
    let inodes_here = here.seen().into_iter().flatten().map(|socket| socket.inode);
    let inodes_there = elsewhere.seen().into_iter().flatten().map(|socket| socket.inode);
    let holders = sys::holders(&inodes_here.chain(inodes_there).collect());
    Listeners {
        at_ms,
        here: each(here, |sockets| with_owners(sockets, &holders)),
        elsewhere: each(elsewhere, |sockets| {
            sockets.into_iter().map(|socket| foreign(socket, &holders)).collect()
        }),
    }
}

/// The listener that a connection to one of this host's addresses belongs to: of those that take it, the one
/// that the kernel prefers.
pub(super) fn listener_of(target: SocketAddr) -> Option<Listening> {
    let socket = listening(target.port())
        .ok()?
        .into_iter()
        .filter(|socket| socket.address.port() == target.port() && may_reach(socket, target.ip()))
        .max_by_key(|socket| preference(socket, target.ip()))?;
    let holders = sys::holders(&BTreeSet::from([socket.inode]));
    with_owners(vec![socket], &holders).pop()
}

fn listening(port: u16) -> io::Result<Vec<ListeningSocket>> {
    SockDiag::open()?.listening(port)
}

/// What a connection from this host to itself can reach: it comes in by `lo`, to a link-local address by the
/// device that has it.
fn may_reach(socket: &ListeningSocket, target: IpAddr) -> bool {
    let link_local = matches!(target, IpAddr::V6(v6) if v6.is_unicast_link_local());
    let device = link_local || socket.device.as_deref().is_none_or(|device| device == "lo");
    device && unowned(socket).takes(target)
}

/// An exact address goes before a wildcard, then a bound device, then IPv4's own socket before one that takes
/// both families (`compute_score`, net/ipv4/inet_hashtables.c).
fn preference(socket: &ListeningSocket, target: IpAddr) -> (bool, bool, bool) {
    let same_family = socket.address.is_ipv4() == target.to_canonical().is_ipv4();
    (!socket.address.ip().to_canonical().is_unspecified(), socket.device.is_some(), same_family)
}

fn with_owners(sockets: Vec<ListeningSocket>, holders: &Holders) -> Vec<Listening> {
    let groups = sys::cgroup_paths(&sockets.iter().filter_map(|socket| socket.cgroup_id).collect());
    sockets.into_iter().map(|socket| owned(socket, holders, &groups)).collect()
}

fn owned(socket: ListeningSocket, holders: &Holders, groups: &HashMap<u64, String>) -> Listening {
    let process = holders.of(socket.inode);
    let cgroup = socket.cgroup_id.and_then(|id| groups.get(&id).cloned());
    Listening { owner: Owner { uid: socket.uid, process, cgroup }, ..unowned(&socket) }
}

/// The socket without what has to be looked up.
fn unowned(socket: &ListeningSocket) -> Listening {
    Listening {
        address: socket.address,
        only_v6: socket.only_v6,
        device: socket.device.clone(),
        queue: socket.queue,
        queue_limit: socket.queue_limit,
        owner: Owner { uid: socket.uid, process: Fact::NotAsked, cgroup: None },
    }
}

fn foreign(socket: ForeignSocket, holders: &Holders) -> ForeignListening {
    let process = holders.of(socket.inode);
    // A process that can be seen speaks for itself.
    let cgroup = match process.seen() {
        Some(process) => i32::try_from(process.pid).ok().and_then(sys::cgroup_of),
        None => socket.cgroup,
    };
    ForeignListening {
        address: socket.address,
        namespace: socket.namespace,
        owns_target: socket.owns_target,
        owner: Owner { uid: socket.uid, process, cgroup },
    }
}

/// The sockets, or why sock_diag did not give them.
fn named(sockets: io::Result<Vec<ListeningSocket>>) -> Fact<Vec<ListeningSocket>> {
    match Fact::from(sockets) {
        Fact::CouldNotLook(why) => Fact::CouldNotLook(format!("sock_diag: {why}")),
        fact => fact,
    }
}

fn each<T, U>(fact: Fact<T>, change: impl FnOnce(T) -> U) -> Fact<U> {
    match fact {
        Fact::Seen(value) => Fact::Seen(change(value)),
        Fact::NotAsked => Fact::NotAsked,
        Fact::CouldNotLook(why) => Fact::CouldNotLook(why),
    }
}

#[cfg(test)]
#[path = "listeners_tests.rs"]
mod tests;
