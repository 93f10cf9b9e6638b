//! Faults of this host: routes, devices, sources, policies, limits. Most end before anything is sent.

use super::build::{
    Net, V4, V6, World, device, ip, own, remote, route_entry, rule_entry, unfiltered, without_ipv6,
};
use super::row::{Row, client, row};
use crate::model::{Call, Family, Link, NeighbourState, OwnAddress, RouteType};
use crate::verdict::Certainty::{Certain, Likely, Possible};
use nix::errno::Errno as E;

pub(super) fn rows() -> Vec<Row> {
    let mut rows: Vec<Row> = [V4, V6].into_iter().flat_map(of_family).collect();
    rows.extend(ipv6_alone());
    rows.extend(one_of_a_kind());
    rows
}

fn of_family(net: Net) -> Vec<Row> {
    let mut rows = routes(net);
    rows.extend(devices(net));
    rows.extend(sources(net));
    rows.extend(policies(net));
    rows.into_iter().map(|row| row.of(net.family)).collect()
}

/// Connect and the route lookup fail alike; the tables were read.
fn unrouted(address: &str, errno: E) -> World {
    let own_end = if address.contains(':') { V6.own } else { V4.own };
    let tables = remote(address).links([device("up", true, Some(true))]).addresses([own(own_end, 24)]);
    tables.call(Call::Connect, errno).route_refused(errno).refused_by([])
}

fn routes(net: Net) -> Vec<Row> {
    use RouteType::{Blackhole, Prohibit, Throw, Unreachable};
    const LOCAL: &str = "unreachable.local-route";
    let prefix = if net.family == Family::V4 { "198.18.0.0/15" } else { "2001:db8:2::/48" };
    let entry =
        |errno, action, table| unrouted(net.far, errno).refused_by([route_entry(action, prefix, table)]);
    let rule =
        |errno, action, others: &[&str]| unrouted(net.far, errno).refused_by([rule_entry(action, others)]);
    vec![
        row("B1 no route", unrouted(net.far, E::ENETUNREACH), "unreachable.no-route", Certain, client(), ""),
        row(
            "B1 no route, the tables closed to us",
            remote(net.far).call(Call::Connect, E::ENETUNREACH).route_refused(E::ENETUNREACH),
            "unreachable.no-route",
            Likely,
            client(),
            "",
        ),
        row(
            "B1 no route, and nobody saw whether a device is down",
            remote(net.far).call(Call::Connect, E::ENETUNREACH).route_refused(E::ENETUNREACH).refused_by([]),
            "unreachable.no-route",
            Likely,
            client(),
            "",
        )
        .or(&["local.interface"]),
        row(
            "two routes would say so, and one of them stands by for another that works",
            unrouted(net.far, E::EHOSTUNREACH).refused_by([
                route_entry(Unreachable, prefix, 254),
                route_entry(Unreachable, "default", 100),
            ]),
            LOCAL,
            Certain,
            client(),
            "several",
        ),
        row("B1 throw in the main table", entry(E::ENETUNREACH, Throw, 254), LOCAL, Certain, client(), ""),
        row(
            "B1 throw in a table that no rule may name",
            entry(E::ENETUNREACH, Throw, 100),
            LOCAL,
            Likely,
            client(),
            "",
        ),
        row("B1 rule unreachable", rule(E::ENETUNREACH, Unreachable, &[]), LOCAL, Certain, client(), "rule"),
        row(
            "B1, beside an unreachable route that gives another errno",
            entry(E::ENETUNREACH, Unreachable, 254),
            "unreachable.no-route",
            Certain,
            client(),
            "",
        ),
        row("B2 prohibit route", entry(E::EACCES, Prohibit, 254), LOCAL, Certain, client(), ""),
        row("B2 prohibit rule", rule(E::EACCES, Prohibit, &[]), LOCAL, Certain, client(), "rule"),
        row(
            "B5 a rule for a mark, which can't be compared",
            rule(E::EACCES, Prohibit, &["fwmark"]),
            LOCAL,
            Likely,
            client(),
            "rule",
        ),
        row("B2, but no entry is found", unrouted(net.far, E::EACCES), LOCAL, Likely, client(), "unseen"),
        row("B3 blackhole route", entry(E::EINVAL, Blackhole, 254), LOCAL, Certain, client(), ""),
        row("B3 blackhole rule", rule(E::EINVAL, Blackhole, &[]), LOCAL, Certain, client(), "rule"),
        row("B4 unreachable route", entry(E::EHOSTUNREACH, Unreachable, 254), LOCAL, Certain, client(), ""),
        row(
            "B23 not one host's address",
            remote(if net.family == Family::V4 { "203.0.113.255" } else { "ff0e::1" })
                .route_of(if net.family == Family::V4 { RouteType::Broadcast } else { RouteType::Multicast })
                .call(Call::Connect, E::ENETUNREACH)
                .refused_by([]),
            "unreachable.no-route",
            Certain,
            client(),
            "not-unicast",
        ),
    ]
}

fn devices(net: Net) -> Vec<Row> {
    const CODE: &str = "local.interface";
    let through = |world: World, name: &str| world.asked(|request| request.interface = Some(name.into()));
    let lo_down = device("lo", false, Some(true));
    let errno = if net.family == Family::V4 { E::ENETUNREACH } else { E::EADDRNOTAVAIL };
    vec![
        row(
            "D11 no such device",
            through(remote(net.far).call(Call::BindDevice, E::ENODEV), "nosuch0"),
            CODE,
            Certain,
            client(),
            "missing",
        ),
        row(
            "D11 the device is not ours to use",
            through(remote(net.far).call(Call::BindDevice, E::EPERM), "eth0"),
            CODE,
            Certain,
            client(),
            "denied",
        ),
        row(
            "D11 the device can't be used",
            through(remote(net.far).call(Call::BindDevice, E::EINVAL), "eth0"),
            CODE,
            Certain,
            client(),
            "",
        ),
        row(
            "B6 the device asked for is switched off",
            through(unrouted(net.far, E::ENETUNREACH), "eth0").links([device("eth0", false, Some(false))]),
            CODE,
            Certain,
            client(),
            "down",
        ),
        row(
            "B6 the device of the target's own net is switched off",
            unrouted(net.near, E::ENETUNREACH)
                .addresses([own(net.own, if net.family == Family::V4 { 24 } else { 64 })])
                .links([device("lo", true, Some(true)), device("eth0", false, Some(false))]),
            CODE,
            Certain,
            client(),
            "down",
        ),
        row(
            "B6 every device is switched off, the target is on none of their nets",
            unrouted(net.far, E::ENETUNREACH)
                .addresses([])
                .links([device("lo", true, Some(true)), device("eth0", false, Some(false))]),
            CODE,
            Likely,
            client(),
            "down",
        ),
        row(
            "the device of the target's own net has no carrier, and its routes are ignored",
            unrouted(net.near, E::ENETUNREACH)
                .addresses([own(net.own, if net.family == Family::V4 { 24 } else { 64 })])
                .links([
                    device("lo", true, Some(true)),
                    Link { routes_need_carrier: Some(true), ..device("eth0", true, Some(false)) },
                ]),
            CODE,
            Certain,
            client(),
            "no-carrier",
        ),
        row(
            "every device is without carrier",
            unrouted(net.far, E::ENETUNREACH).addresses([]).links([
                device("lo", true, Some(true)),
                Link { routes_need_carrier: Some(true), ..device("eth0", true, Some(false)) },
            ]),
            CODE,
            Likely,
            client(),
            "no-carrier",
        )
        .or(&["unreachable.no-route"]),
        row(
            "no route; a device with carrier is up, another one has an address and no carrier",
            unrouted(net.far, E::ENETUNREACH)
                .addresses([own(net.own, if net.family == Family::V4 { 24 } else { 64 })])
                .links([
                    device("eth0", true, Some(false)),
                    Link { index: 3, ..device("d0", true, Some(true)) },
                ]),
            "unreachable.no-route",
            Likely,
            client(),
            "",
        )
        .or(&["local.interface"]),
        row(
            "no route; a device that is down has an address, and another one is up",
            unrouted(net.far, E::ENETUNREACH).addresses([own("192.0.2.7", 24)]).links([
                device("eth0", false, Some(false)),
                Link { index: 3, ..device("d0", true, Some(true)) },
            ]),
            "unreachable.no-route",
            Likely,
            client(),
            "",
        )
        .or(&["local.interface"]),
        row(
            "a device has an address and no carrier, and its routes stay",
            unrouted(net.far, E::ENETUNREACH)
                .addresses([own(net.own, if net.family == Family::V4 { 24 } else { 64 })])
                .links([
                    Link { routes_need_carrier: Some(false), ..device("eth0", true, Some(false)) },
                    Link { index: 3, ..device("d0", true, Some(true)) },
                ]),
            "unreachable.no-route",
            Certain,
            client(),
            "",
        ),
        row(
            "B1 no route, though a device is up",
            unrouted(net.far, E::ENETUNREACH)
                .addresses([])
                .links([device("lo", true, Some(true)), device("eth0", true, Some(true))]),
            "unreachable.no-route",
            Certain,
            client(),
            "",
        ),
        row(
            "B24 lo is down",
            remote(net.loopback)
                .call(Call::Connect, errno)
                .links([lo_down])
                .route_refused(E::ENETUNREACH)
                .refused_by([])
                .addresses([]),
            CODE,
            Certain,
            client(),
            "down",
        ),
    ]
}

fn sources(net: Net) -> Vec<Row> {
    let from = |world: World| world.asked(|request| request.source = Some(super::build::ip(net.own)));
    let port = |world: World, port| world.asked(|request| request.source_port = Some(port));
    let bind = |errno| port(remote(net.far).call(Call::Bind, errno), 443);
    let tentative = || {
        let mut address = own(net.own, 64);
        address.tentative = true;
        address
    };
    vec![
        row(
            "D1, D2 the source port is taken",
            bind(E::EADDRINUSE),
            "local.source-in-use",
            Certain,
            client(),
            "",
        ),
        row(
            "D6 no port left for the source address asked for",
            from(remote(net.far).call(Call::Bind, E::EADDRINUSE)),
            "local.ports-exhausted",
            Likely,
            client(),
            "",
        ),
        row(
            "D3 the source is not ours",
            from(remote(net.far).call(Call::Bind, E::EADDRNOTAVAIL)).addresses([]),
            "local.source-address",
            Certain,
            client(),
            "",
        ),
        row(
            "the source is a link-local address of another device than the one asked for",
            remote(V6.far)
                .call(Call::Bind, E::EADDRNOTAVAIL)
                .asked(|request| {
                    request.source = Some(ip("fe80::d0"));
                    request.interface = Some("eth0".into());
                })
                .addresses([OwnAddress { device_index: 3, ..own("fe80::d0", 64) }])
                .links([
                    device("eth0", true, Some(true)),
                    Link { index: 3, ..device("d0", true, Some(true)) },
                ]),
            "local.source-address",
            Certain,
            client(),
            "other-device",
        ),
        row(
            "B20 the source is tentative",
            from(remote(net.far).call(Call::Bind, E::EADDRNOTAVAIL)).addresses([tentative()]),
            "local.source-address",
            Certain,
            client(),
            "tentative",
        ),
        row(
            "D4 the source port is privileged",
            bind(E::EACCES).port_start(1024),
            "local.source-privileged",
            Certain,
            client(),
            "",
        ),
        row(
            "D4, where privileged ports end is not known",
            bind(E::EACCES),
            "local.source-privileged",
            Likely,
            client(),
            "unknown",
        ),
        row(
            "D4, but privileged ports end before it",
            bind(E::EACCES).port_start(80),
            "local.denied",
            Likely,
            client(),
            "",
        ),
        row("bind fails for an odd reason", bind(E::EPERM), "local.denied", Possible, client(), ""),
        row(
            "D5 this very connection exists",
            port(net.far().call(Call::Connect, E::EADDRNOTAVAIL), 40112),
            "local.tuple-in-use",
            Likely,
            client(),
            "",
        ),
        row(
            "D6 no port is left towards the target",
            net.far().call(Call::Connect, E::EADDRNOTAVAIL).addresses([own(net.own, 64)]).links([device(
                "eth0",
                true,
                Some(true),
            )]),
            "local.ports-exhausted",
            Likely,
            client(),
            "",
        ),
    ]
}

fn policies(net: Net) -> Vec<Row> {
    vec![
        row(
            "I-6 EPERM at once",
            net.far().call(Call::Connect, E::EPERM),
            "local.denied",
            Certain,
            client(),
            "",
        ),
        row(
            "I-6 EACCES at once, though there is a route",
            net.far().call(Call::Connect, E::EACCES),
            "local.denied",
            Likely,
            client(),
            "",
        ),
        row(
            "I-6 EACCES at once, and nobody asked for a route",
            remote(net.far).call(Call::Connect, E::EACCES),
            "local.denied",
            Possible,
            client(),
            "",
        ),
        row(
            "I-6 socket fails",
            remote(net.far).call(Call::Socket, E::EPERM),
            "local.denied",
            Possible,
            client(),
            "",
        ),
        row(
            "D9 no descriptor left",
            remote(net.far).call(Call::Socket, E::EMFILE),
            "local.limits",
            Certain,
            client(),
            "files",
        ),
        row(
            "D9 the whole host has none left",
            remote(net.far).call(Call::Socket, E::ENFILE),
            "local.limits",
            Certain,
            client(),
            "files",
        ),
        row("no buffers", net.far().call(Call::Connect, E::ENOBUFS), "local.limits", Certain, client(), ""),
    ]
}

fn ipv6_alone() -> Vec<Row> {
    const OFF: &str = "local.family-disabled";
    let off =
        || [without_ipv6(device("lo", true, Some(true))), without_ipv6(device("eth0", true, Some(true)))];
    let link_local = own("fe80::2", 64);
    let loopback = own("::1", 128);
    let asked_off = |errno| unrouted(V6.far, errno).links(off()).addresses([own(V4.own, 24)]);
    let tentative = || {
        let mut address = own(V6.own, 64);
        address.tentative = true;
        address
    };
    vec![
        row(
            "D10 the family is absent",
            unfiltered(remote(V6.far).call(Call::Socket, E::EAFNOSUPPORT).addresses([own(V4.own, 24)])),
            "local.family-disabled",
            Certain,
            client(),
            "",
        ),
        row("B18 IPv6 switched off", asked_off(E::EADDRNOTAVAIL), OFF, Certain, client(), ""),
        row("B18 IPv6 switched off, told as no route", asked_off(E::ENETUNREACH), OFF, Certain, client(), ""),
        row(
            "the device is too small for IPv6",
            unrouted(V6.far, E::ENETUNREACH)
                .links([
                    device("lo", true, Some(true)),
                    Link { narrow_mtu: Some(1200), ..without_ipv6(device("eth0", true, Some(true))) },
                ])
                .addresses([own(V4.own, 24)]),
            OFF,
            Certain,
            client(),
            "mtu",
        ),
        row(
            "one device is too small for IPv6, and it is switched off on the other",
            unrouted(V6.far, E::ENETUNREACH)
                .links([
                    Link { narrow_mtu: Some(16), ..without_ipv6(device("can0", true, Some(true))) },
                    without_ipv6(device("eth0", true, Some(true))),
                ])
                .addresses([own(V4.own, 24)]),
            OFF,
            Certain,
            client(),
            "",
        ),
        row(
            "B18 IPv6 switched off, ::1",
            remote("::1")
                .call(Call::Connect, E::EADDRNOTAVAIL)
                .route_refused(E::ENETUNREACH)
                .links(off())
                .addresses([]),
            OFF,
            Certain,
            client(),
            "",
        ),
        row(
            "B1 beside B18: IPv6 is on, there is no route",
            unrouted(V6.far, E::ENETUNREACH)
                .addresses([loopback.clone(), own("fe80::2", 64)])
                .links([device("lo", true, Some(true)), device("eth0", true, Some(true))]),
            "unreachable.no-route",
            Certain,
            client(),
            "",
        ),
        row(
            "B19 a route, and no address to send from",
            V6.far()
                .call(Call::Connect, E::EADDRNOTAVAIL)
                .addresses([own(V4.own, 24)])
                .links([device("lo", true, Some(true)), device("eth0", true, Some(true))]),
            OFF,
            Certain,
            client(),
            "no-address",
        ),
        row(
            "B20 the only address is tentative",
            V6.far()
                .call(Call::Connect, E::EADDRNOTAVAIL)
                .addresses([tentative(), link_local])
                .links([device("lo", true, Some(true)), device("eth0", true, Some(true))]),
            OFF,
            Certain,
            client(),
            "no-address",
        ),
        row(
            "B19 the kernel sends from ::1",
            V6.far().source("::1").held(2).neighbour(NeighbourState::Incomplete),
            OFF,
            Certain,
            client(),
            "no-address",
        ),
        row(
            "B19 beside a policy that leads it to ::1, where another address is there",
            V6.far().source("::1").silent(4).addresses([own(V6.own, 64)]),
            OFF,
            Likely,
            client(),
            "no-address",
        )
        .or(&["timeout.accept-queue"]),
        row(
            "B19 the kernel sends from a link-local address, a router says beyond scope",
            V6.far().source("fe80::2").icmp((1, 2), V6.router),
            OFF,
            Certain,
            client(),
            "no-address",
        ),
        row(
            "a link-local source is right for a link-local target",
            remote("fe80::9").on_link().source("fe80::2").silent(4).neighbour(NeighbourState::Reachable),
            "timeout.port-silent",
            Likely,
            super::row::target(),
            "",
        ),
        row(
            "B21 link-local without a scope",
            remote("fe80::9").on_link().call(Call::Connect, E::EINVAL),
            "local.scope-missing",
            Certain,
            client(),
            "",
        ),
        row(
            "D11 the scope's device does not exist",
            remote("fe80::9").call(Call::Scope, E::ENODEV).asked(|request| {
                let crate::model::Host::Address { scope, .. } = &mut request.target.host else { return };
                *scope = Some("nosuch0".into());
            }),
            "local.interface",
            Certain,
            client(),
            "missing",
        ),
        row(
            "B3 beside B21: EINVAL of a blackhole",
            unrouted(V6.far, E::EINVAL).refused_by([route_entry(RouteType::Blackhole, "2001:db8::/32", 254)]),
            "unreachable.local-route",
            Certain,
            client(),
            "",
        ),
    ]
}

fn one_of_a_kind() -> Vec<Row> {
    let lacking = |call, errno: E| {
        let mut world = super::build::name("db.example", crate::model::LookupOutcome::NoAnswer);
        world.0.lookup = crate::model::Fact::NotAsked;
        world.0.lacking = Some(crate::model::FailedCall { call, errno: super::build::errno(errno) });
        world
    };
    vec![
        row(
            "no descriptor for the event loop",
            lacking(Call::EventLoop, E::EMFILE),
            "local.limits",
            Certain,
            client(),
            "files",
        ),
        row(
            "no memory for a thread",
            lacking(Call::EventLoop, E::ENOMEM),
            "local.limits",
            Certain,
            client(),
            "",
        ),
    ]
}
