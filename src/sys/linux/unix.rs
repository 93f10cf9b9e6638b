//! A unix socket of the client: non-blocking, and never written to.

use super::raw::register;
use super::socket::{Heard, hear};
use crate::model::{Call, Credentials, Errno, FailedCall, NameKind, SocketType, UnixName};
use nix::errno::Errno as E;
use nix::sys::socket::{UnixAddr, UnixCredentials, connect, getsockopt, sockopt};
use nix::unistd::{getegid, geteuid, getgroups};
use socket2::{Domain, Socket, Type};
use std::fs::File;
use std::io;
use std::os::fd::{AsFd, AsRawFd};
use std::os::unix::fs::MetadataExt;
use tokio::io::Interest;

/// More supplementary groups than this are not kept.
const MOST_GROUPS: usize = 64;

/// A socket that connects to a unix socket, or has done so.
#[derive(Debug)]
pub struct UnixConnection {
    socket: Socket,
    address: UnixAddr,
}

impl UnixConnection {
    /// Makes the socket.
    ///
    /// # Errors
    /// The call that failed: descriptors or memory ran out.
    pub fn new(name: &UnixName) -> Result<UnixConnection, FailedCall> {
        let address = match name.kind {
            NameKind::Path => UnixAddr::new(name.name.as_str()),
            NameKind::Abstract => UnixAddr::new_abstract(name.name.as_bytes()),
        };
        let address = address.map_err(|errno| FailedCall { call: Call::Connect, errno: errno.into() })?;
        let kind = match name.socket_type {
            SocketType::Stream => Type::STREAM,
            SocketType::Datagram => Type::DGRAM,
            SocketType::Seqpacket => Type::SEQPACKET,
        };
        let socket = Socket::new(Domain::UNIX, kind.nonblocking(), None)
            .map_err(|error| FailedCall { call: Call::Socket, errno: Errno::from_io(&error) })?;
        Ok(UnixConnection { socket, address })
    }

    /// Tries to connect; the kernel answers at once. `EAGAIN` means that the listener's queue is full, where a
    /// blocking client would wait (unix(7)).
    ///
    /// # Errors
    /// The errno of `connect`.
    pub fn connect(&self) -> Result<(), E> {
        connect(self.socket.as_raw_fd(), &self.address)
    }

    /// Who called `listen`, or `bind` for datagrams, at the other end (`SO_PEERCRED`).
    ///
    /// # Errors
    /// The errno of `getsockopt`.
    pub fn peer(&self) -> io::Result<UnixCredentials> {
        Ok(getsockopt(&self.socket, sockopt::PeerCredentials)?)
    }

    /// The socket's inode, as the kernel's list names it.
    ///
    /// # Errors
    /// The errno of `fstat` or `dup`.
    pub fn inode(&self) -> io::Result<u64> {
        Ok(File::from(self.socket.as_fd().try_clone_to_owned()?).metadata()?.ino())
    }

    /// One non-blocking read; `None` while nothing has come.
    pub fn read_once(&self) -> Option<Heard> {
        hear(&self.socket)
    }

    /// Ends when the socket has something to say.
    ///
    /// # Errors
    /// The socket can't be registered: descriptors or watches ran out.
    pub async fn wake(&self) -> io::Result<()> {
        register(self.socket.as_fd(), Interest::READABLE)?.ready(Interest::READABLE).await.map(drop)
    }
}

/// Who this process is to the file system.
pub fn credentials() -> Credentials {
    let groups = getgroups().unwrap_or_default();
    Credentials {
        uid: geteuid().as_raw(),
        gid: getegid().as_raw(),
        groups: groups.into_iter().take(MOST_GROUPS).map(|group| group.as_raw()).collect(),
    }
}
