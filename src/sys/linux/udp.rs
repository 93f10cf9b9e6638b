//! A connected UDP socket that hears every answer: datagrams, and ICMP errors with their senders.

use super::errqueue;
use super::raw::register;
use super::socket::{enable_error_queue, local_end, unsent_bytes};
use crate::model::{Call, Errno, Fact, FailedCall, Family, Millis, QueueEntry};
use socket2::{Domain, Protocol, SockAddr, Socket, Type};
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::os::fd::AsFd;
use tokio::io::Interest;

/// How to make the socket.
#[derive(Debug, Clone)]
pub struct UdpClient {
    /// The far end.
    pub address: SocketAddr,
    /// `--source`.
    pub source: Option<IpAddr>,
    /// `--source-port`.
    pub source_port: Option<u16>,
    /// `--interface`.
    pub interface: Option<String>,
}

/// A UDP socket connected to its one peer: datagrams from anybody else are not delivered (udp(7)).
#[derive(Debug)]
pub struct UdpTalk {
    socket: Socket,
    /// Why there is no error queue, if there is none.
    queue_missing: Option<String>,
}

/// One look at the socket, in the order that loses nothing: `SO_ERROR`, then the error queue.
#[derive(Debug)]
pub struct UdpLook {
    /// `SO_ERROR`, which this look has cleared.
    pub so_error: Option<Errno>,
    /// New entries of the error queue.
    pub queue: Fact<Vec<QueueEntry>>,
}

impl UdpClient {
    /// Makes the socket, binds it as asked, and connects it; nothing is sent.
    ///
    /// # Errors
    /// The call that failed: `ENETUNREACH` from connect where no route leads to the peer.
    pub fn open(&self) -> Result<UdpTalk, FailedCall> {
        let failed = |call: Call| move |error: io::Error| FailedCall { call, errno: Errno::from_io(&error) };
        let address = self.address;
        let kind = Type::DGRAM.nonblocking();
        let socket = Socket::new(Domain::for_address(address), kind, Some(Protocol::UDP))
            .map_err(failed(Call::Socket))?;
        let queue_missing = enable_error_queue(&socket, Family::of(address.ip()), true).err();
        if let Some(interface) = &self.interface {
            socket.bind_device(Some(interface.as_bytes())).map_err(failed(Call::BindDevice))?;
        }
        // SO_REUSEADDR would let a datagram socket take the port of another one (socket(7)).
        if let Some(local) = local_end(address, self.source, self.source_port) {
            socket.bind(&SockAddr::from(local)).map_err(failed(Call::Bind))?;
        }
        socket.connect(&SockAddr::from(address)).map_err(failed(Call::Connect))?;
        Ok(UdpTalk { socket, queue_missing })
    }
}

impl UdpTalk {
    /// Makes a socket without further wishes and connects it; nothing is sent.
    ///
    /// # Errors
    /// As [`UdpClient::open`].
    pub fn open(address: SocketAddr) -> Result<UdpTalk, FailedCall> {
        UdpClient { address, source: None, source_port: None, interface: None }.open()
    }

    /// The client's end, as the kernel chose it.
    pub fn source(&self) -> Option<SocketAddr> {
        self.socket.local_addr().ok().and_then(|address| address.as_socket())
    }

    /// Sends one datagram.
    ///
    /// # Errors
    /// `EPERM` where this host's own filter forbids it; else an error that an earlier datagram drew.
    pub fn send(&self, payload: &[u8]) -> Result<(), Errno> {
        self.socket.send(payload).map(drop).map_err(|error| Errno::from_io(&error))
    }

    /// The next datagram; `None` while there is none, or where an error is to be looked at first.
    pub fn receive(&self, buffer: &mut [u8]) -> Option<usize> {
        use std::io::Read;
        (&self.socket).read(buffer).ok()
    }

    /// Reads the errors that have come. `at_ms` stamps new error-queue entries.
    pub fn look(&self, at_ms: Millis) -> UdpLook {
        let so_error = self.socket.take_error().ok().flatten().map(|error| Errno::from_io(&error));
        let queue = match &self.queue_missing {
            Some(why) => Fact::CouldNotLook(why.clone()),
            None => errqueue::drain(self.socket.as_fd(), at_ms).into(),
        };
        UdpLook { so_error, queue }
    }

    /// Bytes that the socket still holds in this host, as while the neighbour is being asked for.
    pub fn unsent_bytes(&self) -> Fact<u32> {
        unsent_bytes(&self.socket)
    }

    /// TTL (hop limit) of what the socket sends.
    ///
    /// # Errors
    /// The errno of `getsockopt`.
    pub fn ttl(&self) -> io::Result<u32> {
        match self.socket.domain()? {
            Domain::IPV6 => self.socket.unicast_hops_v6(),
            _ => self.socket.ttl_v4(),
        }
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
