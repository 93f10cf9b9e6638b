//! Who listens on this machine, as far as it bears on a target.

use super::Tables;
use crate::model::{Fact, ForeignListening, Listeners, Listening, Millis, Owner, Transport};
use crate::sys::{self, Elsewhere, ForeignSocket, Holders, ListeningSocket, SockDiag};
use std::collections::{BTreeSet, HashMap};
use std::io;
use std::net::{IpAddr, SocketAddr};

/// Listeners of this network namespace beyond this many are not kept.
const MOST_HERE: usize = 64;

/// Processes that are looked at before a thread is made for it.
const AT_ONCE: usize = 48;

/// Listeners of other network namespaces beyond this many are not kept.
const MOST_ELSEWHERE: usize = 16;

/// A look at the listeners.
#[derive(Debug)]
pub(crate) enum Look {
    /// There is nobody whose name would have to be found.
    Done(Listeners),
    /// Somebody's name, or another network namespace, is still to be looked for.
    Begun(Begun),
}

/// What is known before /proc has been looked through.
#[derive(Debug)]
pub(crate) struct Begun {
    target: SocketAddr,
    at_ms: Millis,
    here: Fact<Vec<ListeningSocket>>,
    /// `None` where no other namespace has such a socket.
    elsewhere: Option<io::Result<Elsewhere>>,
}

/// The listeners that bear on a target: here, on its port and those near it, the nearest port first; in other
/// network namespaces, on its very port. For UDP, the sockets that are bound.
///
/// This much the kernel answers at once.
pub(crate) fn listeners(tables: &Tables, target: SocketAddr, transport: Transport, at_ms: Millis) -> Look {
    let here = sockets_here(tables, target.port(), transport);
    let elsewhere = match Elsewhere::begin(target, transport) {
        Ok(mut look) => {
            if look.is_nobody(AT_ONCE) {
                None
            } else {
                Some(Ok(look))
            }
        }
        Err(error) => Some(Err(error)),
    };
    if elsewhere.is_none() && here.seen().is_none_or(Vec::is_empty) {
        let here = each(here, |_| Vec::new());
        return Look::Done(Listeners { at_ms, here, elsewhere: Fact::Seen(Vec::new()) });
    }
    Look::Begun(Begun { target, at_ms, here, elsewhere })
}

/// The same without a look at other network namespaces.
pub(super) fn listeners_here(
    tables: &Tables,
    target: SocketAddr,
    transport: Transport,
    at_ms: Millis,
) -> Listeners {
    let here = sockets_here(tables, target.port(), transport);
    let holders = sys::holders(&here.seen().into_iter().flatten().map(|socket| socket.inode).collect());
    let here = each(here, |sockets| with_owners(sockets, &holders, target.port()));
    Listeners { at_ms, here, elsewhere: Fact::NotAsked }
}

fn sockets_here(tables: &Tables, port: u16, transport: Transport) -> Fact<Vec<ListeningSocket>> {
    let sockets = tables.ask_sockets(|open| {
        Ok(match transport {
            Transport::Udp => open.bound(port),
            _ => open.listening(port),
        })
    });
    match sockets {
        Fact::Seen(answer) => named_as(
            "sock_diag",
            answer.map(|mut sockets| {
                sockets.sort_by_key(|socket| (socket.address.port().abs_diff(port), socket.address));
                sockets.truncate(MOST_HERE);
                sockets
            }),
        ),
        Fact::CouldNotLook(why) => Fact::CouldNotLook(why),
        Fact::NotAsked => Fact::NotAsked,
    }
}

impl Begun {
    /// Looks through /proc and the control groups: a few milliseconds as a rule, at most a quarter of a second for
    /// each of its passes.
    pub(crate) fn end(self) -> Listeners {
        let Begun { target, at_ms, here, elsewhere } = self;
        let elsewhere: Fact<Vec<ForeignSocket>> = elsewhere
            .map_or(Ok(Vec::new()), |look| look.and_then(Elsewhere::end))
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
            here: each(here, |sockets| with_owners(sockets, &holders, target.port())),
            elsewhere: each(elsewhere, |sockets| {
                sockets.into_iter().map(|socket| foreign(socket, &holders)).collect()
            }),
        }
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
    with_owners(vec![socket], &holders, target.port()).pop()
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

fn with_owners(sockets: Vec<ListeningSocket>, holders: &Holders, port: u16) -> Vec<Listening> {
    let groups = sys::cgroup_paths(&sockets.iter().filter_map(|socket| socket.cgroup_id).collect());
    let asked = |socket: &ListeningSocket| socket.address.port() == port;
    sockets.into_iter().map(|socket| owned(asked(&socket), socket, holders, &groups)).collect()
}

fn owned(
    asked: bool,
    socket: ListeningSocket,
    holders: &Holders,
    groups: &HashMap<u64, String>,
) -> Listening {
    let process = holders.of(socket.inode);
    let cgroup = socket.cgroup_id.and_then(|id| groups.get(&id).cloned());
    let mut listening = Listening { owner: Owner { uid: socket.uid, process, cgroup }, ..unowned(&socket) };
    // A container engine's proxy runs as root, and says on its command line what it is for; only that of the port itself matters.
    if asked
        && listening.owner.process.seen().is_none()
        && let Some((proxy, leads_to)) = sys::port_proxy(listening.address)
    {
        listening.leads_to = Some(leads_to);
        listening.owner.process = Fact::Seen(proxy);
    }
    listening
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
        leads_to: None,
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

/// The answer, or why it was not given, and by whom.
pub(super) fn named_as<T>(who: &str, answer: io::Result<T>) -> Fact<T> {
    match Fact::from(answer) {
        Fact::CouldNotLook(why) => Fact::CouldNotLook(format!("{who}: {why}")),
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
