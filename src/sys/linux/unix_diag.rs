//! sock_diag(7) for unix sockets: those of this network namespace, whoever owns them.

use super::netlink_socket::Refused;
use super::sock_diag::SockDiag;
use crate::model::{PeerEnd, SocketType, UnixState};
use netlink_packet_core::Emitable as _;
use netlink_packet_core::Nla as _;
use netlink_packet_sock_diag::unix::nlas::{Nla, UnixDiagName};
use netlink_packet_sock_diag::unix::{ShowFlags, StateFlags, UnixRequest, UnixResponse};
use netlink_packet_sock_diag::{SockDiagMessage, TCP_ESTABLISHED, TCP_LISTEN};
use std::io;
use std::os::unix::ffi::OsStrExt as _;

/// More sockets than this of one name are not kept.
const MOST_SOCKETS: usize = 64;

/// `UNIX_DIAG_UID` (linux/unix_diag.h, since 5.3).
const UID: u16 = 7;

/// `UDIAG_SHOW_UID`.
const SHOW_UID: u32 = 1 << 6;

/// `RCV_SHUTDOWN` (net/sock.h).
const RECEIVING: u8 = 1;

/// A bound socket in the kernel's list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DiagSocket {
    /// Its name as it was bound: a path, or an abstract name behind a NUL byte.
    pub name: Vec<u8>,
    /// Its type; `None` for one that is none of the three.
    pub socket_type: Option<SocketType>,
    /// What it is doing.
    pub state: UnixState,
    /// Whether its receiving half is shut down.
    pub shut: bool,
    /// The low 32 bits of its file's inode, and the device in the kernel's own form.
    pub file: Option<(u32, u32)>,
    /// Connections that wait, and the backlog, of a listener.
    pub queue: Option<(u32, u32)>,
    /// The owner.
    pub uid: Option<u32>,
    /// The socket's own inode, as /proc/PID/fd names it.
    pub inode: u64,
}

impl SockDiag {
    /// The bound sockets that `wanted` picks; what listeners made of connections (they bear the listener's
    /// name too) is left out.
    ///
    /// # Errors
    /// The socket's errno, or the kernel's: `ENOENT` where it has no `unix_diag`.
    pub fn unix_sockets(&mut self, wanted: impl Fn(&DiagSocket) -> bool) -> io::Result<Vec<DiagSocket>> {
        let show = ShowFlags::NAME | ShowFlags::VFS | ShowFlags::RQLEN;
        let request = UnixRequest {
            // In a dump all states are asked for: the flags that the library names are two of them.
            state_flags: StateFlags::from_bits_retain(u32::MAX),
            inode: 0,
            show_flags: show | ShowFlags::from_bits_retain(SHOW_UID),
            cookie: [0xff; 8],
        };
        let mut found = Vec::new();
        self.socket.dump(SockDiagMessage::UnixRequest(request), |message| {
            if let SockDiagMessage::UnixResponse(answer) = message
                && found.len() < MOST_SOCKETS
                && let Some(socket) = socket_of(&answer)
                && wanted(&socket)
            {
                found.push(socket);
            }
        })?;
        Ok(found)
    }

    /// Whether a process has accepted a connection, by the inode of its near end: the far end is given its own
    /// inode by `accept` (`sock_graft`), and shows none before.
    ///
    /// # Errors
    /// The socket's errno or the kernel's; or nothing is said about the far end.
    pub fn unix_peer_end(&mut self, inode: u64) -> io::Result<PeerEnd> {
        let request = UnixRequest {
            state_flags: StateFlags::from_bits_retain(u32::MAX),
            inode: u32::try_from(inode).map_err(io::Error::other)?,
            show_flags: ShowFlags::PEER,
            cookie: [0xff; 8],
        };
        match self.socket.ask(SockDiagMessage::UnixRequest(request)) {
            Ok(SockDiagMessage::UnixResponse(answer)) => match answer.peer() {
                Some(0) => Ok(PeerEnd::Unaccepted),
                Some(_) => Ok(PeerEnd::Accepted),
                None => Ok(PeerEnd::Absent),
            },
            Ok(_) => Err(io::Error::other("an answer of another kind")),
            Err(Refused::Kernel(errno)) => Err(io::Error::from_raw_os_error(errno.get() as i32)),
            Err(Refused::Socket(error)) => Err(error),
        }
    }
}

pub(super) fn socket_of(answer: &UnixResponse) -> Option<DiagSocket> {
    let name = match answer.name()? {
        UnixDiagName::Pathname(path) => path.as_bytes().to_vec(),
        UnixDiagName::Abstract(name) => [&[0], name.as_slice()].concat(),
    };
    let socket_type = match i32::from(answer.header.kind) {
        libc::SOCK_STREAM => Some(SocketType::Stream),
        libc::SOCK_DGRAM => Some(SocketType::Datagram),
        libc::SOCK_SEQPACKET => Some(SocketType::Seqpacket),
        _ => None,
    };
    let state = match answer.header.state {
        TCP_LISTEN => UnixState::Listen,
        // The other end of an accepted connection.
        TCP_ESTABLISHED if socket_type != Some(SocketType::Datagram) => return None,
        TCP_ESTABLISHED => UnixState::Connected,
        _ => UnixState::Bound,
    };
    let (mut file, mut queue, mut uid, mut shut) = (None, None, None, false);
    for attribute in &answer.nlas {
        match attribute {
            Nla::Vfs(vfs) => {
                // The library keeps the fields to itself, and writes them: inode, then device.
                let mut eight = [0; 8];
                if vfs.buffer_len() == eight.len() {
                    vfs.emit(&mut eight);
                    let [a, b, c, d, e, f, g, h] = eight;
                    file = Some((u32::from_ne_bytes([a, b, c, d]), u32::from_ne_bytes([e, f, g, h])));
                }
            }
            Nla::ReceiveQueueLength(waiting, backlog) => queue = Some((*waiting, *backlog)),
            Nla::Shutdown(halves) => shut = halves & RECEIVING != 0,
            Nla::Other(other) if other.kind() == UID && other.value_len() == 4 => {
                let mut four = [0; 4];
                other.emit_value(&mut four);
                uid = Some(u32::from_ne_bytes(four));
            }
            _ => {}
        }
    }
    let queue = queue.filter(|_| state == UnixState::Listen);
    let inode = u64::from(answer.header.inode);
    Some(DiagSocket { name, socket_type, state, shut, file, queue, uid, inode })
}
