//! Questions and answers over a netlink socket (netlink(7)), whatever the protocol.

use crate::model::Errno;
use netlink_packet_core::{
    NLM_F_DUMP, NLM_F_REQUEST, NetlinkDeserializable, NetlinkHeader, NetlinkMessage, NetlinkPayload,
    NetlinkSerializable,
};
use netlink_sys::protocols::NETLINK_ROUTE;
use netlink_sys::{Socket, SocketAddr as NetlinkAddr};
use std::io;
use std::marker::PhantomData;

/// Dumps end here: a host with a full Internet table is not read to its end for one connection.
const MOST_MESSAGES: usize = 50_000;

/// Messages with another question's number that are passed over before an answer is given up.
const MOST_STRAYS: usize = 16;

/// The largest datagram that is read, in bytes. Dumps come in pieces of 32 KiB at most (`netlink_dump`,
/// net/netlink/af_netlink.c).
const LARGEST: usize = 32 << 10;

/// A socket of one netlink protocol, whose messages are `M`.
#[derive(Debug)]
pub(super) struct NetlinkSocket<M> {
    socket: Socket,
    protocol: isize,
    /// The number of the last question.
    sequence: u32,
    /// The last datagram; only what it needs of its room is ever touched.
    bytes: Vec<u8>,
    messages: PhantomData<fn(M) -> M>,
}

/// Why a question got no answer.
#[derive(Debug)]
pub(super) enum Refused {
    /// The kernel answered with an errno.
    Kernel(Errno),
    /// The socket failed.
    Socket(io::Error),
}

impl From<io::Error> for Refused {
    fn from(error: io::Error) -> Self {
        Refused::Socket(error)
    }
}

impl From<Refused> for io::Error {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::Kernel(errno) => io::Error::from_raw_os_error(errno.get() as i32),
            Refused::Socket(error) => error,
        }
    }
}

impl<M: NetlinkSerializable + NetlinkDeserializable> NetlinkSocket<M> {
    /// Opens a socket of a protocol (`NETLINK_ROUTE`, `NETLINK_SOCK_DIAG`).
    ///
    /// # Errors
    /// The errno of `socket`, as where a seccomp filter forbids netlink.
    pub(super) fn open(protocol: isize) -> io::Result<Self> {
        // The first question binds it.
        let socket = Socket::new(protocol)?;
        if protocol == NETLINK_ROUTE {
            // Strict checking lets the kernel filter dumps; without it the filters of the callers still hold.
            let _ = socket.set_netlink_get_strict_chk(true);
        }
        Ok(NetlinkSocket { socket, protocol, sequence: 0, bytes: Vec::new(), messages: PhantomData })
    }

    /// Asks for one thing.
    ///
    /// # Errors
    /// The kernel's refusal, or the socket's failure.
    pub(super) fn ask(&mut self, request: M) -> Result<M, Refused> {
        let answer = self.try_ask(request);
        if let Err(Refused::Socket(_)) = answer {
            self.start_anew();
        }
        answer
    }

    /// Asks for a whole table.
    ///
    /// # Errors
    /// The kernel's errno or the socket's; what came before it has been handed over.
    pub(super) fn dump(&mut self, request: M, each: impl FnMut(M)) -> io::Result<()> {
        let end = self.try_dump(request, each);
        if end.is_err() {
            self.start_anew();
        }
        end
    }

    /// What is still queued after a failure is of no use to anybody.
    fn start_anew(&mut self) {
        // Without a new socket the old one has to do; its next failure is reported as well.
        if let Ok(new) = NetlinkSocket::open(self.protocol) {
            *self = new;
        }
    }

    fn try_ask(&mut self, request: M) -> Result<M, Refused> {
        self.send(request, NLM_F_REQUEST)?;
        for _ in 0..MOST_STRAYS {
            self.receive()?;
            let message = parse(&self.bytes)?;
            if message.header.sequence_number != self.sequence {
                continue;
            }
            return match message.payload {
                NetlinkPayload::InnerMessage(message) => Ok(message),
                NetlinkPayload::Error(error) => {
                    Err(match error.raw_code().checked_neg().and_then(Errno::from_raw) {
                        Some(errno) => Refused::Kernel(errno),
                        None => Refused::Socket(io::Error::other("an empty answer")),
                    })
                }
                _ => Err(Refused::Socket(io::Error::other("no answer"))),
            };
        }
        Err(Refused::Socket(io::Error::other("answers to other questions only")))
    }

    fn try_dump(&mut self, request: M, mut each: impl FnMut(M)) -> io::Result<()> {
        self.send(request, NLM_F_REQUEST | NLM_F_DUMP)?;
        let mut left = MOST_MESSAGES;
        loop {
            self.receive()?;
            if walk(&self.bytes, self.sequence, &mut left, &mut each)? {
                return Ok(());
            }
        }
    }

    /// Reads the next datagram of the kernel's; anybody may send to a socket that is not connected. It is there
    /// already: the kernel answers before `send` returns, and dumps go on while they are read.
    fn receive(&mut self) -> io::Result<()> {
        for _ in 0..MOST_STRAYS {
            self.bytes.clear();
            self.bytes.reserve(LARGEST);
            let flags = libc::MSG_DONTWAIT | libc::MSG_TRUNC;
            let (length, sender) = self.socket.recv_from(&mut self.bytes, flags)?;
            if length > self.bytes.len() {
                return Err(io::Error::other("an answer too large to read"));
            }
            if sender.port_number() == 0 {
                return Ok(());
            }
        }
        Err(io::Error::other("messages of other processes only"))
    }

    fn send(&mut self, request: M, flags: u16) -> io::Result<()> {
        self.sequence = self.sequence.wrapping_add(1);
        let mut header = NetlinkHeader::default();
        header.flags = flags;
        header.sequence_number = self.sequence;
        let mut message = NetlinkMessage::new(header, NetlinkPayload::InnerMessage(request));
        message.finalize();
        let mut bytes = vec![0; message.buffer_len()];
        message.serialize(&mut bytes);
        // Not connected: a filter that forbids connect(2) leaves the tables to be read.
        self.socket.send_to(&bytes, &NetlinkAddr::new(0, 0), 0).map(drop)
    }
}

/// Hands over the messages in one datagram of a dump, as long as there are some `left` to take; `true` once the
/// dump has ended.
///
/// # Errors
/// A message that can't be read, the errno with which the kernel ends the dump, or too many messages.
pub(super) fn walk<M: NetlinkDeserializable>(
    bytes: &[u8],
    sequence: u32,
    left: &mut usize,
    mut each: impl FnMut(M),
) -> io::Result<bool> {
    let mut rest = bytes;
    while !rest.is_empty() {
        let message = parse(rest)?;
        // Messages are padded to 4 bytes (NLMSG_ALIGN).
        let length = (message.header.length as usize).saturating_add(3) & !3;
        rest = rest.get(length.max(4)..).unwrap_or_default();
        *left = left.checked_sub(1).ok_or_else(|| io::Error::other("the table is too large to read"))?;
        if message.header.sequence_number != sequence {
            continue;
        }
        match message.payload {
            // A dump that failed once it had begun ends with its errno (netlink_dump_done).
            NetlinkPayload::Done(done) if done.code < 0 => return Err(kernel_error(done.code)),
            NetlinkPayload::Done(_) => return Ok(true),
            NetlinkPayload::InnerMessage(inner) => each(inner),
            NetlinkPayload::Error(error) => return Err(kernel_error(error.raw_code())),
            _ => {}
        }
    }
    Ok(false)
}

/// An errno as the kernel sends it, negative; 0 is no error.
fn kernel_error(code: i32) -> io::Error {
    match code.checked_neg().filter(|errno| *errno > 0) {
        Some(errno) => io::Error::from_raw_os_error(errno),
        None => io::Error::other("an error without a number"),
    }
}

pub(super) fn parse<M: NetlinkDeserializable>(bytes: &[u8]) -> io::Result<NetlinkMessage<M>> {
    NetlinkMessage::deserialize(bytes).map_err(|error| io::Error::other(format!("netlink: {error}")))
}
