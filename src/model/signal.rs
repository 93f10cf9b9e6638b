//! What a socket told: errno values, error-queue entries, `TCP_INFO`.

use super::{Fact, Millis};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

/// An errno, written by its name (`ECONNREFUSED`), because numbers differ between architectures.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Errno(nix::errno::Errno);

impl Errno {
    /// The errno with this number; `None` for 0.
    pub fn from_raw(number: i32) -> Option<Errno> {
        (number != 0).then(|| Errno(nix::errno::Errno::from_raw(number)))
    }

    /// From an I/O error that carries an errno; anything else is `EIO`.
    pub fn from_io(error: &std::io::Error) -> Errno {
        error.raw_os_error().and_then(Errno::from_raw).unwrap_or(Errno(nix::errno::Errno::EIO))
    }

    /// The library's constant, for comparing.
    pub fn get(self) -> nix::errno::Errno {
        self.0
    }

    /// The kernel's own words for it.
    pub fn describe(self) -> &'static str {
        self.0.desc()
    }
}

impl From<nix::errno::Errno> for Errno {
    fn from(errno: nix::errno::Errno) -> Self {
        Errno(errno)
    }
}

impl fmt::Display for Errno {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.0)
    }
}

impl From<Errno> for String {
    fn from(errno: Errno) -> Self {
        errno.to_string()
    }
}

impl FromStr for Errno {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        // Linux keeps errno values below MAX_ERRNO; named ones end far lower on every architecture.
        (1..2048)
            .map(|number| Errno(nix::errno::Errno::from_raw(number)))
            .find(|errno| errno.to_string() == name)
            .ok_or_else(|| format!("'{}' is no errno", name.chars().take(32).collect::<String>()))
    }
}

impl TryFrom<String> for Errno {
    type Error = String;

    fn try_from(name: String) -> Result<Self, Self::Error> {
        name.parse()
    }
}

impl JsonSchema for Errno {
    fn schema_name() -> Cow<'static, str> {
        "Errno".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "type": "string", "pattern": "^(E[A-Z0-9]+|UnknownErrno)$",
            "description": "an errno by its name, such as ECONNREFUSED"
        })
    }
}

/// A non-zero `SO_ERROR`, as read (reading clears it in the kernel).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SoError {
    /// When it was read, since the attempt's start.
    pub at_ms: Millis,
    /// What it said.
    pub errno: Errno,
}

/// Who made an entry of the error queue (`ee_origin` in linux/errqueue.h).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Origin {
    /// This host's kernel, without a packet (`SO_EE_ORIGIN_LOCAL`).
    Local,
    /// An ICMP packet.
    Icmp,
    /// An ICMPv6 packet.
    Icmp6,
    /// Another origin, by its number.
    #[serde(untagged)]
    Other(u8),
}

/// An ICMP or ICMPv6 type and code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub struct Icmp {
    /// 4 for ICMP, 6 for ICMPv6.
    #[schemars(extend("enum" = [4, 6]))]
    pub family: u8,
    /// The type.
    #[serde(rename = "type")]
    pub kind: u8,
    /// The code.
    pub code: u8,
}

impl Icmp {
    /// Whether it says that the TTL (hop limit) ran out on the way.
    pub fn is_time_exceeded(self) -> bool {
        matches!((self.family, self.kind, self.code), (4, 11, 0) | (6, 3, 0))
    }
}

/// One entry of the connecting socket's error queue (`recvmsg` with `MSG_ERRQUEUE`, ip(7)).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct QueueEntry {
    /// When it was read, since the attempt's start.
    pub at_ms: Millis,
    /// `ee_errno`.
    pub errno: Errno,
    /// `ee_origin`.
    pub origin: Origin,
    /// `ee_type`.
    #[serde(rename = "type")]
    pub kind: u8,
    /// `ee_code`.
    pub code: u8,
    /// `ee_info`: the MTU or the pointer, where the type has one.
    pub info: u32,
    /// The sender of the ICMP packet (`SO_EE_OFFENDER`).
    pub sender: Option<IpAddr>,
    /// Whether the sender is an address of this host (asked of the routing table).
    #[serde(default)]
    pub sender_is_ours: Fact<bool>,
    /// TTL or hop limit with which the ICMP packet arrived here.
    pub hop_limit: Option<u8>,
}

impl QueueEntry {
    /// Whether a router has certainly counted the TTL or hop limit down: senders begin with 64, 128 or 255.
    pub fn was_routed(&self) -> bool {
        self.hop_limit.is_some_and(|left| !matches!(left, 64 | 128 | u8::MAX))
    }

    /// The ICMP type and code, where the entry came from an ICMP packet.
    pub fn icmp(&self) -> Option<Icmp> {
        let family = match self.origin {
            Origin::Icmp => 4,
            Origin::Icmp6 => 6,
            Origin::Local | Origin::Other(_) => return None,
        };
        Some(Icmp { family, kind: self.kind, code: self.code })
    }
}

/// A TCP state (`enum` in net/tcp_states.h), as far as a connecting client meets it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum TcpState {
    /// The handshake is done and both directions are open.
    Established,
    /// The SYN is out, or waits to go out.
    SynSent,
    /// Both ends sent a SYN (simultaneous open).
    SynReceived,
    /// The peer closed its direction.
    CloseWait,
    /// No connection any more.
    Close,
    /// Another state, by its number.
    #[serde(untagged)]
    Other(u8),
}

impl From<u8> for TcpState {
    fn from(number: u8) -> Self {
        match number {
            1 => TcpState::Established,
            2 => TcpState::SynSent,
            3 => TcpState::SynReceived,
            7 => TcpState::Close,
            8 => TcpState::CloseWait,
            other => TcpState::Other(other),
        }
    }
}

/// The part of `TCP_INFO` (linux/tcp.h) that tells where a handshake is stuck. Fields that the running
/// kernel is too old to return are `None`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct TcpInfo {
    /// `tcpi_state`.
    pub state: TcpState,
    /// `tcpi_retransmits`: how often the retransmission timer ran out since the last answer.
    pub timeouts: u8,
    /// `tcpi_retrans`: retransmitted segments in flight.
    pub in_flight_retransmits: Option<u32>,
    /// `tcpi_total_retrans`: retransmissions attempted.
    pub retransmits: Option<u32>,
    /// `tcpi_segs_out`: segments handed to IP, the first SYN included.
    pub segments_out: Option<u32>,
    /// `tcpi_segs_in`: segments that reached this socket.
    pub segments_in: Option<u32>,
    /// `tcpi_rtt`, in milliseconds; 0 in the kernel (nothing measured) is `None`.
    pub rtt_ms: Option<Millis>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errnos_survive_by_name() {
        for number in [libc_refused(), 1, 22, 113] {
            let errno = Errno::from_raw(number).unwrap();
            assert_eq!(errno.to_string().parse::<Errno>(), Ok(errno));
        }
        assert!("EWHAT".parse::<Errno>().is_err());
        assert_eq!(Errno::from_raw(0), None);
    }

    fn libc_refused() -> i32 {
        nix::errno::Errno::ECONNREFUSED as i32
    }

    #[test]
    fn only_icmp_entries_have_an_icmp_type() {
        let mut entry = QueueEntry {
            at_ms: Millis(0.1),
            errno: Errno::from_raw(111).unwrap(),
            origin: Origin::Icmp,
            kind: 3,
            code: 3,
            info: 0,
            sender: None,
            sender_is_ours: Fact::NotAsked,
            hop_limit: None,
        };
        assert_eq!(entry.icmp(), Some(Icmp { family: 4, kind: 3, code: 3 }));
        entry.origin = Origin::Local;
        assert_eq!(entry.icmp(), None);
        entry.origin = Origin::Other(4);
        let json = serde_json::to_string(&entry).unwrap();
        assert_eq!(serde_json::from_str::<QueueEntry>(&json).unwrap(), entry);
    }
}
