//! sock_diag(7): TCP and UDP sockets of this network namespace, as any user may see them, whoever owns them.

use super::netlink_socket::{NetlinkSocket, Refused};
use crate::model::{PeerEnd, SocketState};
use crate::sanitize::clean_to;
use netlink_packet_sock_diag::inet::nlas::Nla;
use netlink_packet_sock_diag::inet::{ExtensionFlags, InetRequest, InetResponse, SocketId, StateFlags};
use netlink_packet_sock_diag::{
    AF_INET, AF_INET6, IPPROTO_TCP, IPPROTO_UDP, SockDiagMessage, TCP_CLOSE, TCP_CLOSE_WAIT, TCP_ESTABLISHED,
    TCP_LISTEN, TCP_SYN_RECV, TCP_TIME_WAIT,
};
use netlink_sys::protocols::NETLINK_SOCK_DIAG;
use nix::errno::Errno;
use std::io;
use std::net::{IpAddr, SocketAddr, SocketAddrV6};

/// How far from a port another one is still worth telling.
const NEAR: u16 = 10;

/// More listeners than this near one port are not kept.
const MOST_LISTENING: usize = 1024;

/// `INET_DIAG_CGROUP_ID` (linux/inet_diag.h, since 5.8): the inode of the control group's directory.
const CGROUP_ID: u16 = 21;

/// `TCP_BOUND_INACTIVE` (include/net/tcp_states.h, since 6.8): asked for by its bit, listed as closed.
const BOUND_INACTIVE: u8 = 13;

/// `INET_DIAG_NOCOOKIE`: any socket with these ends.
const ANY_COOKIE: [u8; 8] = [0xff; 8];

/// A TCP socket in LISTEN, or a UDP socket that is bound and takes datagrams from anybody, before its owner is looked up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListeningSocket {
    /// Address and port.
    pub address: SocketAddr,
    /// `IPV6_V6ONLY`; `None` for IPv4 sockets, and where the kernel does not tell.
    pub only_v6: Option<bool>,
    /// The device that it is bound to, made safe.
    pub device: Option<String>,
    /// Connections that wait to be accepted; for UDP the bytes that wait to be read.
    pub queue: u32,
    /// The backlog; for UDP the bytes that wait to be sent.
    pub queue_limit: u32,
    /// The user's id.
    pub uid: u32,
    /// The inode, as /proc/PID/fd names it.
    pub inode: u64,
    /// The control group's id.
    pub cgroup_id: Option<u64>,
}

/// Any TCP socket, before its owner is looked up. Addresses are as the wire has them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TcpSocket {
    /// Its own end.
    pub local: SocketAddr,
    /// Its peer.
    pub remote: Option<SocketAddr>,
    /// What it is at.
    pub state: SocketState,
    /// The user's id.
    pub uid: u32,
    /// The inode; 0 where no process has it.
    pub inode: u64,
    /// The control group's id.
    pub cgroup_id: Option<u64>,
}

/// An open sock_diag socket.
#[derive(Debug)]
pub struct SockDiag {
    pub(super) socket: NetlinkSocket<SockDiagMessage>,
}

impl SockDiag {
    /// Opens a socket.
    ///
    /// # Errors
    /// The errno of `socket`, as where a seccomp filter forbids netlink.
    pub fn open() -> io::Result<SockDiag> {
        Ok(SockDiag { socket: NetlinkSocket::open(NETLINK_SOCK_DIAG)? })
    }

    /// The listeners on a port and on ports at most [`NEAR`] away, both families.
    ///
    /// # Errors
    /// The socket's errno, or the kernel's: `ENOENT` where it has no `tcp_diag`.
    pub fn listening(&mut self, port: u16) -> io::Result<Vec<ListeningSocket>> {
        self.near(port, IPPROTO_TCP, (StateFlags::LISTEN, TCP_LISTEN))
    }

    /// The same for UDP: sockets that are bound, and connected to nobody (`TCP_CLOSE` in net/ipv4/udp_diag.c).
    ///
    /// # Errors
    /// The socket's errno, or the kernel's: `ENOENT` where it has no `udp_diag`.
    pub fn bound(&mut self, port: u16) -> io::Result<Vec<ListeningSocket>> {
        self.near(port, IPPROTO_UDP, (StateFlags::CLOSE, TCP_CLOSE))
    }

    /// Sockets of one state, on a port and on ports at most [`NEAR`] away.
    fn near(
        &mut self,
        port: u16,
        protocol: u8,
        (wanted, state): (StateFlags, u8),
    ) -> io::Result<Vec<ListeningSocket>> {
        let mut found = Vec::new();
        for family in [AF_INET, AF_INET6] {
            let states = wanted.clone();
            let request = SockDiagMessage::InetRequest(InetRequest {
                family,
                protocol,
                extensions: ExtensionFlags::empty(),
                states,
                socket_id: no_ends(family),
            });
            self.socket.dump(request, |message| {
                let SockDiagMessage::InetResponse(answer) = message else { return };
                let near = answer.header.socket_id.source_port.abs_diff(port) <= NEAR;
                if near && answer.header.state == state && found.len() < MOST_LISTENING {
                    found.push(listening_socket(&answer));
                }
            })?;
        }
        Ok(found)
    }

    /// What became of a connection at its far end, where that is in this network namespace. `local` and
    /// `remote` are the near end's addresses, as `getsockname` and `getpeername` give them.
    ///
    /// A socket that a process has closed already counts as accepted.
    ///
    /// # Errors
    /// The socket's errno, the kernel's, or that our own end is not to be seen either: then nothing can be
    /// said about the other.
    pub fn peer_end(&mut self, local: SocketAddr, remote: SocketAddr) -> io::Result<PeerEnd> {
        if let Some(end) = self.end(remote, local)? {
            return Ok(end);
        }
        // ENOENT is also what a kernel without tcp_diag says.
        match self.end(local, remote)? {
            Some(_) => Ok(PeerEnd::Absent),
            None => Err(io::Error::other("the connection itself is not listed")),
        }
    }

    /// The state of the socket with these ends, seen as the far end of a connection.
    fn end(&mut self, own: SocketAddr, other: SocketAddr) -> io::Result<Option<PeerEnd>> {
        let (own, other) = (canonical(own), canonical(other));
        // The hash of established sockets knows no families: this finds the IPv4 connection of an IPv6 listener
        // as well (inet_diag_find_one_icsk).
        let family = if own.is_ipv4() { AF_INET } else { AF_INET6 };
        match self.socket.ask(request(family, StateFlags::all(), ends(own, other))) {
            Ok(SockDiagMessage::InetResponse(answer)) => {
                if let Some(end) = peer_end(&answer).filter(|_| has_ends(&answer, own, other)) {
                    return Ok(Some(end));
                }
            }
            Ok(_) => return Err(io::Error::other("an answer of another kind")),
            Err(Refused::Kernel(errno)) if errno.get() == Errno::ENOENT => {}
            Err(refused) => return Err(refused.into()),
        }
        // One that is bound to a device is found by asking for that device, or by going through all.
        let mut found = None;
        for family in [AF_INET, AF_INET6] {
            let (mut wanted, any) = (ends(own, other), no_ends(family));
            (wanted.source_address, wanted.destination_address) =
                (any.source_address, any.destination_address);
            self.dump(family, StateFlags::all().difference(StateFlags::LISTEN), wanted, |answer| {
                if has_ends(answer, own, other) {
                    found = found.or(peer_end(answer));
                }
            })?;
        }
        Ok(found)
    }

    /// Goes through the TCP sockets of this network namespace in any state, `TIME_WAIT` and bound idle ones
    /// (Linux 6.8) included, both families; bounded in number.
    ///
    /// # Errors
    /// The socket's errno, or the kernel's.
    pub fn sockets(&mut self, mut each: impl FnMut(&TcpSocket)) -> io::Result<()> {
        let states = StateFlags::from_bits_retain(StateFlags::all().bits() | 1 << BOUND_INACTIVE);
        for family in [AF_INET, AF_INET6] {
            self.dump(family, states.clone(), no_ends(family), |answer| each(&tcp_socket(answer)))?;
        }
        Ok(())
    }

    fn dump(
        &mut self,
        family: u8,
        states: StateFlags,
        ends: SocketId,
        mut each: impl FnMut(&InetResponse),
    ) -> io::Result<()> {
        self.socket.dump(request(family, states, ends), |message| {
            if let SockDiagMessage::InetResponse(answer) = message {
                each(&answer);
            }
        })
    }
}

pub(super) fn tcp_socket(answer: &InetResponse) -> TcpSocket {
    let InetResponse { header, .. } = answer;
    let id = &header.socket_id;
    let state = match header.state {
        TCP_LISTEN => SocketState::Listen,
        TCP_TIME_WAIT => SocketState::TimeWait,
        TCP_CLOSE | BOUND_INACTIVE => SocketState::Bound,
        _ => SocketState::Connected,
    };
    let cgroup_id = answer.nlas.iter().find_map(|attribute| match attribute {
        Nla::Other(other) => read_cgroup_id(other),
        _ => None,
    });
    TcpSocket {
        local: canonical(SocketAddr::new(id.source_address, id.source_port)),
        remote: Some(canonical(SocketAddr::new(id.destination_address, id.destination_port)))
            .filter(|_| matches!(state, SocketState::Connected | SocketState::TimeWait)),
        state,
        uid: header.uid,
        inode: u64::from(header.inode),
        cgroup_id,
    }
}

fn request(family: u8, states: StateFlags, socket_id: SocketId) -> SockDiagMessage {
    SockDiagMessage::InetRequest(InetRequest {
        family,
        protocol: IPPROTO_TCP,
        extensions: ExtensionFlags::empty(),
        states,
        socket_id,
    })
}

fn no_ends(family: u8) -> SocketId {
    let none = if family == AF_INET { SocketId::new_v4() } else { SocketId::new_v6() };
    SocketId { cookie: ANY_COOKIE, ..none }
}

fn ends(own: SocketAddr, other: SocketAddr) -> SocketId {
    SocketId {
        source_port: own.port(),
        destination_port: other.port(),
        source_address: own.ip(),
        destination_address: other.ip(),
        interface_id: 0,
        cookie: ANY_COOKIE,
    }
}

/// The address as the wire has it: IPv4 where it is IPv4 in an IPv6 socket.
fn canonical(address: SocketAddr) -> SocketAddr {
    SocketAddr::new(address.ip().to_canonical(), address.port())
}

pub(super) fn has_ends(answer: &InetResponse, own: SocketAddr, other: SocketAddr) -> bool {
    let id = &answer.header.socket_id;
    SocketAddr::new(id.source_address.to_canonical(), id.source_port) == own
        && SocketAddr::new(id.destination_address.to_canonical(), id.destination_port) == other
}

/// What a socket's state and inode say; `None` for one that is no connection.
pub(super) fn peer_end(answer: &InetResponse) -> Option<PeerEnd> {
    match (answer.header.inode, answer.header.state) {
        (_, TCP_LISTEN | TCP_CLOSE) => None,
        (0, TCP_SYN_RECV) => Some(PeerEnd::Deferred),
        // Accepting gives a socket its inode (sock_graft).
        (0, TCP_ESTABLISHED | TCP_CLOSE_WAIT) => Some(PeerEnd::Unaccepted),
        // In the other states without an inode a process has had it, and closed it.
        _ => Some(PeerEnd::Accepted),
    }
}

pub(super) fn listening_socket(answer: &InetResponse) -> ListeningSocket {
    let header = &answer.header;
    let id = &header.socket_id;
    let mut only_v6 = None;
    let mut cgroup_id = None;
    for attribute in &answer.nlas {
        match attribute {
            Nla::SkV6Only(only) => only_v6 = Some(*only),
            Nla::Other(other) => cgroup_id = cgroup_id.or_else(|| read_cgroup_id(other)),
            _ => {}
        }
    }
    let address = match id.source_address {
        IpAddr::V6(v6) if v6.is_unicast_link_local() => {
            SocketAddr::V6(SocketAddrV6::new(v6, id.source_port, 0, id.interface_id))
        }
        ip => SocketAddr::new(ip, id.source_port),
    };
    ListeningSocket {
        address,
        only_v6: only_v6.filter(|_| header.family == AF_INET6),
        device: device_name(id.interface_id),
        queue: header.recv_queue,
        queue_limit: header.send_queue,
        uid: header.uid,
        inode: u64::from(header.inode),
        cgroup_id,
    }
}

fn read_cgroup_id(attribute: &netlink_packet_core::DefaultNla) -> Option<u64> {
    use netlink_packet_core::Nla as _;
    let mut eight = [0; 8];
    if attribute.kind() != CGROUP_ID || attribute.value_len() != eight.len() {
        return None;
    }
    attribute.emit_value(&mut eight);
    Some(u64::from_ne_bytes(eight))
}

fn device_name(index: u32) -> Option<String> {
    if index == 0 {
        return None;
    }
    match nix::net::if_::if_indextoname(index) {
        Ok(name) => Some(clean_to(&name.to_string_lossy(), 64)),
        // Gone in the meantime: the number is all there is.
        Err(_) => Some(index.to_string()),
    }
}

#[cfg(test)]
#[path = "sock_diag_tests.rs"]
mod tests;
