//! A service that answers SYNs as no kernel would: late, wrongly, or with ICMP errors about other packets.
//!
//! It reads and writes whole frames on its node's `down` device. The node's own kernel is kept from answering by
//! a drop in its input filter, which packet sockets come before ([`crate::world::load_firewalls`]).

use std::os::fd::{AsRawFd, OwnedFd};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use etherparse::{
    Ethernet2Header, Icmpv4Type, Icmpv6Type, LinkHeader, NetHeaders, PacketBuilder, PacketHeaders, TcpHeader,
    TransportHeader, icmpv4, icmpv6,
};
use nix::ifaddrs::getifaddrs;
use nix::sys::socket::{
    AddressFamily, LinkAddr, MsgFlags, SockFlag, SockProtocol, SockType, bind, recv, send, socket,
};
use serde::{Deserialize, Serialize};

/// Answers the SYNs to a port, each once.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Responder {
    pub(crate) on: String,
    pub(crate) port: u16,
    pub(crate) does: Answer,
    #[serde(default)]
    pub(crate) after_ms: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Answer {
    SynAck,
    /// A SYN-ACK that acknowledges what was never sent.
    WrongAck,
    /// A reset without an acknowledgment, which a socket that waits for a SYN-ACK ignores.
    BareReset,
    /// ICMP port unreachable about this very SYN, with as little of it as a router must quote.
    Icmp,
    /// The same about a SYN from another port.
    IcmpOtherPort,
    /// The same about another sequence number.
    IcmpOtherSequence,
    /// The same, with half of a TCP port pair and nothing behind it.
    IcmpCutShort,
}

/// What RFC 792 asks a router to quote of the transport header: both ports and the sequence number.
const LEAST_QUOTE: usize = 8;
/// Less than that.
const CUT_SHORT: usize = 2;

const DEVICE: &str = "down";
const HOP_LIMIT: u8 = 64;
const WINDOW: u16 = 65000;
const OWN_SEQUENCE: u32 = 1_000_000;

/// Answers until the process ends. `ready` is told when SYNs are seen.
pub(crate) fn serve(responder: &Responder, ready: impl FnOnce() -> Result<(), String>) -> Result<(), String> {
    let wire = Arc::new(open()?);
    ready()?;
    let mut frame = [0; 2048];
    loop {
        let length = recv(wire.as_raw_fd(), &mut frame, MsgFlags::empty())
            .map_err(|error| format!("packet socket: {error}"))?;
        let Some(syn) = frame.get(..length).and_then(|frame| Syn::read(frame, responder.port)) else {
            continue;
        };
        let answer = syn.answer(responder.does)?;
        let wire = Arc::clone(&wire);
        let delay = Duration::from_millis(responder.after_ms);
        // The delay is what the scenario is about; other SYNs are not to wait behind this one.
        thread::spawn(move || {
            thread::sleep(delay);
            // The world may be gone by then.
            let _ = send(wire.as_raw_fd(), &answer, MsgFlags::empty());
        });
    }
}

fn open() -> Result<OwnedFd, String> {
    let told = |error: nix::Error| format!("packet socket: {error}");
    let device: LinkAddr = getifaddrs()
        .map_err(told)?
        .filter(|entry| entry.interface_name == DEVICE)
        .find_map(|entry| entry.address?.as_link_addr().copied())
        .ok_or_else(|| format!("no device {DEVICE}"))?;
    let wire = socket(AddressFamily::Packet, SockType::Raw, SockFlag::SOCK_CLOEXEC, SockProtocol::EthAll)
        .map_err(told)?;
    // The address names no protocol; then the one that the socket was made with stays.
    bind(wire.as_raw_fd(), &device).map_err(told)?;
    Ok(wire)
}

/// A SYN as it came in.
struct Syn {
    link: Ethernet2Header,
    net: NetHeaders,
    tcp: TcpHeader,
}

impl Syn {
    fn read(frame: &[u8], port: u16) -> Option<Self> {
        let headers = PacketHeaders::from_ethernet_slice(frame).ok()?;
        match (headers.link?, headers.net?, headers.transport?) {
            (LinkHeader::Ethernet2(link), net, TransportHeader::Tcp(tcp))
                if tcp.syn && !tcp.ack && tcp.destination_port == port =>
            {
                Some(Self { link, net, tcp })
            }
            _ => None,
        }
    }

    /// The frame that answers it.
    fn answer(&self, does: Answer) -> Result<Vec<u8>, String> {
        let link = PacketBuilder::ethernet2(self.link.destination, self.link.source);
        let back = match &self.net {
            NetHeaders::Ipv4(ip, _) => link.ipv4(ip.destination, ip.source, HOP_LIMIT),
            NetHeaders::Ipv6(ip, _) => link.ipv6(ip.destination, ip.source, HOP_LIMIT),
            NetHeaders::Arp(_) => return Err("a SYN without IP".to_owned()),
        };
        let own = (self.tcp.destination_port, self.tcp.source_port);
        let next = self.tcp.sequence_number.wrapping_add(1);
        let mut frame = Vec::new();
        let written = match does {
            Answer::SynAck => {
                back.tcp(own.0, own.1, OWN_SEQUENCE, WINDOW).syn().ack(next).write(&mut frame, &[])
            }
            Answer::WrongAck => {
                let wrong = next.wrapping_add(100_000);
                back.tcp(own.0, own.1, OWN_SEQUENCE, WINDOW).syn().ack(wrong).write(&mut frame, &[])
            }
            Answer::BareReset => back.tcp(own.0, own.1, OWN_SEQUENCE, WINDOW).rst().write(&mut frame, &[]),
            Answer::Icmp | Answer::IcmpOtherPort | Answer::IcmpOtherSequence | Answer::IcmpCutShort => {
                let quote = self.quote(does);
                match self.net {
                    NetHeaders::Ipv4(..) => back
                        .icmpv4(Icmpv4Type::DestinationUnreachable(icmpv4::DestUnreachableHeader::Port))
                        .write(&mut frame, &quote),
                    NetHeaders::Ipv6(..) | NetHeaders::Arp(_) => back
                        .icmpv6(Icmpv6Type::DestinationUnreachable(icmpv6::DestUnreachableCode::Port))
                        .write(&mut frame, &quote),
                }
            }
        };
        written.map(|()| frame).map_err(|error| format!("answer: {error}"))
    }

    /// What an ICMP error shows of the packet that it is about.
    fn quote(&self, does: Answer) -> Vec<u8> {
        let mut tcp = self.tcp.clone();
        match does {
            Answer::IcmpOtherPort => tcp.source_port ^= 1,
            Answer::IcmpOtherSequence => {
                tcp.sequence_number = tcp.sequence_number.wrapping_add(100_000);
            }
            _ => {}
        }
        let length = if does == Answer::IcmpCutShort { CUT_SHORT } else { LEAST_QUOTE };
        let mut quote = match &self.net {
            NetHeaders::Ipv4(ip, _) => ip.to_bytes().to_vec(),
            NetHeaders::Ipv6(ip, _) => ip.to_bytes().to_vec(),
            NetHeaders::Arp(_) => Vec::new(),
        };
        quote.extend(tcp.to_bytes().into_iter().take(length));
        quote
    }
}
