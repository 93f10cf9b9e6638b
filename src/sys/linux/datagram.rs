//! Datagrams that ask a target whether it is up: UDP to a high port, ICMP echo through a ping socket (icmp(7)).

use super::errqueue;
use super::raw::register;
use super::socket::{enable_error_queue, set_ttl};
use crate::model::{Family, Millis, QueueEntry};
use socket2::{Domain, Protocol, SockAddr, Socket, Type};
use std::io;
use std::mem::MaybeUninit;
use std::net::{IpAddr, SocketAddr};
use std::os::fd::AsFd;
use tokio::io::Interest;

/// What kind of datagram.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DatagramKind {
    /// An empty UDP datagram to the address's port.
    Udp,
    /// An ICMP echo request; `EACCES` where `net.ipv4.ping_group_range` leaves this user out.
    Echo,
}

/// A datagram that was sent, and the socket that waits for what comes of it.
#[derive(Debug)]
pub struct Datagram {
    socket: Socket,
    /// Without it no ICMP error is seen; a reply is all the same.
    has_queue: bool,
}

/// Type, code, checksum, identifier, sequence: the kernel fills in checksum and identifier of a ping socket.
const ECHO_REQUEST: [u8; 8] = [8, 0, 0, 0, 0, 0, 0, 1];
const ECHO_REQUEST_V6: [u8; 8] = [128, 0, 0, 0, 0, 0, 0, 1];

impl Datagram {
    /// Sends one datagram.
    ///
    /// # Errors
    /// The errno of the call that failed: `EPERM` from send where this host's own filter drops it.
    pub fn send(
        kind: DatagramKind,
        address: SocketAddr,
        source: Option<IpAddr>,
        interface: Option<&str>,
        ttl: Option<u8>,
    ) -> io::Result<Datagram> {
        let family = Family::of(address.ip());
        let protocol = match (kind, family) {
            (DatagramKind::Udp, _) => Protocol::UDP,
            (DatagramKind::Echo, Family::V4) => Protocol::ICMPV4,
            (DatagramKind::Echo, Family::V6) => Protocol::ICMPV6,
        };
        let domain = Domain::for_address(address);
        let socket = Socket::new(domain, Type::DGRAM.nonblocking(), Some(protocol))?;
        let has_queue = enable_error_queue(&socket, family, true).is_ok();
        if let Some(ttl) = ttl {
            set_ttl(&socket, family, ttl)?;
        }
        if let Some(interface) = interface {
            socket.bind_device(Some(interface.as_bytes()))?;
        }
        if let Some(source) = source {
            socket.bind(&SockAddr::from(SocketAddr::new(source, 0)))?;
        }
        socket.connect(&SockAddr::from(address))?;
        let payload: &[u8] = match (kind, family) {
            (DatagramKind::Udp, _) => &[],
            (DatagramKind::Echo, Family::V4) => &ECHO_REQUEST,
            (DatagramKind::Echo, Family::V6) => &ECHO_REQUEST_V6,
        };
        socket.send(payload)?;
        Ok(Datagram { socket, has_queue })
    }

    /// The first ICMP error that came, if one did.
    pub fn error(&self, at_ms: Millis) -> Option<QueueEntry> {
        if !self.has_queue {
            return None;
        }
        errqueue::drain(self.socket.as_fd(), at_ms).ok()?.into_iter().find(|entry| entry.icmp().is_some())
    }

    /// Whether the target itself answered with data.
    pub fn replied(&self) -> bool {
        let mut buffer = [MaybeUninit::<u8>::uninit(); 64];
        self.socket.recv(&mut buffer).is_ok()
    }

    /// Ends when the socket has something to say.
    ///
    /// # Errors
    /// The socket can't be registered: descriptors or watches ran out.
    pub async fn wake(&self) -> io::Result<()> {
        let interest = Interest::READABLE | Interest::ERROR;
        register(self.socket.as_fd(), interest)?.ready(interest).await.map(drop)
    }
}
