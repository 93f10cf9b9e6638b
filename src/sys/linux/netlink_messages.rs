//! What rtnetlink's messages say, in the program's own words. Pure: bytes that the kernel wrote are parsed before.

use super::netlink::{Flow, SourceAddress, protocol_number};
use crate::model::{
    DevicePackets, IPV6_LEAST_MTU, Link, Millis, NeighbourSample, NeighbourState, OwnAddress, Refusal,
    RefusalKind, Route, RouteType, covers,
};
use netlink_packet_route::IpProtocol;
use netlink_packet_route::address::{AddressAttribute, AddressFlags, AddressMessage};
use netlink_packet_route::link::{
    AfSpecInet6, AfSpecUnspec, InfoKind, LinkAttribute, LinkFlags, LinkInfo, LinkMessage,
};
use netlink_packet_route::neighbour::NeighbourState as RawState;
use netlink_packet_route::neighbour::{NeighbourAddress, NeighbourAttribute, NeighbourMessage};
use netlink_packet_route::route::{
    RouteAddress, RouteAttribute, RouteMessage, RouteMetric, RouteType as RawType, RouteVia,
};
use netlink_packet_route::rule::{RuleAction, RuleAttribute, RuleFlags, RuleMessage};
use std::net::IpAddr;

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
pub(super) fn unanswering(
    entry: &NeighbourMessage,
    within: Millis,
    at_ms: Millis,
) -> Option<NeighbourSample> {
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
        narrow_mtu: None,
        over_others: false,
        routes_need_carrier: None,
    };
    for attribute in &message.attributes {
        match attribute {
            LinkAttribute::IfName(name) => link.name.clone_from(name),
            LinkAttribute::Mtu(mtu) => link.narrow_mtu = Some(*mtu).filter(|mtu| *mtu < IPV6_LEAST_MTU),
            LinkAttribute::Carrier(carrier) => link.carrier = Some(*carrier != 0),
            LinkAttribute::LinkInfo(about) => link.over_others = about.iter().any(is_over_others),
            _ => {}
        }
    }
    link
}

/// Whether a device of this kind hands its packets to other devices of the same host.
fn is_over_others(about: &LinkInfo) -> bool {
    let LinkInfo::Kind(kind) = about else { return false };
    // Those that end at hardware, at a program or in another namespace.
    !matches!(
        kind,
        InfoKind::Veth
            | InfoKind::Tun
            | InfoKind::Dummy
            | InfoKind::Netkit
            | InfoKind::Wwan
            | InfoKind::Netdevsim
    )
}

pub(super) fn device_packets(message: &LinkMessage) -> Option<DevicePackets> {
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
    packets.map(|(received, sent)| DevicePackets {
        received,
        received_ipv6: of_ipv6,
        sent,
        sent_ipv6: None,
        read_ms: None,
    })
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
    let mut unknown = |what: &str| {
        if !refusal.other_selectors.iter().any(|other| other == what) {
            refusal.other_selectors.push(what.to_owned());
        }
    };
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

pub(super) fn prefix_len(refusal: &Refusal) -> u8 {
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
    use netlink_packet_route::neighbour::NeighbourCacheInfo;

    #[test]
    fn a_neighbour_that_was_asked_for_at_the_same_moment_is_not_older() {
        let mut entry = NeighbourMessage::default();
        entry.header.state = RawState::Incomplete;
        entry
            .attributes
            .push(NeighbourAttribute::Destination(NeighbourAddress::Inet("198.18.1.9".parse().unwrap())));
        // 2217.5 ms in ticks of 1/250 s, and then of 1/100 s.
        let ticks = [0, 0, 222, 0].map(u32::to_ne_bytes).concat();
        let info = NeighbourCacheInfo::parse(&ticks).unwrap();
        entry.attributes.push(NeighbourAttribute::CacheInfo(info));
        let within = |ms| unanswering(&entry, Millis(ms), Millis(0.0)).is_some();
        assert!(within(2217.5) && within(4000.0) && !within(2000.0));
        entry.header.state = RawState::Reachable;
        assert!(unanswering(&entry, Millis(4000.0), Millis(0.0)).is_none());
    }
}
