//! The client's TCP socket: its options, the connect, and one look at its whole state.

use super::raw::{CAPACITY, getsockopt_bytes, register};
use super::{errqueue, tcp_info};
use crate::model::{
    AfterHandshake, Call, Errno, Fact, FailedCall, Family, Millis, QueueEntry, TcpInfo, TcpState,
};
use crate::sanitize::clean_to;
use nix::errno::Errno as E;
use nix::sys::socket::{setsockopt, sockopt};
use socket2::{Domain, SockAddr, Socket, Type};
use std::io::{self, Read as _};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::os::fd::AsFd;
use std::time::Duration;
use tokio::io::Interest;

/// How to make the socket.
#[derive(Debug, Clone)]
pub struct TcpClient {
    /// The far end.
    pub address: SocketAddr,
    /// `--source`.
    pub source: Option<IpAddr>,
    /// `--source-port`.
    pub source_port: Option<u16>,
    /// `--interface`.
    pub interface: Option<String>,
    /// TTL or hop limit; `None` for the host's own.
    pub ttl: Option<u8>,
    /// Whether [`Started::source`] is wanted.
    pub tell_source: bool,
    /// Whether the TTL of ICMP errors that come back is wanted.
    pub hop_limits: bool,
}

/// A socket whose connect has begun.
#[derive(Debug)]
pub struct Connecting {
    socket: Socket,
    /// Why there is no error queue, if there is none.
    queue_missing: Option<String>,
}

/// What [`TcpClient::start`] came to.
#[derive(Debug)]
pub struct Started {
    /// The client's end, once the kernel has chosen it.
    pub source: Option<SocketAddr>,
    /// The socket, or the call that failed at once.
    pub outcome: Result<Connecting, FailedCall>,
}

/// The longest piece of what a peer says that is read, in bytes.
const MOST_HEARD: usize = 256;

/// What a peer did after the handshake.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Heard {
    /// What.
    pub after: AfterHandshake,
    /// What it said, made safe.
    pub said: Option<String>,
}

/// One look at the socket, in the order that loses nothing: `TCP_INFO`, `SO_ERROR`, error queue.
#[derive(Debug)]
pub struct Final {
    /// `TCP_INFO`.
    pub tcp: Fact<TcpInfo>,
    /// `SO_ERROR`, which this look has cleared.
    pub so_error: Option<Errno>,
    /// New entries of the error queue.
    pub queue: Fact<Vec<QueueEntry>>,
    /// Bytes that the socket still holds in this host.
    pub unsent_bytes: Fact<u32>,
}

impl TcpClient {
    /// Makes the socket, binds it as asked, and starts a non-blocking connect.
    pub fn start(&self) -> Started {
        let mut source = None;
        let outcome = self.try_start(&mut source).map_err(|(call, errno)| FailedCall { call, errno });
        Started { source, outcome }
    }

    fn try_start(&self, source: &mut Option<SocketAddr>) -> Result<Connecting, (Call, Errno)> {
        let failed = |call: Call| move |error: io::Error| (call, Errno::from_io(&error));
        let domain = Domain::for_address(self.address);
        let socket = Socket::new(domain, Type::STREAM.nonblocking(), None).map_err(failed(Call::Socket))?;
        let family = Family::of(self.address.ip());
        let queue_missing = enable_error_queue(&socket, family, self.hop_limits).err();
        // However this process ends, a connection ends by a reset, and nothing is left of it at either end.
        // Without the option the close is an ordinary one.
        let _ = socket.set_linger(Some(Duration::ZERO));
        if let Some(ttl) = self.ttl {
            set_ttl(&socket, family, ttl).map_err(failed(Call::Socket))?;
        }
        if let Some(interface) = &self.interface {
            socket.bind_device(Some(interface.as_bytes())).map_err(failed(Call::BindDevice))?;
        }
        if let Some(local) = local_end(self.address, self.source, self.source_port) {
            if self.source_port.is_some() {
                socket.set_reuse_address(true).map_err(failed(Call::Bind))?;
            } else {
                // Ports run out per destination, not per source: let connect choose the port (ip(7)).
                // Best effort: without it bind merely chooses earlier.
                let _ = setsockopt(&socket, sockopt::IpBindAddressNoPort, &true);
            }
            socket.bind(&SockAddr::from(local)).map_err(failed(Call::Bind))?;
        }
        let connected = socket.connect(&SockAddr::from(self.address));
        if self.tell_source {
            let local = socket.local_addr().ok().and_then(|address| address.as_socket());
            *source = local.filter(|address| address.port() != 0);
        }
        match connected {
            Err(error) if error.raw_os_error() != Some(E::EINPROGRESS as i32) => {
                Err(failed(Call::Connect)(error))
            }
            _ => Ok(Connecting { socket, queue_missing }),
        }
    }
}

/// What to bind to; `None` where nothing was asked for.
pub(super) fn local_end(
    address: SocketAddr,
    source: Option<IpAddr>,
    source_port: Option<u16>,
) -> Option<SocketAddr> {
    if source.is_none() && source_port.is_none() {
        return None;
    }
    let any = match address {
        SocketAddr::V4(_) => IpAddr::V4(Ipv4Addr::UNSPECIFIED),
        SocketAddr::V6(_) => IpAddr::V6(Ipv6Addr::UNSPECIFIED),
    };
    let mut local = SocketAddr::new(source.unwrap_or(any), source_port.unwrap_or(0));
    // A link-local source lives on the same link as the link-local target.
    if let (SocketAddr::V6(local), SocketAddr::V6(remote)) = (&mut local, address) {
        local.set_scope_id(remote.scope_id());
    }
    Some(local)
}

/// `sk_wmem_alloc`, the third number of `SO_MEMINFO` (`SK_MEMINFO_WMEM_ALLOC`, linux/sock_diag.h).
pub(super) fn unsent_bytes(socket: &Socket) -> Fact<u32> {
    let mut buffer = [0; CAPACITY];
    getsockopt_bytes(socket.as_fd(), libc::SOL_SOCKET, libc::SO_MEMINFO, &mut buffer)
        .and_then(|bytes| {
            bytes
                .get(8..12)
                .and_then(|four| four.try_into().ok())
                .map(u32::from_ne_bytes)
                .ok_or_else(|| io::Error::other("SO_MEMINFO is too short"))
        })
        .into()
}

/// TTL (IPv4) or hop limit (IPv6) of what the socket sends; anybody may set it.
pub(super) fn set_ttl(socket: &Socket, family: Family, ttl: u8) -> io::Result<()> {
    match family {
        Family::V4 => socket.set_ttl_v4(u32::from(ttl)),
        Family::V6 => socket.set_unicast_hops_v6(u32::from(ttl)),
    }
}

pub(super) fn enable_error_queue(socket: &Socket, family: Family, hop_limits: bool) -> Result<(), String> {
    // The TTL of the ICMP packet is a bonus; its absence is visible as null.
    match family {
        Family::V4 => {
            if hop_limits {
                let _ = setsockopt(socket, sockopt::Ipv4RecvTtl, &true);
            }
            setsockopt(socket, sockopt::Ipv4RecvErr, &true)
        }
        Family::V6 => {
            if hop_limits {
                let _ = setsockopt(socket, sockopt::Ipv6RecvHopLimit, &true);
            }
            setsockopt(socket, sockopt::Ipv6RecvErr, &true)
        }
    }
    .map_err(|errno| format!("IP_RECVERR: {errno:?}"))
}

impl Connecting {
    /// Reads everything the socket has to say now. `at_ms` stamps new error-queue entries.
    pub fn look(&self, at_ms: Millis) -> Final {
        let mut tcp = self.tcp_info();
        let so_error = self.socket.take_error().ok().flatten().map(|error| Errno::from_io(&error));
        let queue = match &self.queue_missing {
            Some(why) => Fact::CouldNotLook(why.clone()),
            None => errqueue::drain(self.socket.as_fd(), at_ms).into(),
        };
        let syn_sent = |tcp: &Fact<TcpInfo>| tcp.seen().is_some_and(|tcp| tcp.state == TcpState::SynSent);
        // The state was read first; an error seen after it may have ended the attempt in between.
        if syn_sent(&tcp) && (so_error.is_some() || queue.seen().is_some_and(|entries| !entries.is_empty())) {
            tcp = self.tcp_info();
        }
        let unsent_bytes = if syn_sent(&tcp) { unsent_bytes(&self.socket) } else { Fact::NotAsked };
        Final { tcp, so_error, queue, unsent_bytes }
    }

    /// The same where there may be nothing to say yet: of a socket that still waits, or that is connected, no
    /// error is asked for.
    pub fn glance(&self, at_ms: Millis) -> Final {
        let tcp = self.tcp_info();
        let open = |tcp: &TcpInfo| {
            matches!(tcp.state, TcpState::SynSent | TcpState::Established | TcpState::CloseWait)
        };
        if tcp.seen().is_some_and(open) {
            return Final { tcp, so_error: None, queue: Fact::NotAsked, unsent_bytes: Fact::NotAsked };
        }
        let so_error = self.socket.take_error().ok().flatten().map(|error| Errno::from_io(&error));
        let queue = match &self.queue_missing {
            Some(why) => Fact::CouldNotLook(why.clone()),
            None => errqueue::drain(self.socket.as_fd(), at_ms).into(),
        };
        Final { tcp, so_error, queue, unsent_bytes: Fact::NotAsked }
    }

    /// Ends when the socket has something to say.
    ///
    /// Each call registers the socket anew: the runtime keeps an error's readiness for ever, and a socket in
    /// SYN-SENT may be woken without being done.
    ///
    /// # Errors
    /// The socket can't be registered: descriptors or watches ran out.
    pub async fn wake(&self, interest: Interest) -> io::Result<()> {
        let interest = interest | Interest::ERROR;
        register(self.socket.as_fd(), interest)?.ready(interest).await.map(drop)
    }

    /// TTL (hop limit) of what the socket sends: the host's own, unless it was set.
    ///
    /// # Errors
    /// The errno of `getsockopt`.
    pub fn ttl(&self) -> io::Result<u32> {
        match self.socket.domain()? {
            Domain::IPV6 => self.socket.unicast_hops_v6(),
            _ => self.socket.ttl_v4(),
        }
    }

    /// Ends a connection that came about, by a reset: the socket was made to be closed so.
    pub fn abort(self) {
        drop(self);
    }

    /// Leaves ICMP errors to the kernel again: with the option set they would end an established connection,
    /// as they do for no ordinary program (ip(7)).
    pub fn ignore_errors(&self) {
        let off = match self.socket.domain() {
            Ok(Domain::IPV6) => setsockopt(&self.socket, sockopt::Ipv6RecvErr, &false),
            _ => setsockopt(&self.socket, sockopt::Ipv4RecvErr, &false),
        };
        // Where it was never on, it is off.
        let _ = off;
    }

    /// Whether the kernel knows a peer: only a completed handshake gives one.
    pub fn has_peer(&self) -> bool {
        self.socket.peer_addr().is_ok()
    }

    /// Both ends of a connection, this one's first.
    pub fn ends(&self) -> Option<(SocketAddr, SocketAddr)> {
        Some((self.socket.local_addr().ok()?.as_socket()?, self.socket.peer_addr().ok()?.as_socket()?))
    }

    /// One non-blocking read; `None` while nothing has come.
    pub fn read_once(&self) -> Option<Heard> {
        hear(&self.socket)
    }

    fn tcp_info(&self) -> Fact<TcpInfo> {
        let mut buffer = [0; CAPACITY];
        getsockopt_bytes(self.socket.as_fd(), libc::IPPROTO_TCP, libc::TCP_INFO, &mut buffer)
            .and_then(|bytes| tcp_info::decode(bytes).ok_or_else(|| io::Error::other("TCP_INFO is empty")))
            .into()
    }
}

/// One non-blocking read of what a peer says; `None` while nothing has come.
pub(super) fn hear(mut socket: &Socket) -> Option<Heard> {
    let only = |after| Some(Heard { after, said: None });
    let mut buffer = [0; MOST_HEARD];
    match socket.read(&mut buffer) {
        // A packet may be empty; the end of the stream is read again and again.
        Ok(0) if socket.r#type().is_ok_and(|kind| kind == Type::SEQPACKET) => match socket.read(&mut [0]) {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => only(AfterHandshake::Data(0)),
            _ => only(AfterHandshake::Closed),
        },
        Ok(0) => only(AfterHandshake::Closed),
        Ok(bytes) => {
            let said = String::from_utf8_lossy(buffer.get(..bytes).unwrap_or_default());
            Some(Heard {
                after: AfterHandshake::Data(u32::try_from(bytes).unwrap_or(u32::MAX)),
                said: Some(clean_to(said.trim_end(), MOST_HEARD)),
            })
        }
        Err(error) => match Errno::from_io(&error).get() {
            E::ECONNRESET | E::EPIPE => only(AfterHandshake::Reset),
            _ => None,
        },
    }
}
