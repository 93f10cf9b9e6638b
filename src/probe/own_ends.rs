//! Sockets of this host that stand in the way of a source port: who has it, and how many ephemeral ports are
//! left.

use super::listeners::named_as;
use crate::model::{Fact, Holding, Millis, OwnEnds, OwnSocket, Owner, SocketState, Towards, Transport};
use crate::sys::{self, SockDiag, TcpSocket};
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::net::SocketAddr;

/// Sockets on the port beyond this many are not kept.
const MOST_ON_PORT: usize = 16;

/// Owners of connections beyond this many are not named.
const MOST_HOLDERS: usize = 4;

/// Looks at the sockets with the source port that was asked for, or, where the kernel was to choose one, at those
/// that have an ephemeral port towards the target.
pub(crate) fn own_ends(
    source_port: Option<u16>,
    transport: Transport,
    target: SocketAddr,
    at_ms: Millis,
) -> OwnEnds {
    match source_port {
        Some(port) => OwnEnds {
            at_ms,
            on_port: named_as("sock_diag", on_port(port, transport)),
            towards: Fact::NotAsked,
        },
        None => OwnEnds { at_ms, on_port: Fact::NotAsked, towards: named_as("sock_diag", towards(target)) },
    }
}

fn on_port(port: u16, transport: Transport) -> io::Result<Vec<OwnSocket>> {
    let mut found: Vec<TcpSocket> = Vec::new();
    let mut sockets = SockDiag::open()?;
    if transport == Transport::Udp {
        let all = sockets.bound(port)?.into_iter().filter(|socket| socket.address.port() == port);
        found.extend(all.take(MOST_ON_PORT).map(|socket| TcpSocket {
            local: SocketAddr::new(socket.address.ip().to_canonical(), port),
            remote: None,
            state: SocketState::Bound,
            uid: socket.uid,
            inode: socket.inode,
            cgroup_id: socket.cgroup_id,
        }));
    } else {
        sockets.sockets(|socket| {
            if socket.local.port() == port && found.len() < MOST_ON_PORT {
                found.push(socket.clone());
            }
        })?;
    }
    let holders = sys::holders(&found.iter().map(|socket| socket.inode).collect());
    let groups = sys::cgroup_paths(&found.iter().filter_map(|socket| socket.cgroup_id).collect());
    let owned = |socket: TcpSocket| OwnSocket {
        local: socket.local,
        remote: socket.remote,
        state: socket.state,
        owner: Owner {
            uid: socket.uid,
            process: holders.of(socket.inode),
            cgroup: socket.cgroup_id.and_then(|id| groups.get(&id).cloned()),
        },
    };
    Ok(found.into_iter().map(owned).collect())
}

fn towards(target: SocketAddr) -> io::Result<Towards> {
    let (first_port, last_port) = sys::local_port_range()?;
    let target = SocketAddr::new(target.ip().to_canonical(), target.port());
    let (mut connected, mut waiting, mut bound) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
    let mut owners: BTreeMap<u64, (TcpSocket, u32)> = BTreeMap::new();
    SockDiag::open()?.sockets(|socket| {
        let port = socket.local.port();
        if !(first_port..=last_port).contains(&port) {
            return;
        }
        match socket.state {
            SocketState::Listen | SocketState::Bound => {
                bound.insert(port);
            }
            SocketState::Connected | SocketState::TimeWait if socket.remote == Some(target) => {
                connected.insert(port);
                if socket.state == SocketState::TimeWait {
                    waiting.insert(port);
                } else {
                    owners.entry(socket.inode).or_insert_with(|| (socket.clone(), 0)).1 += 1;
                }
            }
            _ => {}
        }
    })?;
    bound.retain(|port| !connected.contains(port));
    let number = |ports: &BTreeSet<u16>| u32::try_from(ports.len()).unwrap_or(u32::MAX);
    Ok(Towards {
        first_port,
        last_port,
        // Where nobody can say, none is.
        reserved: sys::reserved_ports(first_port, last_port).unwrap_or(0),
        connected: number(&connected),
        time_wait: number(&waiting),
        bound: number(&bound),
        holders: holdings(owners),
    })
}

/// Sums the sockets up by process, or by user where the process can't be seen.
fn holdings(owners: BTreeMap<u64, (TcpSocket, u32)>) -> Vec<Holding> {
    let holders = sys::holders(&owners.keys().copied().collect());
    let mut sums: Vec<Holding> = Vec::new();
    for (inode, (socket, count)) in owners {
        let owner = Owner { uid: socket.uid, process: holders.of(inode), cgroup: None };
        match sums.iter_mut().find(|sum| sum.owner == owner) {
            Some(sum) => sum.count += count,
            None => sums.push(Holding { owner, count }),
        }
    }
    sums.sort_by_key(|sum| std::cmp::Reverse(sum.count));
    sums.truncate(MOST_HOLDERS);
    sums
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::{TcpListener, TcpStream};

    #[test]
    fn the_holder_of_a_port_is_found_in_whatever_state() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let client = TcpStream::connect(address).unwrap();
        let (server, _) = listener.accept().unwrap();
        let ends = own_ends(Some(address.port()), Transport::Tcp, address, Millis::default());
        let states: Vec<_> = ends.on_port.seen().unwrap().iter().map(|socket| socket.state).collect();
        assert!(
            states.contains(&SocketState::Listen) && states.contains(&SocketState::Connected),
            "{ends:?}"
        );
        let ours = ends.on_port.seen().unwrap().iter().all(|socket| {
            socket.owner.process.seen().is_some_and(|process| process.pid == std::process::id())
        });
        assert!(ours, "{ends:?}");
        let towards = own_ends(None, Transport::Tcp, address, Millis::default()).towards;
        let towards = towards.seen().unwrap();
        assert_eq!((towards.connected, towards.time_wait), (1, 0), "{towards:?}");
        assert_eq!(towards.holders.len(), 1);
        drop((client, server));
    }
}
