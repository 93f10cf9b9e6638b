//! What this host's own tables say: routes, neighbours, links, addresses, sysctls.

use super::schema::Prefix;
use super::{Errno, Fact, Millis};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::net::IpAddr;

/// The type of a route (`rtm_type` in linux/rtnetlink.h).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum RouteType {
    /// A gateway or a direct route.
    Unicast,
    /// The destination is an address of this host.
    Local,
    /// The destination is a broadcast address of a link.
    Broadcast,
    /// The destination is an anycast address of this host.
    Anycast,
    /// The destination is a multicast group.
    Multicast,
    /// Packets are dropped; connect fails with `EINVAL`.
    Blackhole,
    /// Connect fails with `EHOSTUNREACH`.
    Unreachable,
    /// Connect fails with `EACCES`.
    Prohibit,
    /// The lookup goes on in the next table.
    Throw,
    /// Another type, by its number.
    #[serde(untagged)]
    Other(u8),
}

/// The route that the kernel would take for this very flow.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Route {
    /// Its type.
    #[serde(rename = "type")]
    pub kind: RouteType,
    /// The next hop; `None` on the link itself.
    pub gateway: Option<IpAddr>,
    /// Index of the device that it leaves by.
    pub device_index: Option<u32>,
    /// The source address that the kernel would choose.
    pub preferred_source: Option<IpAddr>,
    /// The routing table that held it.
    pub table: Option<u32>,
    /// TTL (hop limit) that the route prescribes, where it does (`RTAX_HOPLIMIT`).
    #[serde(default)]
    pub hop_limit: Option<u32>,
}

/// What `RTM_GETROUTE` answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum RouteAnswer {
    /// There is one.
    Route(Route),
    /// The kernel refuses, with this errno.
    Refused(Errno),
}

impl RouteAnswer {
    /// The route, where there is one.
    pub fn route(&self) -> Option<&Route> {
        match self {
            RouteAnswer::Route(route) => Some(route),
            RouteAnswer::Refused(_) => None,
        }
    }
}

/// Where a [`Refusal`] stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum RefusalKind {
    /// An entry of a routing table.
    Route,
    /// A policy rule (`ip rule`).
    Rule,
}

/// A route or rule that refuses packets on purpose, and covers the destination.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Refusal {
    /// Route or rule.
    pub kind: RefusalKind,
    /// Blackhole, unreachable, prohibit or throw.
    #[serde(rename = "type")]
    pub action: RouteType,
    /// The prefix it covers, such as `198.18.0.0/15` or `default`; `None` for a rule without one.
    #[schemars(with = "Option<Prefix>")]
    pub prefix: Option<String>,
    /// The table that holds the route.
    pub table: Option<u32>,
    /// The rule's priority, or the route's metric.
    pub priority: Option<u32>,
    /// Selectors that could not be compared with this flow (`fwmark`, `iif`, ...): empty means that it matches.
    #[serde(default)]
    #[schemars(inner(regex(pattern = r"^[a-z0-9_]+$")))]
    pub other_selectors: Vec<String>,
}

/// A network device.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Link {
    /// Its index.
    pub index: u32,
    /// Its name, made safe.
    pub name: String,
    /// `IFF_UP`: switched on by the administrator.
    pub up: bool,
    /// `IFLA_CARRIER`: whether the other end is there; `None` where the kernel does not say.
    pub carrier: Option<bool>,
    /// `IFF_LOOPBACK`.
    pub loopback: bool,
    /// Set where IPv6 is switched off on this device (`net.ipv6.conf.DEV.disable_ipv6`).
    #[serde(default)]
    pub ipv6_disabled: Option<bool>,
    /// `IFLA_MTU`: the largest packet that it carries, in bytes, where that is less than IPv6 asks for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub narrow_mtu: Option<u32>,
    /// Whether it hands what it carries to other devices of this host (`IFLA_INFO_KIND`: a bridge, a bond, a VLAN, a
    /// tunnel): what it counts as sent may still be dropped here.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub over_others: bool,
    /// Of a device without carrier: whether its routes are taken for dead (`net.ipv4.conf.DEV.ignore_routes_with_linkdown`
    /// or its counterpart of IPv6).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub routes_need_carrier: Option<bool>,
}

/// The smallest MTU of a device that has IPv6 (RFC 8200, section 5): the kernel takes IPv6 from it below that
/// (`addrconf_notify`, net/ipv6/addrconf.c).
pub const IPV6_LEAST_MTU: u32 = 1280;

/// State of a neighbour (`ndm_state`, rtnetlink(7)): who answers ARP or neighbour discovery.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum NeighbourState {
    /// No entry: nobody asked yet, or the kernel forgot it.
    Absent,
    /// Asked, no answer yet.
    Incomplete,
    /// Confirmed a short while ago.
    Reachable,
    /// Known, not confirmed lately.
    Stale,
    /// Used while stale; a probe follows.
    Delay,
    /// Known, and does not answer the probes so far.
    Probe,
    /// Asked often enough without an answer.
    Failed,
    /// The device needs no neighbours.
    Noarp,
    /// Written by hand.
    Permanent,
    /// Another state, by its number.
    #[serde(untagged)]
    Other(u16),
}

/// One look at the neighbour table (`RTM_GETNEIGH`).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct NeighbourSample {
    /// When, since the attempt's start.
    pub at_ms: Millis,
    /// Whose entry: the gateway's, or the target's own.
    pub address: IpAddr,
    /// The state.
    pub state: NeighbourState,
    /// How long ago the entry was last confirmed.
    pub confirmed_ms_ago: Option<Millis>,
    /// What its device has carried so far, where the neighbour was still to answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device_packets: Option<DevicePackets>,
}

/// Packets of every kind that a device has carried (/proc/net/dev, or `IFLA_STATS64`), ARP and neighbour discovery
/// among them.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct DevicePackets {
    /// Those that came in, before any filter has seen them.
    pub received: u64,
    /// Those of them that IPv6 got (/proc/net/dev_snmp6, or `IFLA_INET6_STATS`); 0 where it does not say.
    pub received_ipv6: u64,
    /// Those that went out, past every filter.
    pub sent: u64,
    /// Those of them that IPv6 sent, where it says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sent_ipv6: Option<u64>,
    /// When they had been read, since the attempt's start, where that took long: they were counted between the
    /// sample's own time and this one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub read_ms: Option<Millis>,
}

/// An address of this host (`RTM_GETADDR`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct OwnAddress {
    /// The address.
    pub address: IpAddr,
    /// Length of its prefix.
    #[schemars(range(max = 128))]
    pub prefix_len: u8,
    /// Index of the device that has it.
    pub device_index: u32,
    /// Whether duplicate address detection is still running, or has failed.
    pub tentative: bool,
}

/// Tables of this host, asked only when a failure needs them.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
pub struct HostFacts {
    /// Every address of this host.
    #[serde(default)]
    pub addresses: Fact<Vec<OwnAddress>>,
    /// Every device.
    #[serde(default)]
    pub links: Fact<Vec<Link>>,
    /// `net.ipv4.ip_unprivileged_port_start`: the first port that needs no privilege.
    #[serde(default)]
    pub unprivileged_port_start: Fact<u16>,
    /// `RLIMIT_NOFILE`: how many descriptors this process may have, read where they ran out.
    #[serde(default)]
    pub descriptor_limit: Fact<u64>,
    /// `Seccomp` of /proc/self/status: 0 off, 1 strict, 2 filter; read where a call was forbidden.
    #[serde(default)]
    pub seccomp: Fact<u8>,
}

/// Whether a prefix of this length covers the address; never across families.
pub fn covers(prefix: IpAddr, length: u8, address: IpAddr) -> bool {
    match (prefix, address) {
        (IpAddr::V4(prefix), IpAddr::V4(address)) => {
            let mask = u32::MAX.checked_shl(32_u32.saturating_sub(u32::from(length))).unwrap_or(0);
            u32::from(prefix) & mask == u32::from(address) & mask
        }
        (IpAddr::V6(prefix), IpAddr::V6(address)) => {
            let mask = u128::MAX.checked_shl(128_u32.saturating_sub(u32::from(length))).unwrap_or(0);
            u128::from(prefix) & mask == u128::from(address) & mask
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prefixes_cover_what_lies_inside_them() {
        let ip = |text: &str| text.parse::<IpAddr>().unwrap();
        assert!(covers(ip("198.18.0.0"), 15, ip("198.19.255.255")));
        assert!(!covers(ip("198.18.0.0"), 15, ip("198.20.0.0")));
        assert!(covers(ip("0.0.0.0"), 0, ip("203.0.113.1")));
        assert!(covers(ip("2001:db8::1"), 128, ip("2001:db8::1")));
        assert!(!covers(ip("2001:db8::1"), 128, ip("2001:db8::2")));
        assert!(!covers(ip("0.0.0.0"), 0, ip("::")));
    }
}
