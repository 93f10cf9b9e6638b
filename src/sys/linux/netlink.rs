//! rtnetlink (rtnetlink(7)): routes, rules, neighbours, links and addresses, as any user may read them.

use super::netlink_messages::{
    device_packets, link, neighbour_seen, prefix_len, refusing_route, refusing_rule, route, source_address,
    unanswering,
};
use super::netlink_socket::{NetlinkSocket, Refused};
use super::proc::{ipv6_disabled, routes_need_carrier};
use crate::model::{
    DevicePackets, Errno, Family, Link, Millis, NeighbourSample, NeighbourState, OwnAddress, Refusal,
    RouteAnswer, Transport,
};
use crate::sanitize::clean;
use netlink_packet_route::address::AddressMessage;
use netlink_packet_route::link::{LinkLayerType, LinkMessage};
use netlink_packet_route::neighbour::{NeighbourAddress, NeighbourAttribute, NeighbourMessage};
use netlink_packet_route::route::{RouteAttribute, RouteFlags, RouteMessage, RouteType as RawType};
use netlink_packet_route::rule::RuleMessage;
use netlink_packet_route::{AddressFamily, RouteNetlinkMessage};
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
        let mut request = lookup(flow);
        // IPv6 names the table unasked, and refuses the flag (inet6_rtm_valid_getroute_req).
        if flow.destination.is_ipv4() {
            request.header.flags = RouteFlags::LookupTable;
        }
        match self.socket.ask(RouteNetlinkMessage::GetRoute(request)) {
            Ok(RouteNetlinkMessage::NewRoute(answer)) => Ok(RouteAnswer::Route(route(&answer))),
            Ok(_) => Err(io::Error::other("an answer of another kind")),
            Err(Refused::Kernel(errno)) => Ok(RouteAnswer::Refused(errno)),
            Err(Refused::Socket(error)) => Err(error),
        }
    }

    /// Whether the device of the route that a flow takes has its carrier: the kernel marks a next hop whose device has
    /// lost it (`fib_sync_down_dev`; RTM_F_FIB_MATCH shows the mark), and tells of routes without the lock that it needs
    /// to tell of devices. `None` where the route is by another device, or by several.
    ///
    /// # Errors
    /// The socket's errno, or the kernel's refusal.
    pub fn carrier(&mut self, flow: &Flow, device: u32) -> io::Result<Option<bool>> {
        let mut request = lookup(flow);
        request.header.flags = RouteFlags::FibMatch;
        match self.socket.ask(RouteNetlinkMessage::GetRoute(request))? {
            RouteNetlinkMessage::NewRoute(answer) => {
                let by_it = answer.attributes.contains(&RouteAttribute::Oif(device));
                Ok(by_it.then(|| !answer.header.flags.contains(RouteFlags::Linkdown)))
            }
            _ => Err(io::Error::other("an answer of another kind")),
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
            if link.carrier == Some(false) {
                link.routes_need_carrier = routes_need_carrier(&link.name).ok();
            }
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

/// What to ask for the route of a flow.
fn lookup(flow: &Flow) -> RouteMessage {
    let mut request = RouteMessage::default();
    request.header.address_family = family_of(flow.destination);
    request.header.destination_prefix_length = bits(flow.destination);
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
    request
}

pub(super) fn protocol_number(transport: Transport) -> u8 {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kernel_knows_its_own_addresses() {
        let mut netlink = Netlink::open().unwrap();
        assert!(netlink.is_ours("127.0.0.1".parse().unwrap()).unwrap());
        let links = netlink.links().unwrap();
        assert!(links.iter().any(|link| link.loopback && !link.name.is_empty()), "{links:?}");
        let flow = Flow {
            transport: Transport::Tcp,
            destination: IpAddr::from([127, 0, 0, 1]),
            port: 80,
            source: None,
            source_port: None,
            device: None,
        };
        let lo = links.iter().find(|link| link.loopback).unwrap().index;
        assert_eq!(netlink.carrier(&flow, lo).unwrap(), Some(true));
        assert_eq!(netlink.carrier(&flow, lo + 77).unwrap(), None);
    }
}
