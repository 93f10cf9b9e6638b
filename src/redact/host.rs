//! The walk through this host's tables and sockets.

use super::{Map, Walk, walk, words};
use crate::model::{
    DevicePackets, ForeignListening, Holding, HostFacts, Link, Listening, NeighbourSample, OwnAddress,
    OwnEnds, OwnSocket, Owner, Process, Refusal, Route, RouteAnswer, Towards,
};

walk!(Route { gateway, preferred_source } keeps { kind, device_index, table, hop_limit });

impl Walk for RouteAnswer {
    fn walk(self, map: &mut Map) -> Self {
        match self {
            RouteAnswer::Route(route) => RouteAnswer::Route(route.walk(map)),
            RouteAnswer::Refused(errno) => RouteAnswer::Refused(errno.walk(map)),
        }
    }
}

walk!(Refusal { prefix: Map::prefix, other_selectors: |_, all| words::selectors(all) } keeps {
    kind, action, table, priority,
});

walk!(Link { name: Map::device } keeps { index, up, carrier, loopback, ipv6_disabled, narrow_mtu, over_others, routes_need_carrier });
walk!(NeighbourSample { address, device_packets } keeps { at_ms, state, confirmed_ms_ago });
walk!(DevicePackets {} keeps { received, received_ipv6, sent, sent_ipv6, read_ms });

impl Walk for OwnAddress {
    /// The prefix has to hold what it held.
    fn walk(self, map: &mut Map) -> Self {
        let OwnAddress { address, prefix_len, device_index, tentative } = self;
        let prefix_len = map.prefix_of(address, prefix_len).1;
        OwnAddress { address: address.walk(map), prefix_len, device_index, tentative }
    }
}

walk!(HostFacts { addresses, links, unprivileged_port_start, descriptor_limit, seccomp } keeps {});

walk!(Process { pid: Map::pid, name: Map::process } keeps {});
walk!(Owner { uid: Map::user, process, cgroup: Map::cgroup } keeps {});
walk!(Listening { address, device: Map::device_of, owner, leads_to } keeps { only_v6, queue, queue_limit });
walk!(ForeignListening { address, namespace: Map::namespace, owner } keeps { owns_target });

walk!(OwnSocket { local, remote, owner } keeps { state });
walk!(Towards { holders } keeps { first_port, last_port, reserved, connected, time_wait, bound });
walk!(Holding { owner } keeps { count });
walk!(OwnEnds { on_port, towards } keeps { at_ms });
