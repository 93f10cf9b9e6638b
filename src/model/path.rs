//! What TTL-limited probes and counters told about the way to the target.

use super::{Errno, Icmp, Millis};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::net::IpAddr;

/// When to send TTL-limited SYNs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Trace {
    /// On a refusal or an ICMP error from behind a gateway, and after a short silence.
    #[default]
    Auto,
    /// Also when the connect succeeds.
    Always,
    /// Never.
    Never,
}

/// What a probe of the path was made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum PathProtocol {
    /// A SYN to the very address and port of the target.
    Tcp,
    /// An empty datagram to a traceroute-style high port of the target's address.
    Udp,
    /// An ICMP echo request to the target's address.
    Echo,
}

/// One probe of the path.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct PathProbe {
    /// What it was made of.
    pub protocol: PathProtocol,
    /// TTL or hop limit; `None` for the host's own.
    pub ttl: Option<u8>,
    /// When it was sent, since the attempt's start.
    pub sent_ms: Millis,
    /// When its answer was read, since the attempt's start.
    pub answered_ms: Option<Millis>,
    /// What came back; `None` for nothing.
    pub answer: Option<PathAnswer>,
}

impl PathProbe {
    /// From sending to the answer.
    pub fn rtt(&self) -> Option<Millis> {
        self.answered_ms.map(|answered| answered.since(self.sent_ms))
    }

    /// The sender, if the answer was "time exceeded".
    pub fn time_exceeded_from(&self) -> Option<IpAddr> {
        match self.answer {
            Some(PathAnswer::TimeExceeded { from, .. }) => from,
            _ => None,
        }
    }
}

/// What came back to a probe.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum PathAnswer {
    /// ICMP time exceeded in transit: a hop names itself.
    TimeExceeded {
        /// The hop.
        from: Option<IpAddr>,
        /// TTL with which the ICMP packet arrived.
        hop_limit: Option<u8>,
    },
    /// Another ICMP error.
    Icmp {
        /// Its type and code.
        icmp: Icmp,
        /// Its sender.
        from: Option<IpAddr>,
        /// TTL with which it arrived.
        hop_limit: Option<u8>,
    },
    /// A TCP reset.
    Reset,
    /// A SYN-ACK: the handshake completed, and was reset at once.
    SynAck,
    /// An echo reply, or a datagram.
    Reply,
    /// The probe could not be sent.
    NotSent(Errno),
}

impl PathAnswer {
    /// Whether the probe got as far as it can get: whatever answered is not just a hop on the way.
    pub fn is_terminal(&self) -> bool {
        !matches!(self, PathAnswer::TimeExceeded { .. } | PathAnswer::NotSent(_))
    }
}

/// Why the path is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Question {
    /// Nothing came back: where do SYNs die, and is the target up?
    Silence,
    /// A reset came back: from how far?
    Reset,
    /// An ICMP error came back: how far away is its sender?
    Rejection {
        /// The sender.
        sender: Option<IpAddr>,
        /// Its distance as the TTL of its packet suggests, 1 or more.
        about: u8,
    },
    /// An ICMP error came from the target's own address: did something nearer send it in its name?
    Nearer {
        /// The target's address.
        sender: IpAddr,
    },
    /// Which hops are there?
    Hops,
    /// Is the target up? No SYN with a small TTL is sent for this.
    Up,
}

/// A sweep over one address.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
pub struct Sweep {
    /// Every probe, in the order sent.
    pub probes: Vec<PathProbe>,
    /// What was asked, once it is answered.
    pub questions: Vec<Question>,
    /// Set when the sweep has nothing more to send or to wait for.
    pub done: bool,
    /// In lists: the target whose sweep the hops were taken from, because the way is the same up to its network.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hops_from: Option<IpAddr>,
}

/// Counters of this network namespace (/proc/net/snmp, snmp6, netstat), as differences. They count what every
/// process here does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Counters {
    /// `InReceives`: packets that came in from a device.
    pub in_receives: i64,
    /// `InMcastPkts` and `InBcastPkts`: those of them that were for many.
    pub in_multicast: i64,
    /// `InDelivers`: packets handed to a protocol here.
    pub in_delivers: i64,
    /// `ForwDatagrams`: packets passed on.
    pub forwarded: i64,
    /// `OutRequests`: packets that protocols here wanted to send.
    pub out_requests: i64,
    /// `OutTransmits`: packets that reached a device's queue (Linux 6.7 and newer).
    pub out_transmits: Option<i64>,
    /// Tcp `OutRsts`: resets that TCP here sent (a packet filter's are not counted).
    pub out_resets: i64,
    /// Udp `NoPorts` of the family: datagrams for which UDP here found no socket (a packet filter's answers are
    /// not counted); read around the datagram of a UDP attempt only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub udp_no_ports: Option<i64>,
    /// Tcp `InSegs`: segments that reached TCP here.
    pub in_segments: i64,
    /// TcpExt `ListenOverflows`: SYNs dropped by a full accept queue.
    pub listen_overflows: i64,
    /// TcpExt `IPReversePathFilter`: packets dropped by rp_filter.
    pub reverse_path_filter: i64,
    /// Packets that the loopback device sent: what this host says to itself.
    pub loopback_out: i64,
    /// `XfrmOutNoStates`: packets that an IPsec policy wanted to have protected, and for which there was no security
    /// association; only where it rose.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ipsec_unmet: Option<i64>,
    /// `InAddrErrors`: packets for an address that this host neither has nor forwards to; only where it rose.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub in_address_errors: Option<i64>,
    /// Tcp `InCsumErrors`: segments with a wrong checksum; only where it rose.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub in_checksum_errors: Option<i64>,
}

impl Counters {
    /// Packets that came in and went nowhere: neither delivered nor forwarded. At least so many: a packet for
    /// many that nobody here wants goes nowhere as well, and is left out.
    pub fn swallowed(&self) -> i64 {
        let somewhere = [self.in_multicast, self.in_delivers, self.forwarded];
        somewhere.into_iter().fold(self.in_receives, i64::saturating_sub)
    }
}

/// How one extra SYN, or the datagram of a UDP attempt, fared, with the counters before and after it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Trial {
    /// When it was sent, since the attempt's start.
    pub at_ms: Millis,
    /// Its TTL; `None` for the host's own.
    pub ttl: Option<u8>,
    /// What came back at once; `None` for nothing.
    pub answer: Option<PathAnswer>,
    /// What the counters did meanwhile.
    pub counters: Counters,
}

/// A stretch of time in which an attempt was silent, and what the counters did in it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Window {
    /// Its beginning, since the attempt's start.
    pub from_ms: Millis,
    /// Its end.
    pub to_ms: Millis,
    /// SYNs that the attempt sent in it.
    pub syns: u32,
    /// What the counters did.
    pub counters: Counters,
}
