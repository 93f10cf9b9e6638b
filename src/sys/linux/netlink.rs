//! rtnetlink (rtnetlink(7)): routes, rules, neighbours, links and addresses, as any user may read them.

use super::netlink_socket::{NetlinkSocket, Refused};
use super::proc::ipv6_disabled;
use crate::model::{
    DevicePackets, Errno, Family, Link, Millis, NeighbourSample, NeighbourState, OwnAddress, Refusal,
    RefusalKind, Route, RouteAnswer, RouteType, Transport, covers,
};
use crate::sanitize::clean;
use netlink_packet_route::address::{AddressAttribute, AddressFlags, AddressMessage};
use netlink_packet_route::link::{
    AfSpecInet6, AfSpecUnspec, LinkAttribute, LinkFlags, LinkLayerType, LinkMessage,
};
use netlink_packet_route::neighbour::NeighbourState as RawState;
use netlink_packet_route::neighbour::{NeighbourAddress, NeighbourAttribute, NeighbourMessage};
use netlink_packet_route::route::{
    RouteAddress, RouteAttribute, RouteFlags, RouteMessage, RouteMetric, RouteType as RawType, RouteVia,
};
use netlink_packet_route::rule::{RuleAction, RuleAttribute, RuleFlags, RuleMessage};
use netlink_packet_route::{AddressFamily, IpProtocol, RouteNetlinkMessage};
use netlink_packet_sock_diag::{IPPROTO_TCP, IPPROTO_UDP};
use netlink_sys::protocols::NETLINK_ROUTE;
use std::io;
use std::net::IpAddr;

/// The four numbers of a flow, as far as they are known.
#[derive(Debug, Clone, Copy)]
pub struct Flow {
    /// TCP or UDP: policy rules may look at it.
    pub transport: Transport,
    /// The far end's address.
    pub destination: IpAddr,
    /// The far end's port.
    pub port: u16,
    /// The client's address.
    pub source: Option<IpAddr>,
    /// The client's port.
    pub source_port: Option<u16>,
    /// The device that was asked for, or that a `%scope` names.
    pub device: Option<u32>,
}

/// An address of this host, as a source of packets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceAddress {
    /// The address.
    pub own: OwnAddress,
    /// `IFA_F_DEPRECATED` or `IFA_F_OPTIMISTIC`: not for new flows while there is another.
    pub deprecated: bool,
    /// `IFA_F_HOMEADDRESS` (mobile IPv6).
    pub home: bool,
}

/// An open rtnetlink socket.
#[derive(Debug)]
pub struct Netlink {
    socket: NetlinkSocket<RouteNetlinkMessage>,
}

/// The index of a device.
///
/// # Errors
/// `ENODEV` where there is none of that name.
pub fn interface_index(name: &str) -> Result<u32, Errno> {
    nix::net::if_::if_nametoindex(name).map_err(Errno::from)
}

impl Netlink {
    /// Opens a socket.
    ///
    /// # Errors
    /// The errno of `socket`, as where a seccomp filter forbids netlink.
    pub fn open() -> io::Result<Netlink> {
        Ok(Netlink { socket: NetlinkSocket::open(NETLINK_ROUTE)? })
    }

    /// The route that this flow would take.
    ///
    /// # Errors
    /// The socket's errno; the kernel's refusal is an answer, not an error.
    pub fn route(&mut self, flow: &Flow) -> io::Result<RouteAnswer> {
        let mut request = RouteMessage::default();
        request.header.address_family = family_of(flow.destination);
        request.header.destination_prefix_length = bits(flow.destination);
        // IPv6 names the table unasked, and refuses the flag (inet6_rtm_valid_getroute_req).
        if flow.destination.is_ipv4() {
            request.header.flags = RouteFlags::LookupTable;
        }
        request.attributes.push(RouteAttribute::Destination(flow.destination.into()));
        if let Some(source) = flow.source {
            request.header.source_prefix_length = bits(source);
            request.attributes.push(RouteAttribute::Source(source.into()));
        }
        if let Some(device) = flow.device {
            request.attributes.push(RouteAttribute::Oif(device));
        }
        request.attributes.push(RouteAttribute::IpProto(protocol_number(flow.transport)));
        request.attributes.push(RouteAttribute::Dport(flow.port));
        if let Some(port) = flow.source_port {
            request.attributes.push(RouteAttribute::Sport(port));
        }
        match self.socket.ask(RouteNetlinkMessage::GetRoute(request)) {
            Ok(RouteNetlinkMessage::NewRoute(answer)) => Ok(RouteAnswer::Route(route(&answer))),
            Ok(_) => Err(io::Error::other("an answer of another kind")),
            Err(Refused::Kernel(errno)) => Ok(RouteAnswer::Refused(errno)),
            Err(Refused::Socket(error)) => Err(error),
        }
    }

    /// Whether an address is one of this host's.
    ///
    /// # Errors
    /// The socket's errno.
    pub fn is_ours(&mut self, address: IpAddr) -> io::Result<bool> {
        let mut request = RouteMessage::default();
        request.header.address_family = family_of(address);
        request.header.destination_prefix_length = bits(address);
        request.attributes.push(RouteAttribute::Destination(address.into()));
        match self.socket.ask(RouteNetlinkMessage::GetRoute(request)) {
            Ok(RouteNetlinkMessage::NewRoute(answer)) => Ok(answer.header.kind == RawType::Local),
            Ok(_) | Err(Refused::Kernel(_)) => Ok(false),
            Err(Refused::Socket(error)) => Err(error),
        }
    }

    /// One look at a neighbour.
    ///
    /// # Errors
    /// The socket's errno, or the kernel's, where it can't look up one entry (before Linux 5.0).
    pub fn neighbour(&mut self, address: IpAddr, device: u32, at_ms: Millis) -> io::Result<NeighbourSample> {
        let mut request = NeighbourMessage::default();
        request.header.family = family_of(address);
        request.header.ifindex = device;
        request.attributes.push(NeighbourAttribute::Destination(match address {
            IpAddr::V4(v4) => NeighbourAddress::Inet(v4),
            IpAddr::V6(v6) => NeighbourAddress::Inet6(v6),
        }));
        let absent = NeighbourSample {
            at_ms,
            address,
            state: NeighbourState::Absent,
            confirmed_ms_ago: None,
            device_packets: None,
        };
        match self.socket.ask(RouteNetlinkMessage::GetNeighbour(request)) {
            Ok(RouteNetlinkMessage::NewNeighbour(entry)) => {
                let (state, confirmed_ms_ago) = neighbour_seen(&entry);
                Ok(NeighbourSample { state, confirmed_ms_ago, ..absent })
            }
            Ok(_) => Err(io::Error::other("an answer of another kind")),
            Err(Refused::Kernel(errno)) if errno.get() == nix::errno::Errno::ENOENT => Ok(absent),
            Err(refused) => Err(refused.into()),
        }
    }

    /// The one neighbour of this family that has begun to leave questions unanswered within this time, and its
    /// device; `None` where there is none, or more than one.
    ///
    /// # Errors
    /// The socket's errno.
    pub fn unanswering(
        &mut self,
        family: Family,
        within: Millis,
        at_ms: Millis,
    ) -> io::Result<Option<(NeighbourSample, u32)>> {
        let mut request = NeighbourMessage::default();
        request.header.family = match family {
            Family::V4 => AddressFamily::Inet,
            Family::V6 => AddressFamily::Inet6,
        };
        let wanted = request.header.family;
        let mut found = None;
        let mut count = 0_usize;
        self.socket.dump(RouteNetlinkMessage::GetNeighbour(request), |message| {
            if let RouteNetlinkMessage::NewNeighbour(entry) = message
                && entry.header.family == wanted
                && let Some(sample) = unanswering(&entry, within, at_ms)
            {
                count = count.saturating_add(1);
                found = Some((sample, entry.header.ifindex));
            }
        })?;
        Ok(found.filter(|_| count == 1))
    }

    /// One device.
    ///
    /// # Errors
    /// `ENODEV`, or the socket's errno.
    pub fn link(&mut self, index: u32) -> io::Result<Link> {
        let mut request = LinkMessage::default();
        request.header.index = index;
        match self.socket.ask(RouteNetlinkMessage::GetLink(request))? {
            RouteNetlinkMessage::NewLink(answer) => {
                let link = link(&answer);
                Ok(Link { name: clean(&link.name), ..link })
            }
            _ => Err(io::Error::other("an answer of another kind")),
        }
    }

    /// What a device has carried so far.
    ///
    /// # Errors
    /// `ENODEV`, or the socket's errno.
    pub fn device_packets(&mut self, index: u32) -> io::Result<Option<DevicePackets>> {
        let mut request = LinkMessage::default();
        request.header.index = index;
        match self.socket.ask(RouteNetlinkMessage::GetLink(request))? {
            RouteNetlinkMessage::NewLink(answer) => Ok(device_packets(&answer)),
            _ => Err(io::Error::other("an answer of another kind")),
        }
    }

    /// Every device, with its IPv6 switch.
    ///
    /// # Errors
    /// The socket's errno.
    pub fn links(&mut self) -> io::Result<Vec<Link>> {
        let mut links = Vec::new();
        self.socket.dump(RouteNetlinkMessage::GetLink(LinkMessage::default()), |message| {
            if let RouteNetlinkMessage::NewLink(answer) = message {
                links.push(link(&answer));
            }
        })?;
        for link in &mut links {
            // The switch goes by the true name.
            link.ipv6_disabled = ipv6_disabled(&link.name).ok();
            link.name = clean(&link.name);
        }
        Ok(links)
    }

    /// Every address of this host.
    ///
    /// # Errors
    /// The socket's errno.
    pub fn addresses(&mut self) -> io::Result<Vec<OwnAddress>> {
        Ok(self.source_addresses()?.into_iter().map(|source| source.own).collect())
    }

    /// The same, with what the choice between destinations looks at (RFC 6724).
    ///
    /// # Errors
    /// The socket's errno.
    pub fn source_addresses(&mut self) -> io::Result<Vec<SourceAddress>> {
        let mut addresses = Vec::new();
        // A dump of one family does not wait for the lock that changes of devices hold (since Linux 6.9,
        // net/ipv4/devinet.c); one of all families does.
        for family in [AddressFamily::Inet, AddressFamily::Inet6] {
            let mut request = AddressMessage::default();
            request.header.family = family;
            self.socket.dump(RouteNetlinkMessage::GetAddress(request), |message| {
                // Asked about a family that it does not have, the kernel tells of the others.
                if let RouteNetlinkMessage::NewAddress(answer) = message
                    && answer.header.family == family
                {
                    addresses.extend(source_address(&answer));
                }
            })?;
        }
        Ok(addresses)
    }

    /// Indexes of the devices that are tunnels of IP in IP, for which glibc has no "native transport"
    /// (sysdeps/unix/sysv/linux/check_native.c).
    ///
    /// # Errors
    /// The socket's errno.
    pub fn tunnels(&mut self) -> io::Result<Vec<u32>> {
        let mut tunnels = Vec::new();
        self.socket.dump(RouteNetlinkMessage::GetLink(LinkMessage::default()), |message| {
            if let RouteNetlinkMessage::NewLink(answer) = message
                && matches!(
                    answer.header.link_layer_type,
                    LinkLayerType::Tunnel | LinkLayerType::Tunnel6 | LinkLayerType::Sit
                )
            {
                tunnels.push(answer.header.index);
            }
        })?;
        Ok(tunnels)
    }

    /// Routes and rules of this flow's family that refuse its destination on purpose.
    ///
    /// # Errors
    /// The socket's errno.
    pub fn refusals(&mut self, flow: &Flow) -> io::Result<Vec<Refusal>> {
        let mut refusals = Vec::new();
        for kind in [RawType::Prohibit, RawType::BlackHole, RawType::Unreachable, RawType::Throw] {
            let mut request = RouteMessage::default();
            request.header.address_family = family_of(flow.destination);
            request.header.kind = kind;
            self.socket.dump(RouteNetlinkMessage::GetRoute(request), |message| {
                if let RouteNetlinkMessage::NewRoute(answer) = message
                    && answer.header.kind == kind
                {
                    refusals.extend(refusing_route(&answer, flow));
                }
            })?;
        }
        let mut request = RuleMessage::default();
        request.header.family = family_of(flow.destination);
        self.socket.dump(RouteNetlinkMessage::GetRule(request), |message| {
            if let RouteNetlinkMessage::NewRule(answer) = message {
                refusals.extend(refusing_rule(&answer, flow));
            }
        })?;
        // The most specific route first: it is the one that the kernel takes.
        refusals.sort_by_key(|refusal| std::cmp::Reverse(prefix_len(refusal)));
        Ok(refusals)
    }
}

fn protocol_number(transport: Transport) -> u8 {
    match transport {
        Transport::Tcp => IPPROTO_TCP,
        Transport::Udp => IPPROTO_UDP,
        // No packet of it is ever routed.
        Transport::Unix => 0,
    }
}

fn family_of(address: IpAddr) -> AddressFamily {
    match Family::of(address) {
        Family::V4 => AddressFamily::Inet,
        Family::V6 => AddressFamily::Inet6,
    }
}

fn bits(address: IpAddr) -> u8 {
    match address {
        IpAddr::V4(_) => 32,
        IpAddr::V6(_) => 128,
    }
}

fn ip(address: &RouteAddress) -> Option<IpAddr> {
    match address {
        RouteAddress::Inet(v4) => Some(IpAddr::V4(*v4)),
        RouteAddress::Inet6(v6) => Some(IpAddr::V6(*v6)),
        _ => None,
    }
}

fn route_type(kind: RawType) -> RouteType {
    match kind {
        RawType::Unicast => RouteType::Unicast,
        RawType::Local => RouteType::Local,
        RawType::Broadcast => RouteType::Broadcast,
        RawType::Anycast => RouteType::Anycast,
        RawType::Multicast => RouteType::Multicast,
        RawType::BlackHole => RouteType::Blackhole,
        RawType::Unreachable => RouteType::Unreachable,
        RawType::Prohibit => RouteType::Prohibit,
        RawType::Throw => RouteType::Throw,
        other => RouteType::Other(u8::from(other)),
    }
}

pub(super) fn route(message: &RouteMessage) -> Route {
    let mut route = Route {
        kind: route_type(message.header.kind),
        gateway: None,
        device_index: None,
        preferred_source: None,
        table: table(message),
        hop_limit: None,
    };
    for attribute in &message.attributes {
        match attribute {
            RouteAttribute::Metrics(metrics) => {
                route.hop_limit = metrics.iter().find_map(|metric| match metric {
                    RouteMetric::Hoplimit(limit) => Some(*limit).filter(|limit| *limit > 0),
                    _ => None,
                });
            }
            RouteAttribute::Gateway(address) => route.gateway = ip(address),
            RouteAttribute::Via(RouteVia::Inet(v4)) => route.gateway = Some(IpAddr::V4(*v4)),
            RouteAttribute::Via(RouteVia::Inet6(v6)) => route.gateway = Some(IpAddr::V6(*v6)),
            RouteAttribute::Oif(index) => route.device_index = Some(*index),
            RouteAttribute::PrefSource(address) => route.preferred_source = ip(address),
            _ => {}
        }
    }
    route
}

fn table(message: &RouteMessage) -> Option<u32> {
    message
        .attributes
        .iter()
        .find_map(|attribute| match attribute {
            RouteAttribute::Table(table) => Some(*table),
            _ => None,
        })
        .or(Some(u32::from(message.header.table)))
}

/// An entry's state, and how long ago it was confirmed.
pub(super) fn neighbour_seen(entry: &NeighbourMessage) -> (NeighbourState, Option<Millis>) {
    let confirmed = entry.attributes.iter().find_map(|attribute| match attribute {
        // Clock ticks of 1/100 s (USER_HZ).
        NeighbourAttribute::CacheInfo(info) => Some(Millis(f64::from(info.confirmed) * 10.0)),
        _ => None,
    });
    (neighbour_state(entry.header.state), confirmed)
}

/// How much older than it is an entry may seem: times are counted in ticks, of the scheduler's and then of 1/100 s.
const COARSE: Millis = Millis(20.0);

/// The entry, if it has come to leave questions unanswered within this time.
fn unanswering(entry: &NeighbourMessage, within: Millis, at_ms: Millis) -> Option<NeighbourSample> {
    let (state, confirmed_ms_ago) = neighbour_seen(entry);
    if !matches!(state, NeighbourState::Incomplete | NeighbourState::Failed) {
        return None;
    }
    let address = entry.attributes.iter().find_map(|attribute| match attribute {
        NeighbourAttribute::Destination(NeighbourAddress::Inet(v4)) => Some(IpAddr::V4(*v4)),
        NeighbourAttribute::Destination(NeighbourAddress::Inet6(v6)) => Some(IpAddr::V6(*v6)),
        _ => None,
    })?;
    let changed = entry.attributes.iter().find_map(|attribute| match attribute {
        NeighbourAttribute::CacheInfo(info) => Some(Millis(f64::from(info.updated) * 10.0)),
        _ => None,
    })?;
    (changed.0 <= within.0 + COARSE.0).then_some(NeighbourSample {
        at_ms,
        address,
        state,
        confirmed_ms_ago,
        device_packets: None,
    })
}

fn neighbour_state(state: RawState) -> NeighbourState {
    match state {
        RawState::None => NeighbourState::Absent,
        RawState::Incomplete => NeighbourState::Incomplete,
        RawState::Reachable => NeighbourState::Reachable,
        RawState::Stale => NeighbourState::Stale,
        RawState::Delay => NeighbourState::Delay,
        RawState::Probe => NeighbourState::Probe,
        RawState::Failed => NeighbourState::Failed,
        RawState::Noarp => NeighbourState::Noarp,
        RawState::Permanent => NeighbourState::Permanent,
        RawState::Other(number) => NeighbourState::Other(number),
        other => NeighbourState::Other(u16::from(other)),
    }
}

pub(super) fn link(message: &LinkMessage) -> Link {
    let flags = message.header.flags;
    let mut link = Link {
        index: message.header.index,
        name: String::new(),
        up: flags.contains(LinkFlags::Up),
        carrier: None,
        loopback: flags.contains(LinkFlags::Loopback),
        ipv6_disabled: None,
    };
    for attribute in &message.attributes {
        match attribute {
            LinkAttribute::IfName(name) => link.name.clone_from(name),
            LinkAttribute::Carrier(carrier) => link.carrier = Some(*carrier != 0),
            _ => {}
        }
    }
    link
}

fn device_packets(message: &LinkMessage) -> Option<DevicePackets> {
    let mut packets = None;
    let mut of_ipv6 = 0;
    for attribute in &message.attributes {
        match attribute {
            LinkAttribute::Stats64(stats) => packets = Some((stats.rx_packets, stats.tx_packets)),
            LinkAttribute::AfSpecUnspec(families) => {
                let inet6 = families.iter().filter_map(|family| match family {
                    AfSpecUnspec::Inet6(all) => Some(all),
                    _ => None,
                });
                for attribute in inet6.flatten() {
                    if let AfSpecInet6::Stats(stats) = attribute {
                        of_ipv6 = u64::try_from(stats.in_pkts).unwrap_or(0);
                    }
                }
            }
            _ => {}
        }
    }
    packets.map(|(received, sent)| DevicePackets { received, received_ipv6: of_ipv6, sent })
}

pub(super) fn source_address(message: &AddressMessage) -> Option<SourceAddress> {
    let mut local = None;
    let mut peer = None;
    let mut flags = AddressFlags::empty();
    for attribute in &message.attributes {
        match attribute {
            AddressAttribute::Local(address) => local = Some(*address),
            AddressAttribute::Address(address) => peer = Some(*address),
            AddressAttribute::Flags(bits) => flags = *bits,
            _ => {}
        }
    }
    Some(SourceAddress {
        own: OwnAddress {
            address: local.or(peer)?,
            prefix_len: message.header.prefix_len,
            device_index: message.header.index,
            tentative: flags.intersects(AddressFlags::Tentative | AddressFlags::Dadfailed),
        },
        deprecated: flags.intersects(AddressFlags::Deprecated | AddressFlags::Optimistic),
        home: flags.contains(AddressFlags::Homeaddress),
    })
}

/// The entry, if it covers the destination.
pub(super) fn refusing_route(message: &RouteMessage, flow: &Flow) -> Option<Refusal> {
    let mut prefix = None;
    let mut priority = None;
    for attribute in &message.attributes {
        match attribute {
            RouteAttribute::Destination(address) => prefix = ip(address),
            RouteAttribute::Priority(metric) => priority = Some(*metric),
            _ => {}
        }
    }
    // IPv6 lists its empty default ("null entry") as unreachable with the highest metric: no route, not a refusal.
    if priority == Some(u32::MAX) {
        return None;
    }
    let length = message.header.destination_prefix_length;
    if let Some(prefix) = prefix
        && !covers(prefix, length, flow.destination)
    {
        return None;
    }
    Some(Refusal {
        kind: RefusalKind::Route,
        action: route_type(message.header.kind),
        prefix: Some(
            prefix.filter(|_| length > 0).map_or("default".to_owned(), |ip| format!("{ip}/{length}")),
        ),
        table: table(message),
        priority,
        other_selectors: Vec::new(),
    })
}

/// The rule, if it refuses and nothing that can be compared speaks against it.
pub(super) fn refusing_rule(message: &RuleMessage, flow: &Flow) -> Option<Refusal> {
    let action = match message.header.action {
        RuleAction::Blackhole => RouteType::Blackhole,
        RuleAction::Unreachable => RouteType::Unreachable,
        RuleAction::Prohibit => RouteType::Prohibit,
        _ => return None,
    };
    let mut refusal = Refusal {
        kind: RefusalKind::Rule,
        action,
        prefix: None,
        table: None,
        // A rule without the attribute has priority 0.
        priority: Some(0),
        other_selectors: Vec::new(),
    };
    let mut matches = true;
    let mut unknown = |what: &str| refusal.other_selectors.push(what.to_owned());
    for attribute in &message.attributes {
        match attribute {
            RuleAttribute::Priority(priority) => refusal.priority = Some(*priority),
            RuleAttribute::Destination(prefix) => {
                matches &= covers(*prefix, message.header.dst_len, flow.destination);
                refusal.prefix = Some(format!("{prefix}/{}", message.header.dst_len));
            }
            RuleAttribute::Source(prefix) => match flow.source {
                Some(source) => matches &= covers(*prefix, message.header.src_len, source),
                None => unknown("from"),
            },
            RuleAttribute::DestinationPortRange(ports) => {
                matches &= (ports.start..=ports.end).contains(&flow.port);
            }
            RuleAttribute::SourcePortRange(ports) => match flow.source_port {
                Some(port) => matches &= (ports.start..=ports.end).contains(&port),
                None => unknown("sport"),
            },
            RuleAttribute::IpProtocol(protocol) => {
                matches &= *protocol == IpProtocol::from(i32::from(protocol_number(flow.transport)))
            }
            RuleAttribute::UidRange(uids) => {
                matches &= (uids.start..=uids.end).contains(&nix::unistd::getuid().as_raw());
            }
            // A mark of 0 is told by its mask alone.
            RuleAttribute::FwMark(_) | RuleAttribute::FwMask(_) => unknown("fwmark"),
            RuleAttribute::Iifname(_) => unknown("iif"),
            RuleAttribute::Oifname(_) => unknown("oif"),
            RuleAttribute::TunId(_) => unknown("tun_id"),
            RuleAttribute::L3MDev(true) => unknown("l3mdev"),
            _ => {}
        }
    }
    if message.header.tos != 0 {
        unknown("tos");
    }
    let inverted = message.header.flags.contains(RuleFlags::Invert);
    (matches != inverted).then_some(refusal)
}

fn prefix_len(refusal: &Refusal) -> u8 {
    refusal
        .prefix
        .as_deref()
        .and_then(|prefix| prefix.split_once('/'))
        .and_then(|(_, length)| length.parse().ok())
        .unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kernel_knows_its_own_addresses() {
        let mut netlink = Netlink::open().unwrap();
        assert!(netlink.is_ours("127.0.0.1".parse().unwrap()).unwrap());
        let links = netlink.links().unwrap();
        assert!(links.iter().any(|link| link.loopback && !link.name.is_empty()), "{links:?}");
    }
}
