//! A service that answers SYNs as no kernel would: late, wrongly, or with ICMP errors about other packets.
//!
//! It reads and writes whole frames on its node's `down` device. The node's own kernel is kept from answering by
//! a drop in its input filter, which packet sockets come before ([`crate::world::load_firewalls`]).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::os::fd::{AsRawFd, OwnedFd};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use etherparse::{
    Ethernet2Header, Icmpv4Type, Icmpv6Type, IpNumber, LinkHeader, NetHeaders, PacketBuilder,
    PacketBuilderStep, PacketHeaders, TcpHeader, TransportHeader, icmpv4, icmpv6,
};
use nix::ifaddrs::getifaddrs;
use nix::sys::socket::{
    AddressFamily, LinkAddr, MsgFlags, SockFlag, SockProtocol, SockType, bind, recv, send, socket,
};
use serde::{Deserialize, Serialize};

/// Answers the SYNs to a port.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Responder {
    pub(crate) on: String,
    pub(crate) port: u16,
    /// One after the other.
    pub(crate) does: OneOrMany,
    /// How often the first of them is sent.
    #[serde(default = "once")]
    pub(crate) flood: u32,
    #[serde(default)]
    pub(crate) after_ms: u64,
    /// Between each and the next, but not within a flood.
    #[serde(default)]
    pub(crate) pause_ms: u64,
    /// Who seems to send the ICMP errors; by default the target.
    #[serde(default)]
    pub(crate) from: Option<IpAddr>,
    /// SYNs that arrive with more hops left stay without an answer.
    #[serde(default = "any_distance")]
    pub(crate) most_hops_left: u8,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(untagged)]
pub(crate) enum OneOrMany {
    One(Answer),
    Many(Vec<Answer>),
}

impl OneOrMany {
    fn all(&self) -> &[Answer] {
        match self {
            Self::One(one) => std::slice::from_ref(one),
            Self::Many(many) => many,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Answer {
    SynAck,
    /// A SYN-ACK that acknowledges what was never sent.
    WrongAck,
    /// SYN-ACKs with options: of kinds that nobody knows, with lengths that do not fit, with values that no
    /// connection can have, nothing but padding, or a timestamp that answers none of ours.
    SynAckUnknownOptions,
    SynAckBrokenOptions,
    SynAckWildOptions,
    SynAckPadding,
    SynAckForeignTimestamp,
    /// Its last byte is not the one that the checksum was made for.
    SynAckBadChecksum,
    /// The first bytes come along.
    SynAckWithData,
    /// The other end seems to connect at the same moment.
    Syn,
    SynReset,
    Reset,
    /// A reset without an acknowledgment, which a socket that waits for a SYN-ACK ignores.
    BareReset,
    /// Resets that acknowledge what was never sent, or come from another port.
    ResetWrongAck,
    ResetOtherPort,
    /// Behind a SYN-ACK: a reset, one whose number is none of the window, an end, some bytes.
    AfterReset,
    AfterResetOutside,
    AfterEnd,
    AfterData,
    /// ICMP port unreachable about this very SYN, with as little of it as a router must quote.
    Icmp,
    /// The same about a SYN from another port.
    IcmpOtherPort,
    /// The same about another sequence number.
    IcmpOtherSequence,
    /// The same, with half of a TCP port pair and nothing behind it.
    IcmpCutShort,
    /// The same about a SYN to another address, or from one.
    IcmpOtherTarget,
    IcmpOtherSource,
    /// The same about a datagram.
    IcmpOtherProtocol,
    /// The same about nothing.
    IcmpEmpty,
    /// The same, with a checksum that does not fit.
    IcmpBadChecksum,
    /// Time exceeded, each from a router that nobody has met.
    MadeUpRouter,
}

/// What RFC 792 asks a router to quote of the transport header: both ports and the sequence number.
const LEAST_QUOTE: usize = 8;
/// Less than that.
const CUT_SHORT: usize = 2;

const DEVICE: &str = "down";
const HOP_LIMIT: u8 = 64;
const WINDOW: u16 = 65000;
const OWN_SEQUENCE: u32 = 1_000_000;
/// Farther than any window reaches.
const FAR: u32 = 100_000_000;
const SAID: &[u8] = b"220 ready\r\n";

/// RFC 9293: kinds 2, 3, 4, 5 and 8 are maximum segment size, window scale, SACK permitted, SACK and timestamps; 1 is
/// padding. RFC 4727: 253 and 254 are for experiments.
const UNKNOWN_OPTIONS: &[u8] = &[
    253, 18, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 254, 20, 255, 255, 255, 255, 255, 255,
    255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 77, 2,
];
const BROKEN_OPTIONS: &[u8] = &[2, 0, 3, 1, 8, 255, 5, 9, 4, 1, 2, 255];
const WILD_OPTIONS: &[u8] = &[2, 4, 0, 0, 3, 3, 255, 4, 2, 2, 4, 0, 1, 3, 3, 15];
const PADDING: &[u8] = &[1; 40];
const FOREIGN_TIMESTAMP: &[u8] = &[1, 1, 8, 10, 0, 0, 0, 1, 0x12, 0x34, 0x56, 0x78];

const fn once() -> u32 {
    1
}

const fn any_distance() -> u8 {
    u8::MAX
}

/// Answers until the process ends. `ready` is told when SYNs are seen.
pub(crate) fn serve(responder: &Responder, ready: impl FnOnce() -> Result<(), String>) -> Result<(), String> {
    let wire = Arc::new(open()?);
    ready()?;
    let mut frame = [0; 2048];
    let mut count = 0_u8;
    loop {
        let length = recv(wire.as_raw_fd(), &mut frame, MsgFlags::empty())
            .map_err(|error| format!("packet socket: {error}"))?;
        let Some(syn) = frame.get(..length).and_then(|frame| Syn::read(frame, responder.port)) else {
            continue;
        };
        if syn.hops_left() > responder.most_hops_left {
            continue;
        }
        count = count.wrapping_add(1);
        let from = responder.from;
        let answers: Vec<Vec<u8>> = responder
            .does
            .all()
            .iter()
            .map(|&does| syn.answer(does, from, count))
            .collect::<Result<_, _>>()?;
        let wire = Arc::clone(&wire);
        let delay = Duration::from_millis(responder.after_ms);
        let (pause, flood) = (Duration::from_millis(responder.pause_ms), responder.flood);
        // The delay is what the scenario is about; other SYNs are not to wait behind this one.
        thread::spawn(move || {
            thread::sleep(delay);
            for (place, answer) in answers.iter().enumerate() {
                if place > 0 {
                    thread::sleep(pause);
                }
                for _ in 0..if place == 0 { flood } else { 1 } {
                    // The world may be gone by then; a device that is full drops what a wire would.
                    let _ = send(wire.as_raw_fd(), answer, MsgFlags::empty());
                }
            }
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

    fn hops_left(&self) -> u8 {
        match &self.net {
            NetHeaders::Ipv4(ip, _) => ip.time_to_live,
            NetHeaders::Ipv6(ip, _) => ip.hop_limit,
            NetHeaders::Arp(_) => 0,
        }
    }

    /// The frame that answers it; `count` tells SYNs apart.
    fn answer(&self, does: Answer, from: Option<IpAddr>, count: u8) -> Result<Vec<u8>, String> {
        let mut frame = match does {
            Answer::Icmp
            | Answer::IcmpOtherPort
            | Answer::IcmpOtherSequence
            | Answer::IcmpCutShort
            | Answer::IcmpOtherTarget
            | Answer::IcmpOtherSource
            | Answer::IcmpOtherProtocol
            | Answer::IcmpEmpty
            | Answer::IcmpBadChecksum => self.unreachable(does, from)?,
            Answer::MadeUpRouter => self.exceeded(count)?,
            _ => self.segment(does)?,
        };
        if matches!(does, Answer::IcmpBadChecksum | Answer::SynAckBadChecksum)
            && let Some(byte) = frame.last_mut()
        {
            *byte ^= 0xff;
        }
        Ok(frame)
    }

    /// The way back, from the target or from somebody else.
    fn back(&self, from: Option<IpAddr>) -> Result<PacketBuilderStep<etherparse::IpHeaders>, String> {
        let link = PacketBuilder::ethernet2(self.link.destination, self.link.source);
        match (&self.net, from) {
            (NetHeaders::Ipv4(ip, _), Some(IpAddr::V4(from))) => {
                Ok(link.ipv4(from.octets(), ip.source, HOP_LIMIT))
            }
            (NetHeaders::Ipv6(ip, _), Some(IpAddr::V6(from))) => {
                Ok(link.ipv6(from.octets(), ip.source, HOP_LIMIT))
            }
            (NetHeaders::Ipv4(ip, _), _) => Ok(link.ipv4(ip.destination, ip.source, HOP_LIMIT)),
            (NetHeaders::Ipv6(ip, _), _) => Ok(link.ipv6(ip.destination, ip.source, HOP_LIMIT)),
            (NetHeaders::Arp(_), _) => Err("a SYN without IP".to_owned()),
        }
    }

    fn segment(&self, does: Answer) -> Result<Vec<u8>, String> {
        let (own, peer) = (self.tcp.destination_port, self.tcp.source_port);
        let next = self.tcp.sequence_number.wrapping_add(1);
        let behind = OWN_SEQUENCE.wrapping_add(1);
        let own = if does == Answer::ResetOtherPort { own ^ 1 } else { own };
        let segment = |sequence| Ok::<_, String>(self.back(None)?.tcp(own, peer, sequence, WINDOW));
        let syn_ack = || Ok::<_, String>(segment(OWN_SEQUENCE)?.syn().ack(next));
        let with =
            |options: &[u8]| syn_ack()?.options_raw(options).map_err(|error| format!("options: {error}"));
        let mut said: &[u8] = &[];
        let built = match does {
            Answer::WrongAck => segment(OWN_SEQUENCE)?.syn().ack(next.wrapping_add(100_000)),
            Answer::SynAckUnknownOptions => with(UNKNOWN_OPTIONS)?,
            Answer::SynAckBrokenOptions => with(BROKEN_OPTIONS)?,
            Answer::SynAckWildOptions => with(WILD_OPTIONS)?,
            Answer::SynAckPadding | Answer::SynAckBadChecksum => with(PADDING)?,
            Answer::SynAckForeignTimestamp => with(FOREIGN_TIMESTAMP)?,
            Answer::SynAckWithData => {
                said = SAID;
                syn_ack()?
            }
            Answer::Syn => segment(OWN_SEQUENCE)?.syn(),
            Answer::SynReset => segment(OWN_SEQUENCE)?.syn().rst(),
            Answer::Reset | Answer::ResetOtherPort => segment(0)?.rst().ack(next),
            Answer::BareReset => segment(OWN_SEQUENCE)?.rst(),
            Answer::ResetWrongAck => segment(OWN_SEQUENCE)?.rst().ack(next.wrapping_add(100_000)),
            Answer::AfterReset => segment(behind)?.rst().ack(next),
            Answer::AfterResetOutside => segment(behind.wrapping_add(FAR))?.rst().ack(next),
            Answer::AfterEnd => segment(behind)?.fin().ack(next),
            Answer::AfterData => {
                said = SAID;
                segment(behind)?.psh().ack(next)
            }
            _ => syn_ack()?,
        };
        let mut frame = Vec::new();
        built.write(&mut frame, said).map_err(|error| format!("answer: {error}"))?;
        Ok(frame)
    }

    fn unreachable(&self, does: Answer, from: Option<IpAddr>) -> Result<Vec<u8>, String> {
        let (back, quote) = (self.back(from)?, self.quote(does));
        let mut frame = Vec::new();
        let written = match self.net {
            NetHeaders::Ipv4(..) => back
                .icmpv4(Icmpv4Type::DestinationUnreachable(icmpv4::DestUnreachableHeader::Port))
                .write(&mut frame, &quote),
            NetHeaders::Ipv6(..) | NetHeaders::Arp(_) => back
                .icmpv6(Icmpv6Type::DestinationUnreachable(icmpv6::DestUnreachableCode::Port))
                .write(&mut frame, &quote),
        };
        written.map(|()| frame).map_err(|error| format!("answer: {error}"))
    }

    fn exceeded(&self, count: u8) -> Result<Vec<u8>, String> {
        let quote = self.quote(Answer::MadeUpRouter);
        let mut frame = Vec::new();
        let written = match self.net {
            NetHeaders::Ipv4(..) => self
                .back(Some(Ipv4Addr::new(203, 0, 113, count).into()))?
                .icmpv4(Icmpv4Type::TimeExceeded(icmpv4::TimeExceededCode::TtlExceededInTransit))
                .write(&mut frame, &quote),
            NetHeaders::Ipv6(..) | NetHeaders::Arp(_) => self
                .back(Some(Ipv6Addr::new(0x2001, 0xdb8, 0xffff, 0, 0, 0, 0, count.into()).into()))?
                .icmpv6(Icmpv6Type::TimeExceeded(icmpv6::TimeExceededCode::HopLimitExceeded))
                .write(&mut frame, &quote),
        };
        written.map(|()| frame).map_err(|error| format!("answer: {error}"))
    }

    /// What an ICMP error shows of the packet that it is about.
    fn quote(&self, does: Answer) -> Vec<u8> {
        let (mut tcp, mut net) = (self.tcp.clone(), self.net.clone());
        match does {
            Answer::IcmpOtherPort => tcp.source_port ^= 1,
            Answer::IcmpOtherSequence => {
                tcp.sequence_number = tcp.sequence_number.wrapping_add(100_000);
            }
            _ => {}
        }
        match &mut net {
            NetHeaders::Ipv4(ip, _) => match does {
                Answer::IcmpOtherTarget => ip.destination[3] ^= 1,
                Answer::IcmpOtherSource => ip.source[3] ^= 1,
                Answer::IcmpOtherProtocol => ip.protocol = IpNumber::UDP,
                _ => {}
            },
            NetHeaders::Ipv6(ip, _) => match does {
                Answer::IcmpOtherTarget => ip.destination[15] ^= 1,
                Answer::IcmpOtherSource => ip.source[15] ^= 1,
                Answer::IcmpOtherProtocol => ip.next_header = IpNumber::UDP,
                _ => {}
            },
            NetHeaders::Arp(_) => {}
        }
        let length = match does {
            Answer::IcmpEmpty => return Vec::new(),
            Answer::IcmpCutShort => CUT_SHORT,
            _ => LEAST_QUOTE,
        };
        let mut quote = match &net {
            NetHeaders::Ipv4(ip, _) => ip.to_bytes().to_vec(),
            NetHeaders::Ipv6(ip, _) => ip.to_bytes().to_vec(),
            NetHeaders::Arp(_) => Vec::new(),
        };
        quote.extend(tcp.to_bytes().into_iter().take(length));
        quote
    }
}
