//! The shape of a lab world, as plain values: which nodes there are, how their devices are called, which
//! addresses and routes they have. Nothing here touches the system.
//!
//! A world is a chain, `client - r1 - ... - rN - target`. Link `k` (from 1) joins node `k - 1` and node `k`.
//! Every node calls the device towards the target `up` and the one towards the client `down`, so that a
//! scenario reads the same wherever in the chain it strikes.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use serde::{Deserialize, Serialize};

/// The address family a trial runs in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Family {
    V4,
    V6,
}

impl Family {
    pub(crate) const BOTH: [Self; 2] = [Self::V4, Self::V6];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::V4 => "v4",
            Self::V6 => "v6",
        }
    }

    pub(crate) const fn other(self) -> Self {
        match self {
            Self::V4 => Self::V6,
            Self::V6 => Self::V4,
        }
    }

    /// Prefix length of a lab link.
    pub(crate) const fn link_prefix(self) -> u8 {
        match self {
            Self::V4 => 24,
            Self::V6 => 64,
        }
    }
}

/// Host numbers on a link. `Near` is the client's side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Host {
    Near,
    Far,
    /// An address of the link that nobody has, unless a scenario gives it to somebody.
    Spare,
}

impl Host {
    const fn number(self) -> u8 {
        match self {
            Self::Near => 1,
            Self::Far => 2,
            Self::Spare => 9,
        }
    }
}

/// A device of a node, and where it leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Device {
    pub(crate) name: &'static str,
    pub(crate) link: u8,
    pub(crate) host: Host,
}

/// A static route: everything, or one link's prefix, by way of a neighbour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Route {
    /// `None` is the default route.
    pub(crate) to_link: Option<u8>,
    pub(crate) via: (u8, Host),
    pub(crate) device: &'static str,
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Topology {
    routers: u8,
}

impl Topology {
    pub(crate) const MAX_ROUTERS: u8 = 8;

    pub(crate) const fn new(routers: u8) -> Self {
        Self { routers }
    }

    pub(crate) const fn routers(self) -> u8 {
        self.routers
    }

    /// Node names from the client to the target.
    pub(crate) fn nodes(self) -> Vec<String> {
        let routers = (1..=self.routers).map(|number| format!("r{number}"));
        std::iter::once("client".to_owned())
            .chain(routers)
            .chain(std::iter::once("target".to_owned()))
            .collect()
    }

    /// Link numbers from the client to the target.
    pub(crate) fn links(self) -> std::ops::RangeInclusive<u8> {
        1..=self.routers + 1
    }

    /// The last link, on which the target is.
    pub(crate) const fn last_link(self) -> u8 {
        self.routers + 1
    }

    /// Devices of the node at this position in the chain.
    pub(crate) fn devices(self, position: u8) -> Vec<Device> {
        let down = (position > 0).then_some(Device { name: "down", link: position, host: Host::Far });
        let up =
            (position <= self.routers).then_some(Device { name: "up", link: position + 1, host: Host::Near });
        down.into_iter().chain(up).collect()
    }

    pub(crate) const fn is_router(self, position: u8) -> bool {
        position > 0 && position <= self.routers
    }

    /// Static routes of a node. The two ends have a default route, as hosts do; routers know the links of
    /// the chain and nothing else, so that a packet to any other place is answered by the first of them.
    pub(crate) fn routes(self, position: u8) -> Vec<Route> {
        if self.routers == 0 {
            return Vec::new();
        }
        let up = |to_link| Route { to_link, via: (position + 1, Host::Far), device: "up" };
        let down = |to_link| Route { to_link, via: (position, Host::Near), device: "down" };
        if position == 0 {
            return vec![up(None)];
        }
        if position == self.last_link() {
            return vec![down(None)];
        }
        self.links()
            .filter_map(|link| match link {
                link if link < position => Some(down(Some(link))),
                link if link > position + 1 => Some(up(Some(link))),
                _ => None,
            })
            .collect()
    }
}

/// The address of a host on a link.
pub(crate) fn address(family: Family, link: u8, host: Host) -> IpAddr {
    let (link, host) = (link, host.number());
    match family {
        Family::V4 => Ipv4Addr::new(198, 18, link, host).into(),
        Family::V6 => Ipv6Addr::new(0x2001, 0xdb8, link.into(), 0, 0, 0, 0, host.into()).into(),
    }
}

/// The prefix of a link, as `ip route` writes it.
pub(crate) fn prefix(family: Family, link: u8) -> String {
    match family {
        Family::V4 => format!("198.18.{link}.0/24"),
        Family::V6 => format!("2001:db8:{link}::/64"),
    }
}

/// The link-local address of a host. Set by hand: derived from a random MAC it could not be written down.
pub(crate) fn link_local(link: u8, host: Host) -> Ipv6Addr {
    Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, link.into(), host.number().into())
}
